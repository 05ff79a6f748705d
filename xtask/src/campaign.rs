//! `campaign`: long runs whose results go into `docs/verification.md`.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::image;
use crate::shell::{self, LONG, Outcome};
use crate::sim;

/// Runs a campaign, with options of its program behind its own.
///
/// # Errors
///
/// If there is no such campaign, or it fails or finds something.
pub(crate) fn run(name: &str, options: &[&str]) -> Outcome<()> {
    let simulated = SIMULATED.iter().find(|(known, _)| *known == name);
    let (mut program, mut words) = match (simulated, name) {
        (Some((_, words)), _) => (sim::program(), words.split(' ').collect()),
        (None, "fidelity") => (on_real_servers("real-3-8", "fidelity")?, Vec::new()),
        (None, "real") => (on_real_servers("ensemble", "chaos")?, Vec::new()),
        (None, other) => {
            let names: Vec<&str> = SIMULATED.iter().map(|(name, _)| *name).collect();
            let known = names.join(", ");
            return Err(
                format!("no campaign `{other}`; there are: {known}, fidelity, real").into(),
            );
        }
    };
    words.extend(options);
    let commit = commit()?;
    let finished = shell::capture_output(program.args(&words), ALL_NIGHT)?;
    println!("{}", finished.stdout);
    let title = format!("campaign {name} {}", words.join(" "));
    record(&shell::root(), title.trim(), &commit, &finished.stdout)?;
    if finished.ok {
        Ok(())
    } else {
        Err(format!(
            "the campaign found something, or did not end: {}",
            finished.end
        )
        .into())
    }
}

/// Most of its time is the real servers', so it is not optimised: that would take longer to build than to run.
fn on_real_servers(feature: &str, program: &str) -> Outcome<Command> {
    image::require_engine()?;
    for (release, tag) in image::known() {
        if !image::exists(tag) {
            return Err(format!(
                "the engine has no image {tag}; `cargo xtask ensemble image --release {release}`"
            )
            .into());
        }
    }
    let mut cargo = shell::cargo();
    cargo.args(["run", "--quiet", "--package", "zk-tests"]);
    cargo.args(["--features", feature, "--bin", program, "--"]);
    Ok(cargo)
}

/// What was run: the commit, and whether anything but the record was changed since.
fn commit() -> Outcome<String> {
    let git = |args: &[&str]| {
        let mut git = shell::command("git", args);
        shell::output(git.current_dir(shell::root()), LONG)
    };
    let commit = git(&["rev-parse", "--short", "HEAD"])?.trim().to_owned();
    let changed = git(&["status", "--porcelain", "--untracked-files=no"])?;
    let is_record = |line: &&str| line.ends_with(RECORD);
    if changed.lines().all(|line| is_record(&line)) {
        Ok(commit)
    } else {
        Ok(format!("{commit}, changed"))
    }
}

/// Appends command, commit and result to the record.
fn record(root: &Path, title: &str, commit: &str, stdout: &str) -> Outcome<()> {
    let result = stdout.trim();
    let entry = format!("\n## `{title}`, commit {commit}\n\n```\n{result}\n```\n");
    let file = root.join(RECORD);
    let before = fs::read_to_string(&file)?;
    fs::write(&file, before + &entry)?;
    Ok(())
}

/// The campaigns of the simulation, and what zk-sim is told: seeds, the cores alone, and the modes that enumerate where
/// the simulation draws.
const SIMULATED: [(&str, &str); 6] = [
    ("sim", "--seeds 100000 --threads 2"),
    ("recipes", "recipes --seeds 20000 --threads 2"),
    ("cores", "cores --seeds 1000000 --threads 2"),
    ("x2", "x2 --threads 2 --scripts 40"),
    ("x4", "x4 --threads 2 --scripts 16"),
    ("x5", "x5 --threads 2 --scripts 40"),
];

const RECORD: &str = "docs/verification.md";

/// Longer than any campaign takes that is still going on.
const ALL_NIGHT: Duration = Duration::from_secs(12 * 3600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_campaign_is_told_which_there_are() {
        let error = run("fidelty", &[]).unwrap_err().to_string();
        assert!(
            error.contains("`fidelty`") && error.contains("fidelity"),
            "{error}"
        );
    }

    #[test]
    fn a_result_is_appended_with_its_command_and_commit() {
        let root = std::env::temp_dir().join(format!("zk-recipes-record-{}", std::process::id()));
        fs::create_dir_all(root.join("docs")).unwrap();
        fs::write(root.join(RECORD), "# Verification\n").unwrap();
        record(
            &root,
            "campaign fidelity --scripts 2",
            "abc1234",
            " 0 differences\n",
        )
        .unwrap();
        let text = fs::read_to_string(root.join(RECORD)).unwrap();
        fs::remove_dir_all(&root).unwrap();
        assert_eq!(
            text,
            "# Verification\n\n## `campaign fidelity --scripts 2`, commit abc1234\n\n```\n0 differences\n```\n"
        );
    }
}
