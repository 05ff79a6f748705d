//! How an operation ends.

use ::zk_client::{Node, Stat};
use recipes::{Contender, LockGuard};

use crate::failure::Failure;

/// What a successful operation yields.
#[derive(Debug)]
pub(crate) enum Yield {
    Nothing,
    Node(Node),
    Stat(Stat),
    Existence(Option<Stat>),
    Path(String),
    Names(Vec<String>),
    Contenders(Vec<Contender>),
    /// None: the lock is not free.
    Guard(Option<LockGuard>),
    /// Whether the lock was held to the end.
    Released(bool),
}

/// How an operation ended.
pub(crate) type Outcome = Result<Yield, Failure>;
