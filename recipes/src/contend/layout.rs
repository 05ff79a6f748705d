//! Whose names a contender writes, and so whose programs it shares a lock with.

use zk_client::CreateMode;

use super::names::{Family, mutex_prefix};

/// Whose lock a [`Mutex`](crate::Mutex) shares its path with: names, order, watches and parents are theirs.
///
/// All contenders of one path use one layout; programs of the other layout would not see them, so a path with both is
/// refused (`MixedContenders`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Layout {
    /// Curator's `InterProcessMutex` and go-zk's lock: `_c_<uuid>-lock-<10 digits>`. Missing parents are made as
    /// containers, which the server removes when they are empty.
    #[default]
    Curator,
    /// kazoo's `Lock`: `<32 hex>__lock__<10 digits>`. Missing parents are made as persistent nodes, as kazoo looks for
    /// them only once per lock.
    Kazoo,
}

impl Layout {
    /// The family that its contenders' names belong to.
    pub(crate) fn family(self) -> Family {
        match self {
            Self::Curator => Family::Mutex,
            Self::Kazoo => Family::Kazoo,
        }
    }

    /// A mark in the text form that the layout's names have room for.
    pub(crate) fn mark(self, uuid: String) -> String {
        match self {
            Self::Curator => uuid,
            Self::Kazoo => uuid.replace('-', ""),
        }
    }

    /// The beginning of a contender's name; the server appends the sequence.
    pub(crate) fn prefix(self, mark: &str) -> String {
        match self {
            Self::Curator => mutex_prefix(mark),
            Self::Kazoo => format!("{mark}__lock__"),
        }
    }

    /// What missing parents are made as.
    pub(crate) fn parents(self) -> CreateMode {
        match self {
            Self::Curator => CreateMode::Container,
            Self::Kazoo => CreateMode::Persistent,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::names::Name;
    use super::*;

    const UUID: &str = "53345f98-9423-4e0c-a7b5-9f819e3ec2e1";

    #[test]
    fn each_layout_reads_its_own_names() {
        for layout in [Layout::Curator, Layout::Kazoo] {
            let name = layout.prefix(&layout.mark(UUID.to_owned())) + "0000000012";
            let read = Name::parse(&name).unwrap();
            assert_eq!(
                (read.family, read.sequence),
                (layout.family(), 12),
                "{name}"
            );
        }
    }

    #[test]
    fn a_mark_of_kazoo_is_32_hex_digits() {
        let mark = Layout::Kazoo.mark(UUID.to_owned());
        assert_eq!(mark.len(), 32);
        assert!(mark.bytes().all(|byte| byte.is_ascii_hexdigit()), "{mark}");
    }
}
