//! `sim` and `campaign`: the simulation lives in the package zk-sim; this starts it optimised.

use std::path::Path;

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

/// A long run whose result goes into `docs/verification.md`.
///
/// # Errors
///
/// If there is no such campaign, or it fails.
pub(crate) fn campaign(name: &str, options: &[&str]) -> Outcome<()> {
    if name != "sim" {
        return Err(format!("no campaign `{name}`; there is: sim").into());
    }
    let mut words = vec!["--seeds", "100000", "--threads", "2"];
    words.extend(options);
    let mut cargo = program();
    cargo.args(&words);
    let finished = shell::capture(&mut cargo, LONG)?;
    println!("{}", finished.stdout);
    record(&shell::root(), &words, &finished.stdout)?;
    if finished.ok {
        Ok(())
    } else {
        Err("the campaign found something; see above".into())
    }
}

fn program() -> std::process::Command {
    let mut cargo = shell::cargo();
    cargo.args(["run", "--quiet", "--release", "--package", "zk-sim", "--"]);
    cargo
}

/// Appends command, commit and result to the ledger.
fn record(root: &Path, words: &[&str], stdout: &str) -> Outcome<()> {
    let mut git = std::process::Command::new("git");
    git.args(["rev-parse", "--short", "HEAD"]).current_dir(root);
    let commit = shell::capture(&mut git, LONG)?;
    let entry = format!(
        "\n## `zk-sim {}`, commit {}\n\n```\n{}\n```\n",
        words.join(" "),
        commit.stdout.trim(),
        stdout.trim(),
    );
    let file = root.join("docs/verification.md");
    let ledger = std::fs::read_to_string(&file)?;
    std::fs::write(&file, ledger + &entry)?;
    Ok(())
}
