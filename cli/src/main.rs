//! `zkctl`: run a command under a ZooKeeper lock, see who holds it, read and write nodes, start a development server.

#![deny(unsafe_code)]

mod archive;
mod args;
mod child;
mod commands;
mod connect;
mod descendants;
mod duration;
mod exit;
mod hold;
mod layout;
mod node_path;
mod output;
mod permits;
mod progress;
mod security;
mod signals;
mod since;
mod starter;
mod terminal;
mod until;
mod value;
mod watchdog;
mod word;

use std::process::ExitCode;

use clap::Parser;

use crate::args::Cli;
use crate::exit::{Failure, code};

fn main() -> ExitCode {
    match std::env::args_os().next() {
        Some(name) if name == watchdog::NAME => return watchdog::run(std::env::args().skip(1)),
        Some(name) if name == starter::NAME => return starter::run(std::env::args_os().skip(1)),
        _ => {}
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return ExitCode::from(exit::report_usage(&error)),
    };
    // One thread is enough: nothing here computes, and what blocks (the child, the servers) is awaited.
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            return ExitCode::from(exit::report(&Failure::new(
                code::INTERNAL,
                format!("cannot start: {error}"),
            )));
        }
    };
    match runtime.block_on(commands::run(cli)) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => ExitCode::from(exit::report(&failure)),
    }
}
