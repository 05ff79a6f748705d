//! `fuzz`: the fuzzer lives in the package zk-fuzz; this builds it with the compiler's coverage counters and starts it.
//!
//! The counters are of the stable compiler (`-C instrument-coverage`). They need a build of their own, in a folder of its
//! own, so that the other builds stay as they are.

use std::process::Command;

use crate::shell::{self, LONG, Outcome};

/// Seconds per target in `cargo xtask test`.
const SMOKE: &str = "3";

/// Fuzzes one target or all; the options are zk-fuzz's.
///
/// # Errors
///
/// If it does not build, or finds something.
pub(crate) fn run(options: &[&str]) -> Outcome<()> {
    let mut program = build()?;
    program.args(options);
    shell::run(&mut program, LONG)
}

/// A short run over all targets; what it did.
///
/// # Errors
///
/// If it does not build, or finds something.
pub(crate) fn smoke() -> Outcome<String> {
    let mut program = build()?;
    program.args(["--seconds", SMOKE]);
    let finished = shell::capture(&mut program, LONG)?;
    if !finished.ok {
        return Err(finished.tail(40).into());
    }
    if finished.stdout.contains("not guided") {
        return Err("the coverage counters are not linked in".into());
    }
    let targets = finished.stdout.lines().count();
    Ok(format!("{targets} targets, {SMOKE} s each"))
}

/// The program, built.
fn build() -> Outcome<Command> {
    let folder = shell::root().join("target/fuzz");
    let mut cargo = shell::cargo();
    cargo
        .args([
            "build",
            "--quiet",
            "--profile",
            "sim",
            "--package",
            "zk-fuzz",
        ])
        .arg("--target-dir")
        .arg(&folder);
    instrumented(&mut cargo);
    shell::run(&mut cargo, LONG)?;
    let mut program = Command::new(folder.join("sim/zk-fuzz"));
    instrumented(&mut program);
    Ok(program)
}

/// Build scripts are instrumented, too; nobody wants the profiles that everything writes when it ends.
fn instrumented(command: &mut Command) {
    command
        .env("RUSTFLAGS", "-C instrument-coverage --cfg coverage_guided")
        .env("LLVM_PROFILE_FILE", "/dev/null");
}
