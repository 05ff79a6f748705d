//! Whatever many wait at: barriers, flags and latches; double and cyclic barriers.

use std::collections::BTreeMap;

use zk_wire::Moment;

use crate::history::History;
use crate::known::{Bounds, Ends, Life, Rows, Tree, name};
use crate::records::{Function, Op, Outcome};
use crate::text::Text;
use crate::verdict::{Findings, Property, Verdict};

mod cyclic;
mod double;
mod gates;

/// `B1` to `B3`, `B5`, and `G9` of waits.
pub(super) fn check(history: &History) -> Verdict {
    let mut findings = Findings::default();
    let mut places: BTreeMap<Text, Vec<usize>> = BTreeMap::new();
    for (place, op) in history.ops.iter().enumerate() {
        if kind(op.function).is_some() {
            places.entry(op.path).or_default().push(place);
        }
    }
    if places.is_empty() {
        return findings.verdict();
    }
    let site = Sites {
        history,
        tree: Tree::replay(history),
        rows: Rows::of(history),
        bounds: Bounds::of(history),
        ends: Ends::of(history),
    };
    for (path, places) in places {
        findings.stats.judged += places.len();
        let op = |place: usize| history.ops.get(place).copied().unwrap_or_default();
        let mut calls: Vec<(usize, Op)> =
            places.into_iter().map(|place| (place, op(place))).collect();
        calls.sort_by_key(|(_, op)| op.invoked);
        match calls.first().and_then(|(_, op)| kind(op.function)) {
            Some(Kind::Double) => double::judge(&site, path, &calls, &mut findings),
            Some(Kind::Cyclic) => cyclic::judge(&site, path, &calls, &mut findings),
            _ => gates::judge(&site, path, &calls, &mut findings),
        }
    }
    findings.verdict()
}

enum Kind {
    Gate,
    Double,
    Cyclic,
}

const fn kind(function: Function) -> Option<Kind> {
    match function {
        Function::Raise
        | Function::Lower
        | Function::AwaitAbsent
        | Function::AwaitPresent
        | Function::AwaitZero => Some(Kind::Gate),
        Function::Enter | Function::Leave => Some(Kind::Double),
        Function::Arrive => Some(Kind::Cyclic),
        _ => None,
    }
}

/// What is known of all of them.
struct Sites<'h> {
    history: &'h History,
    tree: Tree<'h>,
    rows: Rows,
    bounds: Bounds,
    ends: Ends,
}

impl<'h> Sites<'h> {
    fn name(&self, text: Text) -> String {
        self.history.texts.shown(text)
    }

    /// A call in words.
    fn what(&self, op: &Op) -> String {
        let (function, process) = (op.function.word(), op.process);
        format!("{function} {} of process {process}", self.name(op.path))
    }

    /// The children that ever were of the node at that path, with their names.
    fn children(&self, path: Text) -> Vec<(&'h [u8], &Life)> {
        let lives = self.tree.children(path);
        lives
            .map(|life| (name(self.history.texts.bytes(life.path)), life))
            .collect()
    }

    /// A wait gave up although it could have gone on since that moment.
    fn in_vain(&self, (place, op): (usize, &Op), since: Option<Moment>, findings: &mut Findings) {
        let gave_up = op.outcome == Outcome::NotApplied && op.error == 0 && op.deadline.is_some();
        let Some(since) = since.filter(|_| gave_up) else {
            return;
        };
        if self.bounds.is_late(since.max(op.invoked), op.returned) {
            let (what, since) = (self.what(op), since.as_nanos() / 1_000_000);
            let text = format!("{what} could go on from {since} ms and gave up");
            findings.add(Property::G9, &[place], text);
        }
    }
}

/// Whether the call had returned by then.
fn returned_by(op: &Op, at: Moment) -> bool {
    op.returned.is_some_and(|returned| returned < at)
}
