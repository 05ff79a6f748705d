//! Transaction ids.

use std::cmp::Ordering;
use std::fmt;

/// A transaction id: the leader's epoch in the upper 32 bits, a counter in the lower.
///
/// Ordered as the unsigned number, so that epochs beyond 2³¹ still come later.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Zxid(i64);

impl Zxid {
    /// Zero: no transaction seen yet, and the zxid of out-of-band replies.
    pub const NONE: Self = Self(0);

    /// Wraps the value from the wire.
    #[must_use]
    pub const fn from_raw(raw: i64) -> Self {
        Self(raw)
    }

    /// The value for the wire.
    #[must_use]
    pub const fn as_raw(self) -> i64 {
        self.0
    }

    const fn to_u64(self) -> u64 {
        self.0 as u64
    }

    /// The epoch of the leader that issued this id.
    #[must_use]
    pub const fn epoch(self) -> u32 {
        (self.to_u64() >> 32) as u32
    }

    /// The position within the epoch.
    #[must_use]
    pub const fn counter(self) -> u32 {
        (self.to_u64() & 0xffff_ffff) as u32
    }
}

impl Ord for Zxid {
    fn cmp(&self, other: &Self) -> Ordering {
        self.to_u64().cmp(&other.to_u64())
    }
}

impl PartialOrd for Zxid {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Zxid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:x}", self.0)
    }
}

impl fmt::Debug for Zxid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_follows_epoch_then_counter_even_past_the_sign_bit() {
        let old = Zxid::from_raw(0x7fff_ffff_0000_0009);
        let new = Zxid::from_raw(i64::MIN | 1);
        assert!(old < new);
        assert_eq!((new.epoch(), new.counter()), (0x8000_0000, 1));
        assert_eq!((old.epoch(), old.counter()), (0x7fff_ffff, 9));
    }
}
