//! What differs between what a view showed and what it shows.

use std::cmp::Ordering;
use std::sync::Arc;

use super::shown::Instances;
use crate::discovery::instance::Instance;

/// What [`ServiceChanges`](super::ServiceChanges) yields. Writes that follow each other quickly are told as one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServiceChange {
    /// An instance that was not there is there.
    Added(Arc<Instance>),
    /// An instance says something else of itself, such as that it wants to be called no more.
    Changed(Arc<Instance>),
    /// The instance of this id is not there any more.
    Removed(String),
    /// The connection is down, or events were missed: from here on the view may be behind. It keeps what it has.
    Stale,
    /// All was read again, and the difference told before this.
    Fresh,
}

/// The changes from one list to another; both are in the order of their ids.
pub(super) fn difference(before: &Instances, after: &Instances) -> Vec<ServiceChange> {
    let mut changes = Vec::new();
    let (mut old, mut new) = (before.iter().peekable(), after.iter().peekable());
    loop {
        let order = match (old.peek(), new.peek()) {
            (None, None) => return changes,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(one), Some(other)) => one.id.cmp(&other.id),
        };
        let gone = if order.is_le() { old.next() } else { None };
        let come = if order.is_ge() { new.next() } else { None };
        match (gone, come) {
            (Some(one), Some(other)) if Arc::ptr_eq(one, other) || one == other => {}
            (Some(_), Some(other)) => changes.push(ServiceChange::Changed(Arc::clone(other))),
            (Some(one), None) => changes.push(ServiceChange::Removed(one.id.clone())),
            (None, Some(other)) => changes.push(ServiceChange::Added(Arc::clone(other))),
            (None, None) => return changes,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn list(ports: &BTreeMap<u8, u16>) -> Instances {
        let instance = |(id, port): (&u8, &u16)| {
            let id = char::from(b'a' + id).to_string();
            Arc::new(Instance::builder("s").id(id).port(*port).build())
        };
        ports.iter().map(instance).collect()
    }

    proptest! {
        #[test]
        fn prop_the_changes_make_one_list_of_the_other_and_there_are_no_more_than_needed(
            before in prop::collection::btree_map(0..8_u8, 0..3_u16, 0..6),
            after in prop::collection::btree_map(0..8_u8, 0..3_u16, 0..6),
        ) {
            let (before, after) = (list(&before), list(&after));
            let mut known: BTreeMap<_, _> =
                before.iter().map(|one| (one.id.clone(), Arc::clone(one))).collect();
            for change in difference(&before, &after) {
                match change {
                    ServiceChange::Added(one) => {
                        prop_assert!(known.insert(one.id.clone(), one).is_none());
                    }
                    ServiceChange::Changed(one) => {
                        let old = known.insert(one.id.clone(), Arc::clone(&one));
                        prop_assert!(old.is_some_and(|old| old != one));
                    }
                    ServiceChange::Removed(id) => prop_assert!(known.remove(&id).is_some()),
                    _ => prop_assert!(false),
                }
            }
            let known: Instances = known.into_values().collect();
            prop_assert_eq!(known, after);
        }
    }
}
