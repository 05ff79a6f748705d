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

/// zk-sim in the build that its tests have: optimised, with debug assertions, all seeded bugs off. Its options are to
/// follow.
pub(crate) fn program() -> Command {
    let mut cargo = shell::cargo();
    cargo.args(["run", "--quiet", "--package", "zk-sim", "--bin", "zk-sim"]);
    cargo.args(["--features", "seeded-bugs", "--profile", "sim", "--"]);
    cargo
}
