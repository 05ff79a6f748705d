//! How the nodes of members are called, and what their names and data tell: pure functions.

use zk_client::CreateMode;

/// Whose programs a group shares its path with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum GroupLayout {
    /// Curator's `GroupMember`: the node has the member's id as its name, so an id is there once at a time.
    #[default]
    GroupMember,
    /// kazoo's `Party`: `<32 hex>__party__`, with the id as its data. There is no room for other data, and an id may be there
    /// several times.
    Party,
    /// kazoo's `ShallowParty`: `<32 hex>-<id>`, so a list of names tells the ids, which may be there several times.
    ShallowParty,
}

/// What the names of kazoo's `Party` contain.
const PARTY: &str = "__party__";

impl GroupLayout {
    /// The name of a member's node. `unique` is 32 hexadecimal digits.
    pub(crate) fn name(self, id: &str, unique: &str) -> String {
        match self {
            Self::GroupMember => id.to_owned(),
            Self::Party => format!("{unique}{PARTY}"),
            Self::ShallowParty => format!("{unique}-{id}"),
        }
    }

    /// Whether a child is a member's node.
    pub(super) fn is_member(self, name: &str) -> bool {
        self != Self::Party || name.contains(PARTY)
    }

    /// The id in a name; `None` if the data tell it.
    pub(crate) fn id_of(self, name: &str) -> Option<&str> {
        match self {
            Self::GroupMember => Some(name),
            Self::Party => None,
            // As kazoo reads it: what follows the first hyphen, or all of it.
            Self::ShallowParty => Some(name.split_once('-').map_or(name, |(_, id)| id)),
        }
    }

    /// Whether a member has data besides its id.
    pub(super) fn has_data(self) -> bool {
        self != Self::Party
    }

    /// What missing parents are made as: kazoo looks for them once.
    pub(super) fn parents(self) -> CreateMode {
        match self {
            Self::GroupMember => CreateMode::Container,
            Self::Party | Self::ShallowParty => CreateMode::Persistent,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn names_are_those_of_curator_and_kazoo() {
        let name = |layout: GroupLayout| layout.name("node-7", HEX);
        assert_eq!(name(GroupLayout::GroupMember), "node-7");
        assert_eq!(name(GroupLayout::Party), format!("{HEX}__party__"));
        assert_eq!(name(GroupLayout::ShallowParty), format!("{HEX}-node-7"));
    }

    #[test]
    fn names_tell_what_their_programs_read_in_them() {
        let shallow = GroupLayout::ShallowParty;
        assert_eq!(shallow.id_of(&shallow.name("node-7", HEX)), Some("node-7"));
        assert_eq!(shallow.id_of("plain"), Some("plain"));
        assert_eq!(GroupLayout::GroupMember.id_of("a-b"), Some("a-b"));
        let party = GroupLayout::Party;
        assert!(party.is_member(&party.name("x", HEX)) && !party.is_member("x"));
        assert_eq!(party.id_of(&party.name("x", HEX)), None);
    }
}
