//! `check crates`: the README's first command is a cold build of zkctl; it must stay small.

use std::collections::BTreeSet;
use std::time::Duration;

use super::verdict::Verdict;
use crate::shell::{self, Outcome};

const PACKAGE: &str = "zkctl";
const FEWER_THAN: usize = 120;

/// Counts what a cold build compiles.
///
/// # Errors
///
/// If cargo fails.
pub(super) fn check() -> Outcome<Verdict> {
    let mut cargo = shell::cargo();
    cargo.args([
        "tree",
        "--package",
        PACKAGE,
        "--edges",
        "normal,build",
        "--prefix",
        "none",
    ]);
    cargo.args(["--format", "{p}"]);
    Ok(judge(count(&shell::output(
        &mut cargo,
        Duration::from_secs(300),
    )?)))
}

fn judge(count: usize) -> Verdict {
    let note = format!("{PACKAGE} builds from {count} crates");
    if count < FEWER_THAN {
        Verdict::Holds(note)
    } else {
        Verdict::Broken(vec![format!("{note}; allowed are fewer than {FEWER_THAN}")])
    }
}

/// Different packages in the lines of `cargo tree`: the first two words are name and version, the
/// rest says what a line repeats.
fn count(tree: &str) -> usize {
    let packages: BTreeSet<Vec<&str>> = tree
        .lines()
        .map(|line| line.split_whitespace().take(2).collect::<Vec<_>>())
        .filter(|words| !words.is_empty())
        .collect();
    packages.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_lines_count_once_and_versions_count_each() {
        let tree =
            "zkctl v0.1.0 (/somewhere)\nbytes v1.12.0\nsyn v2.0.1 (*)\nsyn v2.0.1\nsyn v1.0.1\n\n";
        assert_eq!(count(tree), 4);
    }

    #[test]
    fn one_crate_too_many_breaks_the_rule() {
        assert!(matches!(judge(FEWER_THAN - 1), Verdict::Holds(_)));
        assert!(matches!(judge(FEWER_THAN), Verdict::Broken(_)));
    }
}
