//! An in-memory ZooKeeper server for development and tests.
//!
//! [`EmbeddedServer`] listens on a port of 127.0.0.1, [`PipeServer`] is reached through memory and runs on
//! a paused tokio clock if you like. Both start in milliseconds, take no thread of their own, and there
//! may be many in one process. Nothing in this crate starts one unless asked to, and each says so in the
//! log when it starts: two machines with a server of their own would each hold the same lock.
//!
//! To a client it is a stand-alone ZooKeeper 3.9.3: the tree with all kinds of nodes, sessions with tick
//! buckets, one-shot, persistent and recursive watches, multi and multiRead, ACLs with digest
//! authentication, quotas; or an older release, if it is told to be ([`ServerConfig::profile`]). What it
//! lacks: a disk, Kerberos, reconfiguration. With the feature `tls` its ports speak TLS if they are told to
//! (`ServerBuilder::tls`).
//!
//! [`Hooks`] break things on purpose: they cut a connection before or after a request takes effect,
//! delay answers, expire sessions, hold commits; and they tell what was asked of the server and what is
//! left in it.
//!
//! [`EmbeddedEnsemble`] and [`PipeEnsemble`] are several servers with one log: a leader that orders writes
//! and lets sessions expire, followers that lag, are cut off, crash, elect another. [`EnsembleHooks`] break
//! that, too, and [`mod@test`] says how faults are put in words.
//!
//! [`ServerCore`] and [`EnsembleCore`] are the same as state machines, without sockets and without a clock,
//! for simulations. Both can tell what really happened ([`Witnessed`]), for a checker to compare with.
#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

mod builder;
mod core;
mod ensemble;
mod hooks;
mod hub;
mod link;
mod pipe;
mod pipe_stream;
mod security;
mod shared;
mod start_error;
mod tcp;
#[cfg(feature = "tls")]
mod tls;

pub use crate::core::{
    Backup, ConnKey, EnsembleConfig, EnsembleCore, Fact, Match, MemberInfo, MemberState,
    NodeChange, NodeInfo, Reaction, RequestCounts, RequestRecord, RuleId, SaslUsers, ServerConfig,
    ServerCore, ServerId, SessionInfo, Version, Witnessed,
};
pub use builder::ServerBuilder;
pub use ensemble::{EmbeddedEnsemble, EnsembleBuilder, EnsembleHooks, PipeEnsemble, ServerFault};
pub use hooks::{Fault, Hooks};
pub use pipe::{PipeConnector, PipeServer};
pub use pipe_stream::PipeStream;
pub use start_error::StartError;
pub use tcp::EmbeddedServer;
#[cfg(feature = "tls")]
pub use tls::ServerTls;

/// Faults as data and in words, for tests in any language and for the shell.
///
/// A test says what is to happen in the words that [`FaultPlan`](test::FaultPlan) explains, and gives them to
/// [`EnsembleHooks::chaos`]:
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), zk_embedded::test::Refusal> {
/// use zk_embedded::PipeEnsemble;
///
/// let ensemble = PipeEnsemble::builder().servers(3).in_memory();
/// let hooks = ensemble.hooks();
/// hooks.chaos("on create2 /locks/ cut-after; after 5s kill leader for 10s")?;
/// # Ok(())
/// # }
/// ```
pub mod test {
    pub use crate::core::{Action, FaultPlan, Refusal, Then, Trigger, Who};
}
