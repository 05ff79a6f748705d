//! The kinds of nodes.

/// How long a node lives and how it is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[non_exhaustive]
pub enum CreateMode {
    /// Stays until deleted.
    #[default]
    Persistent,
    /// Goes with the session that created it.
    Ephemeral,
    /// Persistent, with a sequence number appended to its name.
    PersistentSequential,
    /// Ephemeral, with a sequence number appended to its name.
    EphemeralSequential,
    /// Deleted by the server some time after its last child has gone.
    Container,
    /// Deleted by the server when childless and unmodified for its time to live.
    PersistentTtl,
    /// As [`CreateMode::PersistentTtl`], with a sequence number appended to its name.
    PersistentSequentialTtl,
}

impl CreateMode {
    /// Every mode, in the order of the flags.
    pub const ALL: [Self; 7] = [
        Self::Persistent,
        Self::Ephemeral,
        Self::PersistentSequential,
        Self::EphemeralSequential,
        Self::Container,
        Self::PersistentTtl,
        Self::PersistentSequentialTtl,
    ];

    /// The `flags` of a create record. They enumerate: only 0 to 3 can be read as bits.
    #[must_use]
    pub const fn flags(self) -> i32 {
        match self {
            Self::Persistent => 0,
            Self::Ephemeral => 1,
            Self::PersistentSequential => 2,
            Self::EphemeralSequential => 3,
            Self::Container => 4,
            Self::PersistentTtl => 5,
            Self::PersistentSequentialTtl => 6,
        }
    }

    /// The mode with these flags, if there is one.
    #[must_use]
    pub const fn from_flags(flags: i32) -> Option<Self> {
        match flags {
            0 => Some(Self::Persistent),
            1 => Some(Self::Ephemeral),
            2 => Some(Self::PersistentSequential),
            3 => Some(Self::EphemeralSequential),
            4 => Some(Self::Container),
            5 => Some(Self::PersistentTtl),
            6 => Some(Self::PersistentSequentialTtl),
            _ => None,
        }
    }

    /// Whether the node goes with its session.
    #[must_use]
    pub const fn is_ephemeral(self) -> bool {
        matches!(self, Self::Ephemeral | Self::EphemeralSequential)
    }

    /// Whether the server appends a sequence number.
    #[must_use]
    pub const fn is_sequential(self) -> bool {
        matches!(
            self,
            Self::PersistentSequential | Self::EphemeralSequential | Self::PersistentSequentialTtl
        )
    }

    /// Whether the create carries a time to live.
    #[must_use]
    pub const fn has_ttl(self) -> bool {
        matches!(self, Self::PersistentTtl | Self::PersistentSequentialTtl)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_and_modes_correspond_one_to_one() {
        for (flags, mode) in (0..).zip(CreateMode::ALL) {
            assert_eq!(mode.flags(), flags);
            assert_eq!(CreateMode::from_flags(flags), Some(mode));
        }
        assert_eq!(CreateMode::from_flags(7), None);
        assert_eq!(CreateMode::from_flags(-1), None);
    }
}
