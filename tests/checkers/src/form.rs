//! The text form of a whole history.

use std::fmt;

use crate::history::History;

mod read;
pub use read::ParseError;
mod write;

impl History {
    /// Parses the text form, as `Display` writes it; lines may come in any order.
    ///
    /// # Errors
    ///
    /// If a line begins with no record's word, or a field has no such name or no such value.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        read::parse(text)
    }
}

/// The text form: one line per record, fields that have their default left out.
impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&write::print(self))
    }
}

/// The text form too: of use where an assertion fails.
impl fmt::Debug for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
