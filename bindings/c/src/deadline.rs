//! How long a call may take.

use std::future::Future;
use std::time::{Duration, Instant};

/// A deadline of the caller, counted from the moment of the call; none if it was negative.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    limit: Option<Duration>,
    begun: Instant,
}

impl Deadline {
    /// The longest wait that is taken for a number: beyond it nobody waits to see the end.
    pub(crate) const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

    /// The deadline that a caller gave in milliseconds.
    pub(crate) fn from_ms(ms: i64) -> Self {
        let limit = u64::try_from(ms).ok().map(Duration::from_millis);
        Self {
            limit: limit.map(|limit| limit.min(Self::LONGEST)),
            begun: Instant::now(),
        }
    }

    /// How much of it is left.
    pub(crate) fn left(self) -> Option<Duration> {
        let limit = self.limit?;
        Some(limit.saturating_sub(self.begun.elapsed()))
    }

    /// The result of some work; `None` if the deadline passed first.
    pub(crate) async fn bound<F: Future>(self, work: F) -> Option<F::Output> {
        match self.left() {
            Some(left) => tokio::time::timeout(left, work).await.ok(),
            None => Some(work.await),
        }
    }
}

impl std::fmt::Display for Deadline {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.limit {
            Some(limit) => write!(f, "{} ms", limit.as_millis()),
            None => f.write_str("for ever"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn negative_is_none_and_the_largest_number_does_not_overflow() {
        assert_eq!(Deadline::from_ms(-1).left(), None);
        assert_eq!(Deadline::from_ms(i64::MIN).left(), None);
        assert_eq!(Deadline::from_ms(i64::MAX).limit, Some(Deadline::LONGEST));
        assert_eq!(Deadline::from_ms(0).left(), Some(Duration::ZERO));
    }
}
