//! How a gate can fail.

use std::fmt;

use crate::gate::{GateError, StaleToken};

/// A rule that a gate broke.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Breach {
    /// Which rule.
    pub kind: BreachKind,
    /// What was done to it, in order; the last is where it showed.
    pub steps: Vec<String>,
}

/// How a gate failed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum BreachKind {
    /// A write was let in although a higher token was here before.
    StaleAccepted {
        /// Its token.
        presented: u64,
        /// The highest token before it.
        highest: u64,
    },
    /// What is stored is not what the latest holder wrote: somebody else's write came through.
    Overwritten {
        /// What should be there.
        expected: String,
        /// What is there.
        found: String,
    },
    /// A write of the latest holder was refused.
    Refused(StaleToken),
    /// A refusal was right, and its tokens are not those of the write and of the latest holder.
    WrongTokens {
        /// What the gate said.
        said: StaleToken,
        /// What it should have said.
        expected: StaleToken,
    },
    /// The gate could not be written or read.
    Failed(String),
}

impl Breach {
    pub(super) fn new(kind: BreachKind, steps: &[String]) -> Self {
        Self {
            kind,
            steps: steps.to_vec(),
        }
    }

    pub(super) fn overwritten(expected: &[u8], found: &[u8], steps: &[String]) -> Self {
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        let kind = BreachKind::Overwritten {
            expected: text(expected),
            found: text(found),
        };
        Self::new(kind, steps)
    }

    pub(super) fn failed(error: &impl fmt::Display, steps: &[String]) -> Self {
        Self::new(BreachKind::Failed(error.to_string()), steps)
    }
}

/// How a write ended, for the log of steps.
pub(super) fn told<E: fmt::Display>(token: u64, result: &Result<(), GateError<E>>) -> String {
    match result {
        Ok(()) => format!("write with token {token}: let in"),
        Err(GateError::Stale(stale)) => format!(
            "write with token {token}: refused because of {}",
            stale.highest
        ),
        Err(GateError::Failed(error)) => format!("write with token {token}: {error}"),
    }
}

impl fmt::Display for BreachKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StaleAccepted { presented, highest } => write!(
                f,
                "a stale write was let in: its token is {presented}, and {highest} was here before; compare tokens as \
                 numbers of 64 bits, and in one step with the write"
            ),
            Self::Overwritten { expected, found } => write!(
                f,
                "the latest holder wrote {expected:?}, and {found:?} is stored; compare, remember and write in one step"
            ),
            Self::Refused(stale) => write!(
                f,
                "the latest holder, with token {}, was refused because of {}; the same token may write again, a higher \
                 one always, and the gate must be fresh",
                stale.presented, stale.highest
            ),
            Self::WrongTokens { said, expected } => write!(
                f,
                "a refusal named the tokens {} and {} instead of {} and {}",
                said.presented, said.highest, expected.presented, expected.highest
            ),
            Self::Failed(error) => write!(f, "the gate failed: {error}"),
        }
    }
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)?;
        for step in &self.steps {
            write!(f, "\n  {step}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Breach {}
