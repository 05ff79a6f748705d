//! The engine's command line: testcontainers can neither give a container a fixed address nor kill one.

use std::fs;
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

/// Puts files into a folder that the container, not started yet, does not have.
#[track_caller]
pub(super) fn copy_to(container: &str, folder: &str, files: &[(&str, String)]) {
    let here = std::env::temp_dir().join(container);
    let written = fs::create_dir_all(&here).and_then(|()| {
        let mut files = files.iter();
        files.try_for_each(|(name, text)| fs::write(here.join(name), text))
    });
    if let Err(error) = written {
        panic!("cannot write to {}: {error}", here.display());
    }
    let copied = try_docker(&[
        "cp",
        &here.to_string_lossy(),
        &format!("{container}:{folder}"),
    ]);
    let _ = fs::remove_dir_all(&here);
    if let Err(refusal) = copied {
        panic!("{refusal}");
    }
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
