//! What calls of a recipe have to meet now and then, besides being made.

use zk_checkers::{Change, ChangeKind, Function, History, Op, Outcome};
use zk_wire::OpCode;

use super::Recipe;

/// What the names of pictures begin with that are read as values.
pub(crate) const TYPED: &str = "typed-";

/// What that begins with which somebody writes and is no value.
pub(crate) const NO_WORD: &str = "no word ";

/// What is to happen, and whether it does in a call.
pub type Occasion = (&'static str, fn(&History, &Op) -> bool);

impl Recipe {
    /// What its calls have to meet now and then.
    #[must_use]
    pub const fn occasions(self) -> &'static [Occasion] {
        match self {
            Self::Queue => &QUEUE,
            Self::Cache => &CACHE,
            Self::Discovery => &DISCOVERY,
            Self::TtlNode => &TTL_NODE,
            Self::Stm => &STM,
            _ => &[],
        }
    }

    /// Whether its users believe that they hold something on their session.
    #[must_use]
    pub const fn is_held(self) -> bool {
        matches!(
            self,
            Self::Mutex
                | Self::RwLock
                | Self::Semaphore
                | Self::SemaphoreMutex
                | Self::MultiLock
                | Self::Reentrant
                | Self::Election
                | Self::Lease
        )
    }

    /// Whether it lists nodes of others that go with their sessions.
    #[must_use]
    pub const fn lists_others(self) -> bool {
        let meets = matches!(self, Self::DoubleBarrier | Self::CyclicBarrier);
        let gathers = matches!(self, Self::Group | Self::Partitioner | Self::Discovery);
        self.is_held() || meets || gathers
    }

    /// What it sends in place of a request that locks send, and where to.
    #[must_use]
    pub const fn sends(self, op: OpCode, path: &'static str) -> (OpCode, &'static str) {
        match (self, op) {
            (Self::TtlNode, OpCode::Create2) => (OpCode::CreateTtl, "/locks"),
            (Self::TtlNode, OpCode::SetData | OpCode::Delete) => (OpCode::SetData, "/locks"),
            _ => (op, path),
        }
    }

    /// Whether it makes nodes by requests of their own, and not in transactions alone.
    #[must_use]
    pub const fn creates(self) -> bool {
        let writes = matches!(self, Self::Counter | Self::BlockCounter | Self::SharedValue);
        !writes && !matches!(self, Self::Stm | Self::CountDownLatch)
    }
}

const QUEUE: [Occasion; 6] = [
    ("put with others at once", |_, op| {
        puts(op, Outcome::Ok) && !op.together.is_empty()
    }),
    ("put into a bounded queue", |_, op| {
        puts(op, Outcome::Ok) && !op.capacity.is_empty() && !op.sequential
    }),
    ("put into a strictly bounded queue", |_, op| {
        puts(op, Outcome::Ok) && !op.capacity.is_empty() && op.sequential
    }),
    ("no room for a put", |_, op| {
        puts(op, Outcome::NotApplied) && !op.capacity.is_empty() && op.error == 0
    }),
    ("put into a part of a queue", |history, op| {
        puts(op, Outcome::Ok) && is_part(history, op)
    }),
    ("taken as one of several", |_, op| {
        let many = op.expected.is_some_and(|wanted| wanted > 1);
        op.function == Function::Take && op.outcome == Outcome::Ok && many
    }),
];

const CACHE: [Occasion; 5] = [
    FRESH,
    STALE,
    AGED,
    ("read as values", |history, op| {
        history.texts.bytes(op.recipe).starts_with(TYPED.as_bytes())
    }),
    ("read as values, and some is none", |history, op| {
        let is_typed = history.texts.bytes(op.recipe).starts_with(TYPED.as_bytes());
        let number = op.expected.and_then(|number| u32::try_from(number).ok());
        let mut nodes = history.cached.iter();
        is_typed
            && nodes.any(|node| {
                let is_one = (node.recipe, Some(node.number)) == (op.recipe, number);
                is_one
                    && history
                        .texts
                        .bytes(node.data)
                        .starts_with(NO_WORD.as_bytes())
            })
    }),
];
const DISCOVERY: [Occasion; 4] = [FRESH, STALE, AGED, SICK];

const STM: [Occasion; 3] = [
    ("decided by a condition that holds", |history, op| {
        history.texts.bytes(op.reply) == b"then"
    }),
    (
        "decided by a condition that does not hold",
        |history, op| history.texts.bytes(op.reply) == b"otherwise",
    ),
    ("not known how it was decided", |_, op| {
        op.function == Function::Decide && op.outcome == Outcome::Unknown
    }),
];

const TTL_NODE: [Occasion; 3] = [
    ("found there, and kept from then on", |history, op| {
        let mut made = changes(history, op, ChangeKind::Create);
        keeps(op) && made.any(|made| made.zxid == op.token && made.at < op.invoked)
    }),
    ("there again after its time was over", |history, op| {
        let mut gone = changes(history, op, ChangeKind::Delete);
        keeps(op) && gone.any(|gone| gone.session.is_none() && gone.zxid < op.token)
    }),
    ("taken after it was let go of", |history, op| {
        let mut gone = changes(history, op, ChangeKind::Delete);
        let ended = op.returned.filter(|_| op.function == Function::Unkeep);
        gone.any(|gone| gone.session.is_none() && ended.is_some_and(|ended| gone.at > ended))
    }),
];

const FRESH: Occasion = ("looked at while fresh", |history, op| {
    history.texts.bytes(op.reply) == b"fresh"
});
const STALE: Occasion = ("looked at while stale", |history, op| {
    history.texts.bytes(op.reply) == b"stale"
});
const AGED: Occasion = ("looked at with a bound of its age", |_, op| {
    op.function == Function::Picture && !op.from.is_empty()
});

const SICK: Occasion = ("withdrawn while it was not well", |_, op| {
    op.function == Function::Unkeep && op.outcome == Outcome::Ok && !op.data.is_empty()
});

fn keeps(op: &Op) -> bool {
    matches!(op.function, Function::Keep | Function::Provide) && op.outcome == Outcome::Ok
}

/// The changes of that kind of the node that a call is about.
fn changes<'h>(
    history: &'h History,
    op: &Op,
    kind: ChangeKind,
) -> impl Iterator<Item = &'h Change> + use<'h> {
    let (path, changes) = (op.path, history.truth.changes.iter());
    changes.filter(move |change| change.path == path && change.kind == kind)
}

fn puts(op: &Op, outcome: Outcome) -> bool {
    op.function == Function::Put && op.outcome == outcome
}

fn is_part(history: &History, op: &Op) -> bool {
    let path = history.texts.bytes(op.path);
    path.windows(b"/node/".len()).any(|part| part == b"/node/")
}
