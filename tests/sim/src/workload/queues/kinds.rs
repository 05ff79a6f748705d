//! The kinds of queues.

use zk_recipes::QueueLayout;

/// What a queue is like.
#[derive(Clone, Copy)]
pub(super) struct Kind {
    pub(super) layout: QueueLayout,
    /// Whether items are claimed.
    pub(super) claims: bool,
    pub(super) room: Room,
}

/// How much there may be in it, and where.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Room {
    /// As much as there is.
    Endless,
    /// So many items, counted before each put.
    Bound(usize),
    /// So many items, exactly.
    Strict(usize),
    /// In parts, which should have so many items each.
    Parts(usize),
}

const fn kind(layout: QueueLayout, claims: bool, room: Room) -> Kind {
    Kind {
        layout,
        claims,
        room,
    }
}

/// What takes turns: of the seeds one after the other each begins with another.
const KINDS: [Kind; 11] = [
    kind(QueueLayout::Fifo, true, Room::Endless),
    kind(QueueLayout::Priority, false, Room::Bound(4)),
    kind(QueueLayout::Fifo, false, Room::Parts(3)),
    kind(QueueLayout::KazooLocking, true, Room::Endless),
    kind(QueueLayout::Simple, false, Room::Strict(4)),
    kind(QueueLayout::Delay, false, Room::Endless),
    kind(QueueLayout::Priority, true, Room::Strict(3)),
    kind(QueueLayout::Simple, false, Room::Endless),
    kind(QueueLayout::Priority, true, Room::Endless),
    kind(QueueLayout::Fifo, true, Room::Parts(2)),
    kind(QueueLayout::Id, false, Room::Endless),
];

/// The kind of the queue of that number in a run of that seed.
pub(super) fn of(seed: u64, number: usize) -> Kind {
    let turn = usize::try_from(seed % KINDS.len() as u64).unwrap_or(0);
    let [first, ..] = KINDS;
    *KINDS.get((number + turn) % KINDS.len()).unwrap_or(&first)
}
