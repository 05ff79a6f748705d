//! Elections: terms by what was committed, what observers are told, and who follows whom.

mod heirs;
mod observers;
mod terms;

use zk_wire::Zxid;

use crate::history::History;
use crate::known::{Ends, Life, Share, Tree, share};
use crate::records::{Change, ChangeKind, Op, Outcome};
use crate::text::Text;
use crate::verdict::{Findings, Verdict};

/// `E1`, `E2` and `Heir`.
pub(super) fn check(history: &History) -> Verdict {
    let mut findings = Findings::default();
    let tree = Tree::replay(history);
    let elections = Elections {
        history,
        tree: &tree,
        ends: Ends::of(history),
    };
    let terms = elections.terms();
    terms::judge(&elections, &terms, &mut findings);
    observers::judge(&elections, &mut findings);
    heirs::judge(&elections, &terms, &mut findings);
    findings.verdict()
}

/// What the rules look at.
struct Elections<'h> {
    history: &'h History,
    tree: &'h Tree<'h>,
    ends: Ends,
}

/// A term that was given to somebody.
struct Term<'h> {
    place: usize,
    op: &'h Op,
    /// The candidate's node.
    life: &'h Life,
}

impl Term<'_> {
    fn epoch(&self) -> Zxid {
        self.op.mzxid
    }
}

impl<'h> Elections<'h> {
    /// In the order of their numbers.
    fn terms(&self) -> Vec<Term<'h>> {
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
    fn written(&self, path: Text, zxid: Zxid) -> Option<&'h Change> {
        let changes = &self.history.truth.changes;
        let first = changes.partition_point(|change| change.zxid < zxid);
        let same = changes.iter().skip(first).take_while(|it| it.zxid == zxid);
        same.into_iter()
            .find(|it| it.kind == ChangeKind::Set && it.path == path)
    }
}

/// Whether the node is there once that is applied.
fn lives_at(life: &Life, zxid: Zxid) -> bool {
    life.czxid <= zxid && life.removal.is_none_or(|removal| removal.zxid > zxid)
}
