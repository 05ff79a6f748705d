//! What the rules of queues look at.

use std::collections::BTreeMap;
use std::time::Duration;

use zk_wire::{Moment, Zxid};

use crate::history::History;
use crate::known::{Bounds, Ends, Life, Removal, Tree, name};
use crate::records::{Function, Op};
use crate::text::Text;

/// One queue: the calls about it in the order in which they were made, and its items.
pub(super) struct Queue<'h> {
    pub(super) history: &'h History,
    pub(super) tree: &'h Tree<'h>,
    pub(super) ends: &'h Ends,
    pub(super) bounds: &'h Bounds,
    pub(super) name: String,
    pub(super) calls: Vec<(usize, Op)>,
    /// The items by what they hold, whether put by a call or not.
    pub(super) items: BTreeMap<&'h [u8], Item>,
    /// The nodes of sessions, by their names.
    locks: BTreeMap<&'h [u8], Vec<&'h Life>>,
}

/// What was put once, wherever it lay since.
#[derive(Default)]
pub(super) struct Item {
    /// The call that put it.
    pub(super) put: Option<(usize, Op)>,
    /// Where it lay, in the order of the log.
    pub(super) stays: Vec<Stay>,
    /// Who had a claim on it, in the order of the log.
    pub(super) claims: Vec<Claim>,
}

/// A node that holds an item, as long as it does.
#[derive(Clone, Copy)]
pub(super) struct Stay {
    pub(super) path: Text,
    pub(super) from: Zxid,
    pub(super) since: Moment,
    /// Who put it there.
    pub(super) by: Option<u32>,
    pub(super) gone: Option<Removal>,
}

/// A claim that was told, and its node if that is known.
#[derive(Clone, Copy)]
pub(super) struct Claim {
    pub(super) place: usize,
    pub(super) op: Op,
    pub(super) gone: Option<Removal>,
}

impl Stay {
    pub(super) fn is_there_at(&self, zxid: Zxid) -> bool {
        self.from <= zxid && self.gone.is_none_or(|gone| zxid < gone.zxid)
    }
}

impl Item {
    /// The way in which it went, if it is gone.
    pub(super) fn end(&self) -> Option<Removal> {
        self.stays.last()?.gone
    }

    pub(super) fn is_there_at(&self, zxid: Zxid) -> bool {
        self.stays.iter().any(|stay| stay.is_there_at(zxid))
    }

    /// Its class, and its place within.
    pub(super) fn rank(&self) -> Option<(i32, Zxid)> {
        let (_, put) = self.put.as_ref()?;
        Some((put.expected.unwrap_or(0), self.stays.first()?.from))
    }
}

impl<'h> Queue<'h> {
    pub(super) fn of(
        history: &'h History,
        tree: &'h Tree<'h>,
        ends: &'h Ends,
        bounds: &'h Bounds,
        path: Text,
        calls: Vec<(usize, Op)>,
    ) -> Self {
        let texts = &history.texts;
        let mut items: BTreeMap<&'h [u8], Item> = BTreeMap::new();
        for (place, op) in &calls {
            if op.function == Function::Put {
                items.entry(texts.bytes(op.data)).or_default().put = Some((*place, *op));
            }
        }
        stays(history, tree, ends, path, &mut items);
        for (place, op) in &calls {
            if op.function != Function::Claim || op.token == Zxid::NONE {
                continue;
            }
            let life = tree.made(op.guard, op.token);
            let claim = Claim {
                place: *place,
                op: *op,
                gone: life.and_then(|life| life.removal),
            };
            items
                .entry(texts.bytes(op.reply))
                .or_default()
                .claims
                .push(claim);
        }
        for item in items.values_mut() {
            item.claims.sort_by_key(|claim| claim.op.token);
        }
        let mut locks: BTreeMap<&'h [u8], Vec<&'h Life>> = BTreeMap::new();
        for life in tree.lives.iter().filter(|life| !life.owner.is_none()) {
            let name = name(texts.bytes(life.path));
            locks.entry(name).or_default().push(life);
        }
        Self {
            locks,
            history,
            tree,
            ends,
            bounds,
            name: history.texts.shown(path),
            calls,
            items,
        }
    }

    /// The locks that ever were on an item while it lay there: nodes of sessions that are called as its node is.
    pub(super) fn locks(&self, stay: &Stay) -> impl Iterator<Item = &'h Life> {
        let name = name(self.history.texts.bytes(stay.path));
        let named = self.locks.get(name).map(Vec::as_slice);
        named.unwrap_or_default().iter().copied()
    }

    /// The item of that text.
    pub(super) fn item(&self, text: Text) -> Option<&Item> {
        self.items.get(self.history.texts.bytes(text))
    }

    pub(super) fn shown(&self, text: Text) -> String {
        self.history.texts.shown(text)
    }

    /// A call in words.
    pub(super) fn what(&self, op: &Op) -> String {
        let item = match op.function {
            Function::Put | Function::Complete | Function::GiveBack => op.data,
            _ => op.reply,
        };
        let (function, process) = (op.function.word(), op.process);
        format!(
            "{function} {} of process {process} at {}",
            self.shown(item),
            self.name
        )
    }

    /// Before when the item is not to be had.
    pub(super) fn due(&self, put: &Op) -> Option<Moment> {
        if put.from.is_empty() {
            return None;
        }
        let ms = std::str::from_utf8(self.history.texts.bytes(put.from));
        let ms = ms.ok()?.parse().ok()?;
        Moment::ZERO.checked_add(Duration::from_millis(ms))
    }
}

/// Where the items lay: below the queue's node, in nodes without an owner.
fn stays<'h>(
    history: &'h History,
    tree: &Tree<'_>,
    ends: &Ends,
    queue: Text,
    items: &mut BTreeMap<&'h [u8], Item>,
) {
    let texts = &history.texts;
    let below = |life: &&Life| {
        let rest = texts.bytes(life.path).strip_prefix(texts.bytes(queue));
        life.owner.is_none() && rest.is_some_and(|rest| rest.starts_with(b"/"))
    };
    for life in tree.lives.iter().filter(below) {
        let states = life.states_within(life.czxid, life.czxid);
        let Some(first) = states.first() else {
            continue;
        };
        for item in marked(texts.bytes(first.data)) {
            items.entry(item).or_default().stays.push(Stay {
                path: life.path,
                from: life.czxid,
                since: life.created,
                by: ends.user(life.creator),
                gone: life.removal,
            });
        }
    }
    for item in items.values_mut() {
        item.stays.sort_by_key(|stay| stay.from);
    }
}

/// What is written between `<` and `>`: nodes of some queues hold more than the item, or several items.
fn marked(data: &[u8]) -> Vec<&[u8]> {
    let mut found = Vec::new();
    for (place, byte) in data.iter().enumerate() {
        if *byte != b'<' {
            continue;
        }
        let rest = data.get(place..).unwrap_or_default();
        let rest = rest.get(..rest.len().min(LONGEST)).unwrap_or_default();
        let end = rest.iter().position(|byte| *byte == b'>');
        found.extend(end.and_then(|end| rest.get(..=end)));
    }
    found
}

/// No item of a run is longer.
const LONGEST: usize = 64;
