//! What the contenders of a path contend for, and the names that say so.

use zk_client::CreateMode;

use super::layout::Layout;
use super::names::Family;

/// What is contended for. All contenders of one path are of one kind: others do not see them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One holds at a time: mutexes, and the elections whose contenders are called like theirs.
    Lock(Layout),
    /// Any number hold at a time unless a writer is ahead.
    Read(Layout),
    /// One holds at a time, and no reader.
    Write(Layout),
    /// A permit of a semaphore. Whoever is there holds or is about to; nobody is ahead of anybody.
    Lease(Layout),
    /// Curator's `LeaderLatch`.
    Latch,
}

impl Kind {
    /// The family that its contenders' names belong to.
    pub(crate) fn family(self) -> Family {
        match self {
            Self::Lock(Layout::Curator) => Family::Mutex,
            Self::Read(Layout::Curator) => Family::Reader,
            Self::Read(Layout::Kazoo) => Family::OtherKazoo,
            Self::Write(Layout::Curator) => Family::Writer,
            // kazoo calls the contenders of its `WriteLock` like those of its `Lock`.
            Self::Lock(Layout::Kazoo) | Self::Write(Layout::Kazoo) => Family::Kazoo,
            Self::Lease(_) => Family::OtherCurator,
            Self::Latch => Family::Latch,
        }
    }

    /// Whether contenders of this family may be in the queue; any other is a mistake of somebody's.
    pub(crate) fn meets(self, family: Family) -> bool {
        match self {
            Self::Lock(_) | Self::Lease(_) | Self::Latch => family == self.family(),
            Self::Read(_) | Self::Write(_) => family.queue() == self.family().queue(),
        }
    }

    /// Whether it waits for a contender of this family ahead of it.
    pub(crate) fn yields_to(self, family: Family) -> bool {
        match self {
            Self::Read(_) => self.meets(family) && !family.shares(),
            Self::Lease(_) => false,
            Self::Lock(_) | Self::Latch | Self::Write(_) => self.meets(family),
        }
    }

    /// Whether nobody can get in between a contender and the one directly ahead of it. Not among readers and writers:
    /// a writer that becomes a reader leaves a node in its old place, and a reader does not wait for all ahead. Nor in an
    /// election, whose leader may name a successor.
    pub(crate) fn is_strict(self) -> bool {
        match self {
            Self::Lock(_) => true,
            Self::Latch | Self::Read(_) | Self::Write(_) | Self::Lease(_) => false,
        }
    }

    /// The layout, where there is a choice.
    pub(crate) fn layout(self) -> Layout {
        match self {
            Self::Lock(layout) | Self::Read(layout) | Self::Write(layout) | Self::Lease(layout) => {
                layout
            }
            Self::Latch => Layout::Curator,
        }
    }

    /// A mark in the text form that the names have room for.
    pub(crate) fn mark(self, uuid: String) -> String {
        match self.layout() {
            Layout::Kazoo => uuid.replace('-', ""),
            Layout::Curator => uuid,
        }
    }

    /// The beginning of a contender's name; the server appends the sequence.
    pub(crate) fn prefix(self, mark: &str) -> String {
        match self {
            Self::Lock(Layout::Curator) => format!("_c_{mark}-lock-"),
            Self::Lock(Layout::Kazoo) | Self::Write(Layout::Kazoo) => format!("{mark}__lock__"),
            Self::Read(Layout::Curator) => format!("_c_{mark}-__READ__"),
            Self::Read(Layout::Kazoo) => format!("{mark}__rlock__"),
            Self::Write(Layout::Curator) => format!("_c_{mark}-__WRIT__"),
            Self::Lease(Layout::Curator) => format!("_c_{mark}-lease-"),
            Self::Lease(Layout::Kazoo) => mark.to_owned(),
            Self::Latch => format!("_c_{mark}-latch-"),
        }
    }

    /// What a contender's node is.
    pub(crate) fn mode(self) -> CreateMode {
        match self {
            Self::Lease(Layout::Kazoo) => CreateMode::Ephemeral,
            _ => CreateMode::EphemeralSequential,
        }
    }

    /// What missing parents are made as.
    pub(crate) fn parents(self) -> CreateMode {
        match self.layout() {
            Layout::Kazoo => CreateMode::Persistent,
            Layout::Curator => CreateMode::Container,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::names::Name;
    use super::*;

    const UUID: &str = "53345f98-9423-4e0c-a7b5-9f819e3ec2e1";

    #[test]
    fn each_kind_reads_its_own_names() {
        for kind in [
            Kind::Lock(Layout::Curator),
            Kind::Lock(Layout::Kazoo),
            Kind::Read(Layout::Curator),
            Kind::Read(Layout::Kazoo),
            Kind::Write(Layout::Curator),
            Kind::Write(Layout::Kazoo),
            Kind::Lease(Layout::Curator),
            Kind::Latch,
        ] {
            let name = kind.prefix(&kind.mark(UUID.to_owned())) + "0000000012";
            let read = Name::parse(&name).unwrap();
            assert_eq!((read.family, read.sequence), (kind.family(), 12), "{name}");
        }
    }

    #[test]
    fn a_mark_of_kazoo_is_32_hex_digits() {
        let mark = Kind::Lock(Layout::Kazoo).mark(UUID.to_owned());
        assert_eq!(mark.len(), 32);
        assert!(mark.bytes().all(|byte| byte.is_ascii_hexdigit()), "{mark}");
    }
}
