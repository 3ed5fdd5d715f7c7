//! Claims about the README: its example is a scenario, and the commands and options that it names are the program's.

use std::fs;

use sim::scenario::Scenario;

use crate::{command_line::generalprobe, tidy};

fn readme() -> String {
    fs::read_to_string(tidy::root().join("README.md")).unwrap()
}

#[test]
fn the_example_of_the_readme_is_a_scenario() {
    let readme = readme();
    let blocks: Vec<&str> =
        readme.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert_eq!(blocks.len(), 1);
    let scenario = Scenario::from_toml("README.md", blocks[0]).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(scenario.people.len(), 5);
}

#[test]
fn the_readme_names_each_command_with_its_options() {
    let readme = readme();
    let synopsis =
        readme.split("## Command line\n").nth(1).unwrap().split("`generalprobe` stands").next().unwrap();
    let help = String::from_utf8(generalprobe(&["help"]).stdout).unwrap();
    let listed = help.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let commands =
        listed.lines().filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help");
    let mut compared = 0;
    for command in commands {
        let told =
            synopsis.split("generalprobe ").find(|text| text.split_whitespace().next() == Some(command));
        let told = told.unwrap_or_else(|| panic!("the README does not name `{command}`"));
        let help = String::from_utf8(generalprobe(&[command, "--help"]).stdout).unwrap();
        let help = help.split("Options:\n").nth(1).unwrap();
        let usable = options(help).filter(|option| *option != "--help");
        assert_eq!(usable.collect::<Vec<_>>(), options(told).collect::<Vec<_>>(), "{command}");
        compared += 1;
    }
    assert_eq!(
        compared,
        synopsis.matches("generalprobe ").count(),
        "the README names commands that are none"
    );
}

/// The long options in a text, in alphabetical order and each once.
fn options(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    words
        .filter(|word| word.starts_with("--") && word.len() > 2)
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter()
}
