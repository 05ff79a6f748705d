//! What the contenders of a path contend for, and the names that say so.

use zk_client::CreateMode;

use super::layout::Layout;
use super::names::Family;

/// What is contended for. All contenders of one path are of one kind: others do not see them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One holds at a time: mutexes, and the elections whose contenders are called like theirs.
    Lock(Layout),
    /// Curator's `LeaderLatch`.
    Latch,
}

impl Kind {
    /// The family that its contenders' names belong to.
    pub(crate) fn family(self) -> Family {
        match self {
            Self::Lock(Layout::Curator) => Family::Mutex,
            Self::Lock(Layout::Kazoo) => Family::Kazoo,
            Self::Latch => Family::Latch,
        }
    }

    /// A mark in the text form that the names have room for.
    pub(crate) fn mark(self, uuid: String) -> String {
        match self {
            Self::Lock(Layout::Kazoo) => uuid.replace('-', ""),
            Self::Lock(Layout::Curator) | Self::Latch => uuid,
        }
    }

    /// The beginning of a contender's name; the server appends the sequence.
    pub(crate) fn prefix(self, mark: &str) -> String {
        match self {
            Self::Lock(Layout::Curator) => format!("_c_{mark}-lock-"),
            Self::Lock(Layout::Kazoo) => format!("{mark}__lock__"),
            Self::Latch => format!("_c_{mark}-latch-"),
        }
    }

    /// What missing parents are made as.
    pub(crate) fn parents(self) -> CreateMode {
        match self {
            Self::Lock(Layout::Kazoo) => CreateMode::Persistent,
            Self::Lock(Layout::Curator) | Self::Latch => CreateMode::Container,
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
