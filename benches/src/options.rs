//! The command line.

use std::time::Duration;

use crate::contender::Outcome;

/// How much to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Options {
    /// Rounds that count.
    pub(crate) rounds: usize,
    /// Time of each contender on each workload in a round.
    pub(crate) round: Duration,
    /// A peer that is missing is an error.
    pub(crate) complete: bool,
}

impl Options {
    /// Reads `[--quick]`.
    pub(crate) fn from_arguments(arguments: impl Iterator<Item = String>) -> Outcome<Self> {
        let complete = std::env::var("CI").is_ok_and(|value| value == "true");
        let mut options = Self { rounds: 15, round: Duration::from_secs(1), complete };
        for argument in arguments {
            match argument.as_str() {
                "--quick" => {
                    options.rounds = 5;
                    options.round = Duration::from_millis(400);
                }
                other => return Err(format!("unknown option {other}; usage: [--quick]").into()),
            }
        }
        Ok(options)
    }
}

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
    fn an_unknown_option_is_an_error_that_names_it() {
        assert!(read(&["--quik"]).unwrap_err().to_string().contains("--quik"));
    }
}
