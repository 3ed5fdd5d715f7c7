//! Claims about the program itself: what it says at its start, signals and exit codes.

use std::{process::Stdio, time::Duration};

use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStderr, Command},
    time::timeout,
};

const PATIENCE: Duration = Duration::from_secs(10);

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_media-node"));
    command.stderr(Stdio::piped()).stdout(Stdio::null()).kill_on_drop(true);
    command
}

async fn started() -> (Child, Lines<BufReader<ChildStderr>>) {
    let ports = ["--http", "127.0.0.1:0", "--media", "127.0.0.1:0"];
    let mut child = program().args(ports).spawn().expect("it starts");
    let mut log = BufReader::new(child.stderr.take().expect("a log")).lines();
    let first = timeout(PATIENCE, log.next_line()).await.expect("in time").expect("text").expect("a line");
    assert!(first.contains("listening") && first.contains("127.0.0.1:"), "{first}");
    (child, log)
}

async fn signal(child: &Child, name: &str) {
    let id = child.id().expect("it runs").to_string();
    let sent = Command::new("kill").args([name, &id]).status().await.expect("kill is there");
    assert!(sent.success());
}

#[tokio::test]
async fn a_signal_drains_and_an_empty_server_ends_well() {
    for name in ["-TERM", "-INT"] {
        let (mut child, mut log) = started().await;
        signal(&child, name).await;
        let status = timeout(PATIENCE, child.wait()).await.expect("in time").expect("it ends");
        assert_eq!(status.code(), Some(0));
        let mut said = String::new();
        while let Ok(Some(line)) = log.next_line().await {
            said += &line;
        }
        assert!(said.contains("draining") && said.contains("drained"), "{said}");
    }
}

#[tokio::test]
async fn bad_input_exits_with_2_and_names_the_option() {
    for (arguments, place) in [
        (&["--media", "0.0.0.0:0", "--http", "127.0.0.1:0"][..], "--public-address"),
        (&["--http", "192.0.2.1:80", "--media", "127.0.0.1:0"], "--http 192.0.2.1:80"),
        (&["--holders", "/nowhere"], "--holders /nowhere"),
        (&["--participants", "1001"], "--participants"),
    ] {
        let output = timeout(PATIENCE, program().args(arguments).output()).await.expect("in time");
        let output = output.expect("it starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains(place), "{arguments:?}: {said}");
    }
}
