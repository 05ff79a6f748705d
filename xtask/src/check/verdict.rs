//! What the checks answer with.

/// What a check found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The rule holds; what was looked at.
    Holds(String),
    /// The places that break it.
    Broken(Vec<String>),
    /// This machine cannot tell.
    LeftOut {
        /// What is missing.
        why: String,
        /// What to do about it.
        remedy: String,
    },
}

impl Verdict {
    /// `Holds` with the note if nothing was found.
    pub(crate) fn from_findings(findings: Vec<String>, note: String) -> Self {
        if findings.is_empty() {
            Self::Holds(note)
        } else {
            Self::Broken(findings)
        }
    }
}
