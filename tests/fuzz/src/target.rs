//! One thing to fuzz, and its judgement.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// One thing to fuzz.
#[derive(Debug)]
pub struct Target {
    /// Its name on the command line.
    pub name: &'static str,
    /// What begins well.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Runs one input and complains if the oracle does.
    pub run: fn(&[u8]) -> Result<(), String>,
}

impl Target {
    /// As `run`, and a panic is a complaint.
    ///
    /// # Errors
    ///
    /// The complaint.
    pub fn judge(&self, input: &[u8]) -> Result<(), String> {
        catch_unwind(AssertUnwindSafe(|| (self.run)(input)))
            .unwrap_or_else(|_| Err("panicked; the message is above".to_owned()))
    }
}

/// What decoding a frame may take, as zk-wire promises.
pub(crate) fn budget(frame: usize) -> usize {
    16 * frame + 64 * 1024
}
