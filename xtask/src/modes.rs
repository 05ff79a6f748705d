//! `campaign cores|x2|x4|x5`: the cores alone, and the modes that enumerate where the simulation draws.

use std::path::Path;
use std::process::Command;

use crate::shell::{self, LONG, Outcome};

/// The campaigns, and what zk-sim is told; options of the caller come behind.
const CAMPAIGNS: [(&str, &str); 4] = [
    ("cores", "cores --seeds 1000000 --threads 2"),
    ("x2", "x2 --threads 2 --scripts 40"),
    ("x4", "x4 --threads 2 --scripts 16"),
    ("x5", "x5 --threads 2 --scripts 40"),
];

/// What zk-sim is told for a campaign; `None` if it is none of these.
pub(crate) fn words(name: &str) -> Option<Vec<&'static str>> {
    let (_, words) = CAMPAIGNS.iter().find(|(known, _)| *known == name)?;
    Some(words.split(' ').collect())
}

/// Runs a campaign and appends command, commit and result to the record.
///
/// # Errors
///
/// If it does not build, or finds a violation.
pub(crate) fn campaign(usual: Vec<&str>, options: &[&str]) -> Outcome<()> {
    let mut words = usual;
    words.extend(options);
    // The build that the tests use, with debug assertions.
    let mut build = shell::cargo();
    build.args(["build", "--quiet", "--package", "zk-sim", "--bins"]);
    build.args(["--features", "seeded-bugs", "--profile", "sim"]);
    shell::run(&mut build, LONG)?;
    let root = shell::root();
    let mut program = Command::new(shell::target_dir().join("sim/zk-sim"));
    // Its bar is to be seen while it runs.
    program.args(&words).stderr(std::process::Stdio::inherit());
    let finished = program.output()?;
    let stdout = String::from_utf8_lossy(&finished.stdout).into_owned();
    println!("{stdout}");
    record(&root, &words.join(" "), &stdout)?;
    if finished.status.success() {
        Ok(())
    } else {
        Err("the campaign found something; see above".into())
    }
}

fn record(root: &Path, words: &str, stdout: &str) -> Outcome<()> {
    let mut git = Command::new("git");
    git.args(["rev-parse", "--short", "HEAD"]).current_dir(root);
    let commit = shell::output(&mut git, LONG)?;
    let (commit, result) = (commit.trim(), stdout.trim());
    let entry = format!("\n## `zk-sim {words}`, commit {commit}\n\n```\n{result}\n```\n");
    let file = root.join("docs/verification.md");
    let before = std::fs::read_to_string(&file)?;
    std::fs::write(&file, before + &entry)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_campaign_is_known_by_its_name_alone() {
        let known = words("x4").unwrap();
        assert_eq!(known.first(), Some(&"x4"));
        assert_eq!(words("x3"), None);
    }
}
