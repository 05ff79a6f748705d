//! Terms and the lives of candidates, as the rules look at them.

use zk_wire::Zxid;

use crate::history::History;
use crate::known::{Ends, Life, Share, Tree, share};
use crate::records::{Change, ChangeKind, Op, Outcome};
use crate::text::Text;

/// What the rules look at.
pub(super) struct Elections<'h> {
    pub(super) history: &'h History,
    pub(super) tree: &'h Tree<'h>,
    pub(super) ends: Ends,
}

/// A term that was given to somebody.
pub(super) struct Term<'h> {
    pub(super) place: usize,
    pub(super) op: &'h Op,
    /// The candidate's node.
    pub(super) life: &'h Life,
}

impl Term<'_> {
    pub(super) fn epoch(&self) -> Zxid {
        self.op.mzxid
    }
}

impl<'h> Elections<'h> {
    /// In the order of their numbers.
    pub(super) fn terms(&self) -> Vec<Term<'h>> {
        let ops = self.history.ops.iter().enumerate();
        let given = ops
            .filter(|(_, op)| op.outcome == Outcome::Ok && share(op.function) == Some(Share::Term));
        let mut terms: Vec<Term<'h>> = given
            .filter_map(|(place, op)| {
                let life = self.tree.made(op.reply, op.token)?;
                Some(Term { place, op, life })
            })
            .collect();
        terms.sort_by_key(|term| (term.op.path, term.epoch()));
        terms
    }

    /// The write of that number to an election's node.
    pub(super) fn written(&self, path: Text, zxid: Zxid) -> Option<&'h Change> {
        let changes = &self.history.truth.changes;
        let first = changes.partition_point(|change| change.zxid < zxid);
        let same = changes.iter().skip(first).take_while(|it| it.zxid == zxid);
        same.into_iter()
            .find(|it| it.kind == ChangeKind::Set && it.path == path)
    }
}

/// Whether the node is there once that is applied.
pub(super) fn lives_at(life: &Life, zxid: Zxid) -> bool {
    life.czxid <= zxid && life.removal.is_none_or(|removal| removal.zxid > zxid)
}
