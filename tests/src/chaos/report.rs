//! What a run came to.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// A run is in order if there are no findings.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Report {
    /// What order and choices followed from.
    pub seed: u64,
    /// How long there were faults at least.
    pub time: Duration,
    /// How long it took in all.
    pub took: Duration,
    /// How many transactions the servers committed.
    pub committed: usize,
    /// How often each recipe did something, and each fault happened.
    pub counts: BTreeMap<&'static str, u64>,
    /// The ledgers of the exclusive locks, in words.
    pub books: String,
    /// What is wrong, a line each.
    pub findings: Vec<String>,
}

impl Report {
    /// How to run the same seed again.
    #[must_use]
    pub fn again(&self) -> String {
        let (seed, seconds) = (self.seed, self.time.as_secs());
        format!("cargo xtask campaign real --runs 1 --from {seed} --seconds {seconds}")
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seed, took, committed) = (self.seed, self.took.as_secs(), self.committed);
        writeln!(f, "seed {seed}: {took} s, {committed} transactions")?;
        let counts = self.counts.iter();
        let counts: Vec<String> = counts
            .map(|(what, count)| format!("{what} {count}"))
            .collect();
        writeln!(f, "{}", counts.join(", "))?;
        write!(f, "{}", self.books)?;
        for finding in &self.findings {
            writeln!(f, "  {finding}")?;
        }
        if !self.findings.is_empty() {
            writeln!(f, "again: {}", self.again())?;
        }
        Ok(())
    }
}
