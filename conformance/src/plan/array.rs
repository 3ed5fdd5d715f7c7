//! Owns what a job array says of its tasks: which part of the work is whose, without a script that counts. The variables are
//! those of Slurm and of Kubernetes' indexed jobs.

use super::Shard;

/// Says how many shards there are where the array's own variables do not.
const SHARDS_VARIABLE: &str = "GENERALPROBE_SHARDS";

impl Shard {
    /// The shard of this task. `variable` gives the environment's variables.
    ///
    /// # Errors
    /// What is missing, or which variable does not fit, in words for whoever wrote the job.
    pub fn of_array(variable: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let number = |name: &str| -> Result<Option<u32>, String> {
            let read = |text: String| {
                text.parse()
                    .map_err(|_| format!("{name} is `{text}`, expected a number from 0 to {}", u32::MAX))
            };
            variable(name).map(read).transpose()
        };
        if let Some(task) = number("SLURM_ARRAY_TASK_ID")? {
            let needed = |name: &str| {
                number(name)?
                    .ok_or_else(|| format!("SLURM_ARRAY_TASK_ID is set and {name} is not: expected both"))
            };
            let (first, of) = (needed("SLURM_ARRAY_TASK_MIN")?, needed("SLURM_ARRAY_TASK_COUNT")?);
            let step = number("SLURM_ARRAY_TASK_STEP")?.unwrap_or(1).max(1);
            let place = task.checked_sub(first).filter(|ahead| ahead.is_multiple_of(step));
            let index = place.map(|ahead| ahead / step).filter(|index| *index < of);
            let uneven = || {
                format!(
                    "task {task} is not one of {of} from {first} in steps of {step}: the array has to be even"
                )
            };
            return index.map(|index| Self { index: index + 1, of }).ok_or_else(uneven);
        }
        if let Some(index) = number("JOB_COMPLETION_INDEX")? {
            let of = number(SHARDS_VARIABLE)?.ok_or_else(|| {
                format!("JOB_COMPLETION_INDEX is set and {SHARDS_VARIABLE} is not: give it the job's `completions`")
            })?;
            if index >= of {
                return Err(format!(
                    "JOB_COMPLETION_INDEX is {index}, expected less than the {of} of {SHARDS_VARIABLE}"
                ));
            }
            return Ok(Self { index: index + 1, of });
        }
        Err("this is no task of an array: neither SLURM_ARRAY_TASK_ID nor JOB_COMPLETION_INDEX is set"
            .to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Result<(u32, u32), String> {
        let find = |name: &str| variables.iter().find(|(other, _)| *other == name);
        Shard::of_array(|name| find(name).map(|(_, value)| (*value).to_owned()))
            .map(|shard| (shard.index, shard.of))
    }

    fn slurm(task: &str, first: &str, step: &str, count: &str) -> Result<(u32, u32), String> {
        of(&[
            ("SLURM_ARRAY_TASK_ID", task),
            ("SLURM_ARRAY_TASK_MIN", first),
            ("SLURM_ARRAY_TASK_STEP", step),
            ("SLURM_ARRAY_TASK_COUNT", count),
        ])
    }

    #[test]
    fn each_task_of_a_slurm_array_has_a_shard_of_its_own_wherever_the_array_begins() {
        for (first, step) in [(0, 1), (1, 1), (10, 5)] {
            let shards: Vec<_> = (0..4)
                .map(|place| {
                    slurm(&(first + place * step).to_string(), &first.to_string(), &step.to_string(), "4")
                })
                .collect();
            assert_eq!(shards, [Ok((1, 4)), Ok((2, 4)), Ok((3, 4)), Ok((4, 4))]);
        }
    }

    #[test]
    fn an_array_with_gaps_is_refused_because_a_part_of_the_work_would_be_left_out() {
        assert!(
            slurm("7", "1", "1", "4").unwrap_err().contains("task 7 is not one of 4 from 1 in steps of 1")
        );
        assert!(slurm("2", "1", "2", "4").unwrap_err().contains("in steps of 2"));
        assert!(slurm("0", "1", "1", "4").is_err());
    }

    #[test]
    fn an_indexed_job_of_kubernetes_counts_from_zero_and_has_to_say_how_many() {
        assert_eq!(of(&[("JOB_COMPLETION_INDEX", "0"), (SHARDS_VARIABLE, "3")]), Ok((1, 3)));
        assert_eq!(of(&[("JOB_COMPLETION_INDEX", "2"), (SHARDS_VARIABLE, "3")]), Ok((3, 3)));
        assert!(of(&[("JOB_COMPLETION_INDEX", "3"), (SHARDS_VARIABLE, "3")]).is_err());
        assert!(of(&[("JOB_COMPLETION_INDEX", "1")]).unwrap_err().contains("GENERALPROBE_SHARDS is not"));
    }

    #[test]
    fn what_is_missing_or_no_number_is_named() {
        assert!(of(&[]).unwrap_err().contains("no task of an array"));
        assert!(of(&[("SLURM_ARRAY_TASK_ID", "3")]).unwrap_err().contains("SLURM_ARRAY_TASK_MIN is not"));
        assert_eq!(
            of(&[("SLURM_ARRAY_TASK_ID", "x")]).unwrap_err(),
            "SLURM_ARRAY_TASK_ID is `x`, expected a number from 0 to 4294967295"
        );
    }
}
