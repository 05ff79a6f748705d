//! The count of what was tried.

/// What a gate withstood.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Checked {
    /// Writes that were let in, as they should be.
    pub accepted: u64,
    /// Writes that were refused, as they should be.
    pub refused: u64,
}
