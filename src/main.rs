//! Exit status: 0 done, 1 refused or failed with one line on standard error, 2 wrong usage.

use std::process::ExitCode;

use boxoffice::cli::{Cli, run};
use clap::Parser as _;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let line = format!("{error:#}").replace('\n', " ");
            // Nothing is left to be done where even this fails.
            let _ = std::io::Write::write_all(
                &mut std::io::stderr(),
                format!("boxoffice: {line}\n").as_bytes(),
            );
            ExitCode::FAILURE
        }
    }
}
