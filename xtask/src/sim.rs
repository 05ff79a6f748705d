//! `sim`: the simulation lives in the package zk-sim; this starts it optimised.

use std::process::Command;

use crate::shell::{self, LONG, Outcome};

/// Runs seeds or replays a plan; the options are zk-sim's.
///
/// # Errors
///
/// If it does not build, or finds a violation.
pub(crate) fn run(options: &[&str]) -> Outcome<()> {
    let mut cargo = program();
    cargo.args(options);
    shell::run(&mut cargo, LONG)
}

/// zk-sim, optimised; its options are to follow.
pub(crate) fn program() -> Command {
    let mut cargo = shell::cargo();
    cargo.args(["run", "--quiet", "--release", "--package", "zk-sim", "--"]);
    cargo
}
