//! How contenders are named, and how names of others are read.
//!
//! Curator's names are `_c_<uuid>-lock-<10 digits>` (go-zk writes the id without hyphens; unprotected ones have no
//! id); kazoo's are `<32 hex>__lock__<10 digits>`. The families do not see each other.

use zk_client::{Zxid, path};

/// Which family of recipes a contender's name belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Family {
    /// A mutex of Curator, go-zk, or this library.
    Mutex,
    /// Curator's `LeaderLatch`, or an election of this library.
    Latch,
    /// A reader of Curator's `InterProcessReadWriteLock`, or of this library's.
    Reader,
    /// A writer of Curator's `InterProcessReadWriteLock`, or of this library's.
    Writer,
    /// One of Curator's other recipes: semaphore lease.
    OtherCurator,
    /// A lock of kazoo, `WriteLock` and `Election` included: their names are the same.
    Kazoo,
    /// A `ReadLock` of kazoo.
    OtherKazoo,
}

impl Family {
    /// Families with the same answer wait in one queue.
    pub(crate) fn queue(self) -> Self {
        match self {
            Self::Reader | Self::Writer => Self::Writer,
            Self::Kazoo | Self::OtherKazoo => Self::Kazoo,
            Self::Mutex | Self::Latch | Self::OtherCurator => self,
        }
    }

    /// Whether several hold at a time.
    pub(crate) fn shares(self) -> bool {
        match self {
            Self::Reader | Self::OtherKazoo | Self::OtherCurator => true,
            Self::Mutex | Self::Latch | Self::Writer | Self::Kazoo => false,
        }
    }
}

/// A child of a lock's node that takes part in it, or in another recipe on the same path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) text: String,
    pub(crate) family: Family,
    /// The suffix that the server appended; negative or stuck near 2³¹.
    pub(crate) sequence: i64,
}

/// A place in a queue.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// Whether the suffix tells nothing.
    beyond: bool,
    /// The suffix if it tells something. A writer that becomes a reader hands on its own, so creation would mislead.
    sequence: i64,
    created: Zxid,
    /// Two nodes of one multi share a zxid; no recipe creates two contenders in one, this makes the order total.
    text: String,
}

impl Name {
    /// Reads a child's name; `None` if it is no contender of any known recipe.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        // Read from the end alone, the sign of a number behind `__lock__` would be taken for a dash.
        FAMILIES.iter().find_map(|(ending, family)| {
            let prefix = text.get(..text.rfind(ending)? + ending.len())?;
            Some(Self {
                text: text.to_owned(),
                family: *family,
                sequence: path::sequence_after(prefix, text)?,
            })
        })
    }

    /// Whether the suffix is the order of creation.
    pub(crate) fn is_in_range(&self) -> bool {
        (0..SEQUENCE_END).contains(&self.sequence)
    }

    /// The suffix as the server wrote it, if it tells the order.
    pub(crate) fn digits(&self) -> Option<String> {
        self.is_in_range().then(|| format!("{:010}", self.sequence))
    }

    /// The place of the contender whose node was created at this zxid. Whatever has a suffix in range is older than
    /// what has not.
    pub(crate) fn place(&self, created: Zxid) -> Place {
        let beyond = !self.is_in_range();
        Place {
            beyond,
            sequence: if beyond { 0 } else { self.sequence },
            created,
            text: self.text.clone(),
        }
    }
}

/// From here on suffixes are not trusted: the server's counter sticks at 2³¹ − 1 and hands out equal and negative
/// suffixes. The distance leaves room for creations that are under way.
pub(crate) const SEQUENCE_END: i64 = (1 << 31) - (1 << 20);

/// Longer endings first where one ends another.
const FAMILIES: [(&str, Family); 7] = [
    ("__rlock__", Family::OtherKazoo),
    ("__lock__", Family::Kazoo),
    ("__READ__", Family::Reader),
    ("__WRIT__", Family::Writer),
    ("latch-", Family::Latch),
    ("lease-", Family::OtherCurator),
    ("lock-", Family::Mutex),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn family(text: &str) -> Option<Family> {
        Name::parse(text).map(|name| name.family)
    }

    #[test]
    fn names_of_all_families_are_told_apart() {
        let curator = "_c_53345f98-9423-4e0c-a7b5-9f819e3ec2e1-lock-0000000012";
        assert_eq!(family(curator), Some(Family::Mutex));
        assert_eq!(family("_c_5334 5f98-lock-0000000012"), Some(Family::Mutex));
        assert_eq!(family("lock-0000000012"), Some(Family::Mutex));
        assert_eq!(
            family("0123456789abcdef0123456789abcdef__lock__0000000003"),
            Some(Family::Kazoo)
        );
        assert_eq!(
            family("0123456789abcdef0123456789abcdef__rlock__0000000003"),
            Some(Family::OtherKazoo)
        );
        assert_eq!(family("_c_x-__WRIT__0000000003"), Some(Family::Writer));
        assert_eq!(family("_c_x-latch-0000000003"), Some(Family::Latch));
        assert_eq!(family("lock-12"), None);
        assert_eq!(family("readme"), None);
    }

    #[test]
    fn sequence_is_read_below_and_beyond_the_overflow() {
        assert_eq!(Name::parse("lock-0000000012").unwrap().sequence, 12);
        assert_eq!(
            Name::parse("lock-2147483647").unwrap().sequence,
            2_147_483_647
        );
        assert_eq!(
            Name::parse("lock--2147483648").unwrap().sequence,
            -2_147_483_648
        );
    }

    #[test]
    fn negative_sequences_of_every_family_are_read() {
        for (ending, family) in FAMILIES {
            for sequence in [-1, -42, -2_147_483_647, -2_147_483_648] {
                let text = format!("0123456789abcdef0123456789abcdef{ending}{sequence:010}");
                let name = Name::parse(&text).unwrap();
                assert_eq!((name.family, name.sequence), (family, sequence), "{text}");
            }
        }
    }
}
