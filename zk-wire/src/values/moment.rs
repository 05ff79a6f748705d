//! Time as a number, so that a run can be replayed.

use std::fmt;
use std::ops::{Add, Sub};
use std::time::Duration;

/// A point in time: nanoseconds since an origin chosen by whoever feeds the clock in.
///
/// The sans-IO crates never read a clock. A `Moment` can be built from a number, hashed and ordered,
/// which `std::time::Instant` does not allow, and lasts 584 years.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Moment(u64);

impl Moment {
    /// The origin.
    pub const ZERO: Self = Self(0);

    /// The moment `nanos` nanoseconds after the origin.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the origin.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// The moment `later` after this one, or `None` past the end of time.
    #[must_use]
    pub fn checked_add(self, later: Duration) -> Option<Self> {
        let nanos = u64::try_from(later.as_nanos()).ok()?;
        self.0.checked_add(nanos).map(Self)
    }

    /// How long after `earlier` this moment is; zero if it is not after it.
    #[must_use]
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Moment {
    type Output = Self;

    /// Stops at the end of time instead of overflowing.
    fn add(self, later: Duration) -> Self {
        self.checked_add(later).unwrap_or(Self(u64::MAX))
    }
}

impl Sub for Moment {
    type Output = Duration;

    /// Zero when `earlier` is in fact later.
    fn sub(self, earlier: Self) -> Duration {
        self.saturating_since(earlier)
    }
}

impl Sub<Duration> for Moment {
    type Output = Self;

    /// Stops at the origin.
    fn sub(self, earlier: Duration) -> Self {
        let nanos = u64::try_from(earlier.as_nanos()).unwrap_or(u64::MAX);
        Self(self.0.saturating_sub(nanos))
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}.{:09}s",
            self.0 / 1_000_000_000,
            self.0 % 1_000_000_000
        )
    }
}

impl fmt::Debug for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_saturates_at_both_ends() {
        let second = Moment::from_nanos(1_000_000_000);
        assert_eq!(Moment::ZERO - second, Duration::ZERO);
        assert_eq!(second - Moment::ZERO, Duration::from_secs(1));
        assert_eq!(second - Duration::from_secs(2), Moment::ZERO);
        assert_eq!(second + Duration::MAX, Moment::from_nanos(u64::MAX));
        assert_eq!(second.checked_add(Duration::MAX), None);
    }

    #[test]
    fn a_moment_is_displayed_in_seconds() {
        assert_eq!(
            Moment::from_nanos(12_000_000_034).to_string(),
            "12.000000034s"
        );
    }
}
