//! Tests that are reported together.

use std::time::Instant;

use crate::binaries::Ends;

/// What came of one group of tests.
pub(crate) struct Group {
    /// How reports name it.
    pub(crate) name: String,
    /// When it began.
    pub(crate) begun: Instant,
    /// Each test's end.
    pub(crate) ends: Ends,
    /// Why the ends cannot be trusted, if they cannot.
    pub(crate) fault: Option<String>,
}

impl Group {
    /// A group that did not come to its tests.
    pub(super) fn failed(name: &str, begun: Instant, why: &str) -> Self {
        Self {
            name: name.to_owned(),
            begun,
            ends: Ends::new(),
            fault: Some(why.to_owned()),
        }
    }
}
