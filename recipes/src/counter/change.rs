//! What became of a change.

/// A change that took place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Change<T> {
    /// The value that it replaced.
    pub before: T,
    /// The value that it wrote.
    pub after: T,
    /// How many attempts it took: 1 unless others were faster. Those under the lock of
    /// [`promote`](crate::AtomicNumber::promote) are among them.
    pub attempts: u32,
}

/// How a conditional change ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[must_use = "the value may not have been set"]
#[non_exhaustive]
pub enum CompareAndSet<T> {
    /// The expected value was there and was replaced.
    Done,
    /// Something else was there and was left.
    Found(T),
}

impl<T> CompareAndSet<T> {
    /// True if the value was replaced.
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Done)
    }
}
