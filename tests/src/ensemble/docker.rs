//! The engine's command line: testcontainers can neither give a container a fixed address nor kill one.

use std::process::{Command, Output};

/// Runs `docker` with these words and returns what it prints.
#[track_caller]
pub(super) fn docker(words: &[&str]) -> String {
    match try_docker(words) {
        Ok(printed) => printed,
        Err(refusal) => panic!("{refusal}"),
    }
}

/// As [`docker`], for what may fail.
pub(super) fn try_docker(words: &[&str]) -> Result<String, String> {
    run("docker", words)
}

/// Runs a program that must succeed and returns what it prints, without the last line end.
pub(super) fn run(program: &str, words: &[&str]) -> Result<String, String> {
    let shown = || format!("`{program} {}`", words.join(" "));
    let ended = Command::new(program).args(words).output();
    let Output {
        status,
        stdout,
        stderr,
    } = ended.map_err(|error| format!("{}: {error}", shown()))?;
    if status.success() {
        Ok(String::from_utf8_lossy(&stdout).trim_end().to_owned())
    } else {
        let complaint = String::from_utf8_lossy(&stderr);
        Err(format!("{}: {status}: {}", shown(), complaint.trim_end()))
    }
}
