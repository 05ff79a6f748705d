//! Which changes of the log are whose doing.

use std::collections::BTreeMap;

use zk_wire::SessionId;

use crate::history::History;
use crate::records::{Change, ChangeKind, Function, Op};
use crate::text::{Text, Texts};

/// What a write and its change have in common. Where the recorder knows no request numbers, writes
/// of one session are told apart by path and data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key<'h> {
    Xid(SessionId, i32, ChangeKind, &'h [u8]),
    Content(SessionId, ChangeKind, &'h [u8], Text),
}

/// All writes that cannot be told apart, and all changes that may be theirs.
#[derive(Debug, Default)]
pub(crate) struct Match<'h> {
    /// Places among the operations.
    pub(crate) ops: Vec<usize>,
    /// In zxid order.
    pub(crate) changes: Vec<&'h Change>,
}

/// The writes of a history, with their changes.
pub(crate) struct Writes<'h> {
    matches: BTreeMap<Key<'h>, Match<'h>>,
}

impl<'h> Writes<'h> {
    pub(crate) fn of(history: &'h History) -> Self {
        let texts = &history.texts;
        let mut matches: BTreeMap<Key<'h>, Match<'h>> = BTreeMap::new();
        for (place, op) in history.ops.iter().enumerate() {
            if let Some(key) = key_of_op(op, texts) {
                matches.entry(key).or_default().ops.push(place);
            }
        }
        for change in &history.truth.changes {
            for key in keys_of_change(change, texts) {
                if let Some(found) = matches.get_mut(&key) {
                    found.changes.push(change);
                }
            }
        }
        Self { matches }
    }

    /// All groups of writes.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Match<'h>> {
        self.matches.values()
    }
}

/// What a write function does to the tree.
pub(crate) fn change_of(function: Function) -> Option<ChangeKind> {
    match function {
        Function::Create => Some(ChangeKind::Create),
        Function::Set => Some(ChangeKind::Set),
        Function::Delete => Some(ChangeKind::Delete),
        _ => None,
    }
}

fn key_of_op<'h>(op: &Op, texts: &'h Texts) -> Option<Key<'h>> {
    let kind = change_of(op.function)?;
    let path = texts.bytes(op.path);
    if op.xid != 0 {
        return Some(Key::Xid(op.session, op.xid, kind, path));
    }
    let data = if kind == ChangeKind::Delete {
        Text::EMPTY
    } else {
        op.data
    };
    Some(Key::Content(op.session, kind, path, data))
}

fn keys_of_change<'h>(change: &Change, texts: &'h Texts) -> Vec<Key<'h>> {
    let (session, kind) = (change.session, change.kind);
    if !matches!(
        kind,
        ChangeKind::Create | ChangeKind::Set | ChangeKind::Delete
    ) {
        return Vec::new();
    }
    let path = texts.bytes(change.path);
    let mut paths = vec![path];
    if kind == ChangeKind::Create {
        // The operation names the path without the number that the server appends.
        paths.extend(without_number(path));
    }
    let data = if kind == ChangeKind::Delete {
        Text::EMPTY
    } else {
        change.data
    };
    let keys = |path: &'h [u8]| {
        let by_xid = (change.xid != 0).then_some(Key::Xid(session, change.xid, kind, path));
        by_xid
            .into_iter()
            .chain([Key::Content(session, kind, path, data)])
    };
    paths.into_iter().flat_map(keys).collect()
}

/// A sequential node's path without its ten digits, or `-` and ten digits.
pub(crate) fn without_number(path: &[u8]) -> Option<&[u8]> {
    let (prefix, number) = path.split_at_checked(path.len().checked_sub(10)?)?;
    if !number.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(prefix)
}

/// The number that the server appended to a name; negative past the counter's overflow.
pub(crate) fn number(path: &[u8]) -> Option<i64> {
    let prefix = without_number(path)?;
    let digits = std::str::from_utf8(path.get(prefix.len()..)?).ok()?;
    let number: i64 = digits.parse().ok()?;
    // Ten digits hold more than the counter does: that is the sign, not the name's hyphen.
    let negative = prefix.ends_with(b"--") || number > i64::from(i32::MAX);
    Some(if negative { -number } else { number })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sequence_number_keeps_its_sign_beside_the_hyphen_of_a_name() {
        let cases: [(&str, Option<i64>); 7] = [
            ("/l/lock-0000000007", Some(7)),
            ("/l/lock-2147483647", Some(2_147_483_647)),
            ("/l/lock--2147483648", Some(-2_147_483_648)),
            ("/l/lock--2147483640", Some(-2_147_483_640)),
            ("/l/n-2147483648", Some(-2_147_483_648)),
            ("/l/lock-x000000007", None),
            ("/l", None),
        ];
        for (path, expected) in cases {
            assert_eq!(number(path.as_bytes()), expected, "{path}");
        }
    }
}
