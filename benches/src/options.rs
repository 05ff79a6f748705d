//! The command line.

use std::time::Duration;

use crate::outcome::Outcome;

/// How much to measure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Options {
    /// Rounds that count.
    pub(crate) rounds: usize,
    /// Time of each contender on each workload in a round.
    pub(crate) round: Duration,
    /// A peer that is missing is an error.
    pub(crate) complete: bool,
    /// Part of the names of the contenders and workloads to measure, for a profiler's sake.
    pub(crate) only: Option<String>,
}

impl Options {
    /// Reads `[--quick] [--only TEXT]`.
    pub(crate) fn from_arguments(mut arguments: impl Iterator<Item = String>) -> Outcome<Self> {
        let complete = std::env::var("CI").is_ok_and(|value| value == "true");
        let mut options = Self {
            rounds: 15,
            round: Duration::from_secs(1),
            complete,
            only: None,
        };
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--quick" => {
                    options.rounds = 5;
                    options.round = Duration::from_millis(400);
                }
                "--only" => {
                    options.only = Some(arguments.next().ok_or("--only needs a text")?);
                }
                other => return Err(format!("unknown option {other}; {USAGE}").into()),
            }
        }
        Ok(options)
    }

    /// Whether to measure what the table calls `workload` and `contender`.
    pub(crate) fn wants(&self, workload: &str, contender: &str) -> bool {
        let row = format!("{workload}: {contender}");
        self.only.as_ref().is_none_or(|only| row.contains(only))
    }
}

const USAGE: &str = "usage: [--quick] [--only PART_OF_WORKLOAD_OR_CONTENDER]";

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: &[&str]) -> Outcome<Options> {
        Options::from_arguments(arguments.iter().map(ToString::to_string))
    }

    #[test]
    fn quick_measures_less() {
        let (full, quick) = (read(&[]).unwrap(), read(&["--quick"]).unwrap());
        assert!(quick.rounds < full.rounds && quick.round < full.round);
    }

    #[test]
    fn only_selects_by_either_name() {
        let only = |text| read(&["--only", text]).unwrap();
        assert!(only("mutex").wants("free mutex", "ours"));
        assert!(only("ours").wants("free mutex", "ours"));
        assert!(!only("getData").wants("free mutex", "ours"));
        assert!(read(&[]).unwrap().wants("free mutex", "ours"));
    }

    #[test]
    fn an_unknown_option_is_an_error_that_names_it() {
        assert!(
            read(&["--quik"])
                .unwrap_err()
                .to_string()
                .contains("--quik")
        );
    }
}
