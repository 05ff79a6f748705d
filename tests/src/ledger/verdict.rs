//! What the comparison of a ledger came to.

use std::fmt;

/// How the calls of one kind were reported and what became of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Calls {
    /// Reported done, and found.
    pub done: usize,
    /// Reported not applied, and not found.
    pub not_applied: usize,
    /// Reported with unknown fate, and found.
    pub unknown_found: usize,
    /// Reported with unknown fate, and not found.
    pub unknown_absent: usize,
    /// Reported done, and not found.
    pub missing: usize,
    /// Reported not applied, and found.
    pub unexpected: usize,
}

impl fmt::Display for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            done,
            not_applied,
            unknown_found,
            unknown_absent,
            missing,
            unexpected,
        } = self;
        write!(
            f,
            "{done} done and found, {not_applied} not applied and absent, {} unknown ({unknown_found} found, \
             {unknown_absent} absent); reported done and missing: {missing}; reported not applied and found: \
             {unexpected}",
            unknown_found + unknown_absent
        )
    }
}

/// A ledger's comparison. It is in order if there are no findings.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Verdict {
    /// What is wrong, a line each.
    pub findings: Vec<String>,
    /// How far was counted.
    pub counter: u64,
    /// The additions.
    pub adds: Calls,
    /// The marks.
    pub marks: Calls,
    /// How many holds ended.
    pub holds: usize,
    /// How many lost holds had a safe window to compare with the next grant.
    pub windows: usize,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "counter {}, holds {}", self.counter, self.holds)?;
        writeln!(f, "additions: {}", self.adds)?;
        writeln!(f, "marks: {}", self.marks)?;
        write!(f, "safe windows of lost holds compared: {}", self.windows)?;
        for finding in &self.findings {
            write!(f, "\n  {finding}")?;
        }
        Ok(())
    }
}
