//! What is to be known of each recipe that holds nothing: counters, values, barriers.

use zk_checkers::Function;

use crate::schedule::{Call, Column, Phase};

/// One of them.
pub(super) struct Plain {
    pub(super) word: &'static str,
    pub(super) functions: &'static [Function],
    pub(super) calls: &'static [Call],
    pub(super) columns: &'static [Column],
}

const CHANGES: &[Call] = &[Call::Change, Call::Get];
const WAITS: &[Call] = &[Call::Change, Call::Wait];

pub(super) const COUNTER: Plain = Plain {
    word: "counter",
    functions: &[
        Function::Change,
        Function::Replace,
        Function::ReplaceIf,
        Function::Look,
    ],
    calls: CHANGES,
    columns: &[("counter", Phase::Reading), ("counter", Phase::Writing)],
};

pub(super) const BLOCK_COUNTER: Plain = Plain {
    word: "block-counter",
    functions: &[Function::Next],
    calls: CHANGES,
    columns: &[("block-counter", Phase::Writing)],
};

pub(super) const SHARED_VALUE: Plain = Plain {
    word: "shared-value",
    functions: &[
        Function::Replace,
        Function::ReplaceIf,
        Function::Look,
        Function::Follow,
    ],
    calls: &[Call::Change, Call::Get, Call::Follow],
    columns: &[
        ("shared-value", Phase::Reading),
        ("shared-value", Phase::Writing),
        ("shared-value", Phase::Watching),
    ],
};

pub(super) const RATE_LIMITER: Plain = Plain {
    word: "rate-limiter",
    functions: &[Function::Spend],
    calls: &[Call::Spend],
    columns: &[("rate-limiter", Phase::Acquiring)],
};

pub(super) const BARRIER: Plain = Plain {
    word: "barrier",
    functions: &[Function::Raise, Function::Lower, Function::AwaitAbsent],
    calls: WAITS,
    columns: &[("barrier", Phase::Writing), ("barrier", Phase::Watching)],
};

pub(super) const EVENT_FLAG: Plain = Plain {
    word: "event-flag",
    functions: &[Function::Raise, Function::Lower, Function::AwaitPresent],
    calls: WAITS,
    columns: &[
        ("event-flag", Phase::Writing),
        ("event-flag", Phase::Watching),
    ],
};

pub(super) const COUNT_DOWN_LATCH: Plain = Plain {
    word: "count-down-latch",
    functions: &[Function::CountDown, Function::AwaitZero],
    calls: WAITS,
    columns: &[("latch", Phase::Writing), ("latch", Phase::Watching)],
};

pub(super) const DOUBLE_BARRIER: Plain = Plain {
    word: "double-barrier",
    functions: &[Function::Enter, Function::Leave],
    calls: &[Call::Enter, Call::Leave],
    columns: &[
        ("double-barrier", Phase::Acquiring),
        ("double-barrier", Phase::Holding),
        ("double-barrier", Phase::Releasing),
    ],
};

pub(super) const CYCLIC_BARRIER: Plain = Plain {
    word: "cyclic-barrier",
    functions: &[Function::Arrive],
    calls: &[Call::Arrive],
    columns: &[("cyclic-barrier", Phase::Acquiring)],
};

pub(super) const PERSISTENT_NODE: Plain = Plain {
    word: "persistent-node",
    functions: &[Function::Keep, Function::Provide, Function::Unkeep],
    calls: &[Call::Wait, Call::Release],
    columns: &[
        ("persistent-node", Phase::Writing),
        ("persistent-node", Phase::Releasing),
    ],
};

pub(super) const STM: Plain = Plain {
    word: "stm",
    functions: &[Function::Change, Function::Decide],
    calls: &[Call::Change, Call::Get],
    columns: &[("stm", Phase::Reading), ("stm", Phase::Writing)],
};

pub(super) const QUEUE: Plain = Plain {
    word: "queue",
    functions: &[
        Function::Put,
        Function::Take,
        Function::Claim,
        Function::Complete,
        Function::GiveBack,
    ],
    calls: &[Call::Change, Call::Wait, Call::Release, Call::Get],
    columns: &[
        ("queue", Phase::Writing),
        ("queue", Phase::Acquiring),
        ("queue", Phase::Holding),
        ("queue", Phase::Releasing),
    ],
};

pub(super) const CACHE: Plain = Plain {
    word: "cache",
    functions: &[Function::Picture],
    calls: &[Call::Change, Call::Wait, Call::Follow, Call::Get],
    columns: &[("cache", Phase::Writing), ("cache", Phase::Watching)],
};

pub(super) const GROUP: Plain = Plain {
    word: "group",
    functions: &[
        Function::Keep,
        Function::Provide,
        Function::Unkeep,
        Function::Picture,
    ],
    calls: &[Call::Wait, Call::Release, Call::Follow],
    columns: &[
        ("group", Phase::Writing),
        ("group", Phase::Releasing),
        ("group", Phase::Watching),
    ],
};

pub(super) const PARTITIONER: Plain = Plain {
    word: "partitioner",
    functions: &[Function::Own, Function::Disown],
    calls: &[Call::Wait, Call::Release],
    columns: &[
        ("partitioner", Phase::Acquiring),
        ("partitioner", Phase::Releasing),
    ],
};

pub(super) const DISCOVERY: Plain = Plain {
    word: "discovery",
    functions: &[
        Function::Keep,
        Function::Provide,
        Function::Unkeep,
        Function::Picture,
    ],
    calls: &[Call::Wait, Call::Release, Call::Get, Call::Follow],
    columns: &[
        ("discovery", Phase::Writing),
        ("discovery", Phase::Releasing),
        ("discovery", Phase::Reading),
        ("discovery", Phase::Watching),
    ],
};

pub(super) const TTL_NODE: Plain = Plain {
    word: "ttl-node",
    functions: &[Function::Keep, Function::Provide, Function::Unkeep],
    calls: &[Call::Wait, Call::Release],
    columns: &[("ttl-node", Phase::Writing), ("ttl-node", Phase::Releasing)],
};

/// Of a recipe that holds something.
pub(super) const NONE: Plain = Plain {
    word: "",
    functions: &[],
    calls: &[],
    columns: &[],
};
