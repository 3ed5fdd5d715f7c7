//! Claims about arguments and configuration files.

use std::{fs, path::PathBuf, time::Duration};

use clap::Parser as _;
use media_core::secret::Token;

use super::Arguments;

struct Directory(tempfile::TempDir);

impl Directory {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a directory"))
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, text).expect("the file is written");
        path
    }
}

fn arguments(arguments: &[&str]) -> Arguments {
    let arguments = ["media-node"].iter().chain(arguments);
    Arguments::try_parse_from(arguments).expect("arguments that can be read")
}

fn complaint(given: &[&str]) -> String {
    arguments(given).configuration().expect_err("it is not possible").to_string()
}

#[test]
fn without_arguments_it_listens_on_loopback_alone() {
    let config = arguments(&[]).configuration().expect("the defaults are possible");
    assert!(config.http.ip().is_loopback() && config.media.ip().is_loopback());
    assert!(config.holders.is_empty() && config.tls.is_none());
}

#[test]
fn an_argument_goes_before_the_file_and_the_file_before_the_default() {
    let directory = Directory::new();
    let text = "http = \"127.0.0.1:1\"\nmedia = \"127.0.0.1:2\"\ndrain-timeout = 7\n";
    let file = directory.file("node.toml", text);
    let config = arguments(&["--config", file.to_str().expect("UTF-8"), "--media", "127.0.0.1:3"]);
    let config = config.configuration().expect("a good configuration");
    assert_eq!((config.http.port(), config.media.port()), (1, 3));
    assert_eq!(config.drain_timeout, Duration::from_secs(7));
}

#[test]
fn what_is_wrong_in_a_file_is_told_with_its_place() {
    let directory = Directory::new();
    let file = directory.file("node.toml", "http = \"127.0.0.1:1\"\nmedai = \"127.0.0.1:2\"\n");
    let said = complaint(&["--config", file.to_str().expect("UTF-8")]);
    assert!(said.contains("node.toml") && said.contains("line 2") && said.contains("medai"), "{said}");
    let file = directory.file("many.toml", "participants = 1001\n");
    let said = complaint(&["--config", file.to_str().expect("UTF-8")]);
    assert!(said.contains("many.toml") && said.contains("participants") && said.contains("1000"), "{said}");
    let file = directory.file("half.toml", "tls-key = \"key.pem\"\n");
    let said = complaint(&["--config", file.to_str().expect("UTF-8")]);
    assert!(said.contains("half.toml") && said.contains("tls-key"), "{said}");
    let said = complaint(&["--config", "/nowhere/node.toml"]);
    assert!(said.contains("--config /nowhere/node.toml"), "{said}");
}

#[test]
fn a_key_without_a_certificate_is_refused() {
    let refused = Arguments::try_parse_from(["media-node", "--tls-key", "key.pem"]).expect_err("it is half");
    assert!(refused.to_string().contains("--tls-certificate"), "{refused}");
}

#[test]
fn holders_stand_one_in_a_line_and_a_bad_line_is_named_without_its_secret() {
    let directory = Directory::new();
    let good = "# town hall\n61206c6963656e636520686f6c646572 # Anna\n\n";
    let file = directory.file("holders", good);
    let config = arguments(&["--holders", file.to_str().expect("UTF-8")]).configuration().expect("good");
    assert_eq!(config.holders, [Token::from_bytes(*b"a licence holder")]);
    let file = directory.file("holders", &format!("{good}61206c696365\n"));
    let said = complaint(&["--holders", file.to_str().expect("UTF-8")]);
    assert!(said.contains("holders:4:") && !said.contains("61206c"), "{said}");
}
