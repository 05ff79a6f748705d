//! Changes of a list of children that a recursive watch implies.
//!
//! Servers before 3.9 keep one mode per connection, path and table, so that a recursive watch replaces what told of the
//! children of its own path. It still tells of each child that comes or goes, which is the same news, but for a child
//! that its ACL hides from this client: of that nobody tells there.

use std::collections::BTreeSet;

use zk_wire::{EventType, Zxid};

/// The paths where the server has a recursive watch of this connection.
///
/// Servers from 3.9 on tell of both; then the second one, of the same transaction, is known already.
#[derive(Debug, Default)]
pub(crate) struct Implied {
    recursive: BTreeSet<String>,
    told: Option<(String, Zxid)>,
}

impl Implied {
    /// What a new connection has when it has registered all watches again.
    pub(crate) fn anew<'a>(recursive: impl Iterator<Item = &'a String>) -> Self {
        Self {
            recursive: recursive.cloned().collect(),
            told: None,
        }
    }

    pub(crate) fn set(&mut self, path: &str) {
        self.recursive.insert(path.to_owned());
    }

    pub(crate) fn unset(&mut self, path: &str) {
        self.recursive.remove(path);
    }

    /// The path whose list of children changed with this event, if nothing else needs to say so.
    pub(crate) fn list_of(
        &mut self,
        kind: EventType,
        path: &str,
        zxid: Option<Zxid>,
    ) -> Option<String> {
        if !matches!(kind, EventType::Created | EventType::Deleted) {
            return None;
        }
        let (above, name) = path.rsplit_once('/')?;
        let above = if above.is_empty() { "/" } else { above };
        if name.is_empty() || !self.recursive.contains(above) {
            return None;
        }
        self.told = zxid.map(|zxid| (above.to_owned(), zxid));
        Some(above.to_owned())
    }

    /// Whether [`list_of`](Self::list_of) has said this already.
    pub(crate) fn is_known(&self, kind: EventType, path: &str, zxid: Option<Zxid>) -> bool {
        let told = self
            .told
            .as_ref()
            .map(|(path, zxid)| (path.as_str(), *zxid));
        kind == EventType::ChildrenChanged
            && told.is_some()
            && told == zxid.map(|zxid| (path, zxid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_that_comes_or_goes_changes_the_list_of_a_watched_path_alone() {
        let root = "/".to_owned();
        let mut implied = Implied::anew([&root].into_iter());
        implied.set("/a");
        let mut list_of = |kind, path| implied.list_of(kind, path, None);
        assert_eq!(list_of(EventType::Created, "/a/b").as_deref(), Some("/a"));
        assert_eq!(list_of(EventType::Deleted, "/a").as_deref(), Some("/"));
        assert_eq!(list_of(EventType::DataChanged, "/a/b"), None);
        assert_eq!(list_of(EventType::Created, "/a/b/c"), None);
        assert_eq!(
            list_of(EventType::Deleted, "/"),
            None,
            "the root is nobody's child"
        );
    }

    #[test]
    fn the_servers_own_word_of_the_same_transaction_is_known() {
        let mut implied = Implied::default();
        implied.set("/a");
        let (zxid, next) = (Some(Zxid::from_raw(7)), Some(Zxid::from_raw(8)));
        let list = EventType::ChildrenChanged;
        assert!(!implied.is_known(list, "/a", zxid));
        implied.list_of(EventType::Created, "/a/b", zxid);
        assert!(implied.is_known(list, "/a", zxid));
        assert!(!implied.is_known(list, "/a", next) && !implied.is_known(list, "/b", zxid));
        // Without a zxid there is nothing to tell them apart by; such servers send one of the two.
        implied.list_of(EventType::Created, "/a/c", None);
        assert!(!implied.is_known(list, "/a", None));
    }
}
