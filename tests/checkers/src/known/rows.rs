//! What became of single nodes, change by change, and by whom.

use std::collections::BTreeMap;

use zk_wire::{Moment, SessionId, Zxid};

use crate::history::History;
use crate::known::Ends;
use crate::records::{ChangeKind, Op};
use crate::text::{Text, Texts};

/// One change of a node.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) zxid: Zxid,
    pub(crate) at: Moment,
    pub(crate) session: SessionId,
    /// Who uses the session.
    pub(crate) process: Option<u32>,
    /// The data before; `None` if there was no node.
    pub(crate) before: Option<Text>,
    /// The data after; `None` if there is no node any more.
    pub(crate) after: Option<Text>,
    /// The version after.
    pub(crate) version: i32,
    /// The write before, of whatever was there.
    pub(crate) last: Zxid,
}

/// The changes of each node that has any, in the order of the log.
pub(crate) struct Rows {
    by_path: BTreeMap<Text, Vec<Row>>,
}

impl Rows {
    pub(crate) fn of(history: &History) -> Self {
        let ends = Ends::of(history);
        let mut by_path: BTreeMap<Text, Vec<Row>> = BTreeMap::new();
        for change in &history.truth.changes {
            let after = match change.kind {
                ChangeKind::Create | ChangeKind::Set => Some(change.data),
                ChangeKind::Delete => None,
                _ => continue,
            };
            let rows = by_path.entry(change.path).or_default();
            let last = rows.last();
            let row = Row {
                zxid: change.zxid,
                at: change.at,
                session: change.session,
                process: ends.user(change.session),
                before: last.and_then(|last| last.after),
                after,
                version: change.version,
                last: last.map_or(Zxid::NONE, |last| last.zxid),
            };
            rows.push(row);
        }
        Self { by_path }
    }

    /// The changes of the node at that path.
    pub(crate) fn at(&self, path: Text) -> &[Row] {
        self.by_path
            .get(&path)
            .map(Vec::as_slice)
            .unwrap_or_default()
    }
}

impl Row {
    /// Whether it was made while the call ran.
    pub(crate) fn is_within(&self, op: &Op) -> bool {
        op.invoked <= self.at && op.returned.is_none_or(|returned| self.at <= returned)
    }
}

/// The number in a node's data: 8 or 4 bytes, big-endian, or decimal digits of another length. Nothing is 0.
pub(crate) fn number(texts: &Texts, data: Option<Text>) -> Option<i64> {
    let bytes = data.map_or(&[][..], |data| texts.bytes(data));
    match bytes.len() {
        0 => Some(0),
        8 => bytes.try_into().ok().map(i64::from_be_bytes),
        4 => bytes
            .try_into()
            .ok()
            .map(|bytes| i32::from_be_bytes(bytes).into()),
        _ => std::str::from_utf8(bytes).ok()?.parse().ok(),
    }
}

/// Whether what is there is what a call says: the same bytes, or the same number.
pub(crate) fn same(texts: &Texts, there: Option<Text>, said: Text) -> bool {
    let numbers = || number(texts, there).zip(number(texts, Some(said)));
    there.unwrap_or(Text::EMPTY) == said || numbers().is_some_and(|(one, other)| one == other)
}
