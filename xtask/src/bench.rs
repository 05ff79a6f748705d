//! `bench`: the workloads live in the package zk-benches; this only starts it optimised.

use crate::shell::{self, LONG, Outcome};

/// Runs the benchmark program with the given options.
///
/// # Errors
///
/// If it does not build or fails.
pub(crate) fn run(options: &[&str]) -> Outcome<()> {
    let mut cargo = shell::cargo();
    cargo
        .args([
            "run",
            "--quiet",
            "--release",
            "--package",
            "zk-benches",
            "--",
        ])
        .args(options);
    shell::run(&mut cargo, LONG)
}
