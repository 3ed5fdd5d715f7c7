//! The program's entry: arguments, signals, log and exit code. Decides nothing.

use std::process::ExitCode;

use clap::Parser as _;
use media_node::{Config, Server, cli::Arguments};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Bad input: arguments, files or addresses.
const BAD_INPUT: u8 = 2;
/// The server itself failed.
const FAILED: u8 = 3;

fn main() -> ExitCode {
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(false).with_target(false).init();
    let config = match Arguments::parse().configuration() {
        Ok(config) => config,
        Err(error) => return complain(BAD_INPUT, &error),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return complain(FAILED, &error),
    };
    let code = runtime.block_on(serve(&config));
    // Who has not been answered until now never will be.
    runtime.shutdown_background();
    code
}

async fn serve(config: &Config) -> ExitCode {
    let listeners = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
    let (mut terminate, mut interrupt) = match listeners {
        (Ok(terminate), Ok(interrupt)) => (terminate, interrupt),
        (Err(error), _) | (_, Err(error)) => return complain(FAILED, &error),
    };
    let mut server = match Server::start(config).await {
        Ok(server) => server,
        Err(error) => return complain(BAD_INPUT, &error),
    };
    tracing::info!(http = %server.http_address(), media = %server.media_address(), "listening");
    tokio::select! {
        () = server.over() => {
            tracing::error!("the media node failed");
            return FAILED.into();
        }
        () = either(&mut terminate, &mut interrupt) => {}
    }
    tracing::info!(within = ?config.drain_timeout, "draining: nobody new is let in");
    server.drain(config.drain_timeout).await;
    tokio::select! {
        () = server.over() => tracing::info!("drained"),
        () = either(&mut terminate, &mut interrupt) => tracing::info!("ended at once"),
    }
    ExitCode::SUCCESS
}

async fn either(terminate: &mut Signal, interrupt: &mut Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

#[expect(clippy::print_stderr, reason = "standard error is where a command line complains")]
fn complain(code: u8, error: &dyn std::error::Error) -> ExitCode {
    eprintln!("media-node: {error}");
    code.into()
}
