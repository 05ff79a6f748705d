//! What the log tells also of tests that pass.

use std::fmt;
use std::io::{self, Write};

/// Writes a line to standard error, past libtest, which keeps what a passing test prints.
pub fn note(text: impl fmt::Display) {
    let _ = io::stderr().write_all(format!("{text}\n").as_bytes());
}
