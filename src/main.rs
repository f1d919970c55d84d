//! Exit status: 0 done, 1 refused or failed with one line on standard error, 2 wrong usage.

use std::panic::catch_unwind;
use std::process::ExitCode;

use boxoffice::app::telemetry;
use boxoffice::cli::{Cli, run};
use clap::Parser as _;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let words = Cli::parse();
    let panicked = telemetry::keep_panics();
    let failure = match catch_unwind(|| run(words)) {
        Ok(Ok(true)) => return ExitCode::SUCCESS,
        Ok(Ok(false)) => return ExitCode::FAILURE,
        Ok(Err(error)) => Some(format!("{error:#}")),
        Err(_) => None,
    };
    let lines: Vec<String> = failure.into_iter().chain(panicked.take()).collect();
    let line = lines.join(": ").replace('\n', " ");
    // Nothing is left to be done where even this fails.
    let _ = std::io::Write::write_all(
        &mut std::io::stderr(),
        format!("boxoffice: {line}\n").as_bytes(),
    );
    ExitCode::FAILURE
}
