//! Claims about what `plan` is asked, without any run.

use super::*;

fn args(sites: &[&str], demand: &str) -> PlanArgs {
    PlanArgs {
        sites: sites.iter().map(|site| (*site).to_owned()).collect(),
        demand: demand.to_owned(),
        seeds: NonZero::<u32>::MIN,
        jobs: None,
        out: None,
        json: false,
    }
}

fn refused(sites: &[&str], demand: &str) -> String {
    subjects(&args(sites, demand)).unwrap_err().to_string()
}

#[test]
fn without_a_word_all_buildings_of_the_project_are_meant() {
    let names: Vec<_> = subjects(&args(&[], "")).unwrap().into_iter().map(|subject| subject.name).collect();
    assert_eq!(names, presets::names().collect::<Vec<_>>());
}

#[test]
fn a_building_is_a_name_a_file_or_one_of_a_folder() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/sites");
    let names = |sites: &[&str]| -> Vec<String> {
        subjects(&args(sites, "")).unwrap().into_iter().map(|subject| subject.name).collect()
    };
    assert_eq!(names(&[folder]), presets::names().collect::<Vec<_>>());
    let file = format!("{folder}/sdsl-2-2.toml");
    assert_eq!(names(&["adsl-6-06", &file]), ["adsl-6-06", "sdsl-2-2"]);
    assert_eq!(names(&["sdsl-2-2", &file]), ["sdsl-2-2", &file], "two of one name are told apart");
}

#[test]
fn what_is_wrong_with_a_building_is_named_with_file_line_and_field() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = dir.path().join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let good =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/sites/sdsl-2-2.toml")).unwrap();
    for (name, text, told) in [
        ("slow.toml", good.replacen("rate_kbps = 2000", "rate_kbps = 0", 1), "rate_kbps: is 0"),
        ("odd.toml", good.replacen("desks = 15", "chairs = 15", 1), "chairs"),
        ("many.toml", good.replacen("desks = 15", "desks = -1", 1), "desks"),
        ("bare.toml", "description = \"d\"\n".to_owned(), "source"),
        ("none.toml", String::new(), "description"),
        ("noise.toml", "\u{0}[[[".to_owned(), "noise.toml:1"),
    ] {
        let path = file(name, &text);
        let message = refused(&[&path], "");
        assert!(message.starts_with(&path) && message.contains(told), "{name}: {message}");
    }
    assert!(refused(&["no-such-building"], "").contains("no-such-building: there is no such"));
    let empty = tempfile::tempdir().unwrap();
    assert!(refused(&[&empty.path().display().to_string()], "").contains("no building"));
    let binary = dir.path().join("binary.toml");
    fs::write(&binary, [0xff, 0xfe]).unwrap();
    assert!(refused(&[&binary.display().to_string()], "").contains("binary.toml"));
}

#[test]
fn what_is_wrong_with_a_demand_is_named_with_its_field() {
    assert_eq!(refused(&["sdsl-2-2"], "desks=x"), "--demand desks=x: desks: is `x`, expected a whole number");
    assert!(refused(&["sdsl-2-2"], "desks=60").starts_with("--demand for sdsl-2-2: desks: is 60"));
}
