//! Why nothing comes of a fault.

use thiserror::Error;

/// Why nothing comes of a fault: the words make no sense, or there is nothing to do it to.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The words make no sense.
    #[error("{word:?} in {fault:?}: {expected}")]
    Words {
        /// The fault, as it was written.
        fault: String,
        /// The first word that does not fit; empty at the end.
        word: String,
        /// What would fit.
        expected: &'static str,
    },
    /// There is no such server.
    #[error("there is no such server: they are numbered from 1 to {servers}")]
    NoServer {
        /// How many there are.
        servers: u8,
    },
    /// Nobody leads at the moment.
    #[error(
        "nobody leads at the moment: wait for an election, or restart servers until there is a quorum"
    )]
    NoLeader,
    /// There is no such session.
    #[error("there is no live session {session}: it may have ended already")]
    NoSession {
        /// Which one.
        session: String,
    },
    /// There is no such node.
    #[error("there is no node {path}: create it first")]
    NoNode {
        /// Which one.
        path: String,
    },
    /// Nothing was kept that could be restored.
    #[error("no backup was taken: begin with `backup 1`")]
    NoBackup,
    /// One server has no ensemble to do this to.
    #[error("this takes several servers: start an ensemble, for example with --servers 3")]
    NoEnsemble,
}
