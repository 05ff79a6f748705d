//! An async ZooKeeper client that always says what happened.
//!
//! A [`Client`] is one session with an ensemble, driven by one tokio task. It is cheap to clone, and a
//! clone may live under a [chroot](Client::chroot). Operations are builders: await them, or call
//! `.submit()` to queue them at once and await the answer later.
//!
//! Every failure carries a [`Fate`]: *not applied*, or *unknown* when the request left the process and its
//! answer was lost. Nothing needs clean-up: a dropped future takes its request out of the queue or discards
//! the answer, and a dropped [`Watch`] removes itself from the server.
//!
//! ```
//! # #[cfg(feature = "dev-server")]
//! # async fn run() -> Result<(), zk_client::Error> {
//! let zk = zk_client::Client::dev().await?;
//! zk.create("/greeting", "hello").await?;
//! let node = zk.get("/greeting").await?;
//! assert_eq!(&node.data[..], b"hello");
//! zk.close().await?;
//! # Ok(()) }
//! # #[cfg(feature = "dev-server")]
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(run()).unwrap();
//! ```
//!
//! # Features
//!
//! * `tls` (on): encrypted connections, `ClientBuilder::tls`, with the cryptography of `ring`.
//! * `tls-aws-lc` (off): the same with that of `aws-lc-rs`, also where both are on.
//! * `dev-server` (off): `Client::dev`, a client of an in-memory server, for tests and demos.
//! * `srv` (off): [`SystemResolver`] looks up services, for connect strings such as
//!   `dns-srv://_zookeeper._tcp.example.com/app`.
//! * `metrics` (off): requests, queue, watches and sessions as metrics of the `metrics` facade; `docs/metrics.md` in the
//!   repository lists them. Install the recorder before you connect.

#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

mod builder;
mod claim;
mod client;
mod detach;
#[cfg(feature = "dev-server")]
mod dev;
mod driver;
mod ensemble;
mod error;
mod expiry;
mod explain;
mod four_letter;
mod identity;
mod membership;
mod node;
mod ops;
mod pending;
mod resolver;
mod secure;
mod shared;
mod spawner;
#[cfg(feature = "srv")]
mod srv;
mod state;
mod tcp;
mod telemetry;
#[cfg(feature = "__tls")]
mod tls;
mod tracking;
mod transport;
mod unreachable;
mod watch;
mod watch_removal;

pub use builder::{ClientBuilder, OnExpiry};
pub use claim::{Claim, ClaimStatus, Loss, Settlement, Watched};
pub use client::Client;
#[cfg(feature = "dev-server")]
pub use dev::PipeTransport;
pub use error::{Error, ErrorKind, OpKind, RetryAdvice};
pub use expiry::{Expiry, ExpiryCause, LostHold};
pub use four_letter::{AskWord, Word, WordAnswer, WordError, ask_word};
pub use node::{Created, Fenced, Node};
pub use ops::{
    AllChildrenCount, Barrier, Children, ChildrenWatched, Config, ConfigWatched, Create, CreateAll,
    Delete, DeleteAll, DeleteQuota, Descendants, EnsembleConfig, Ephemerals, Exists, ExistsWatched,
    FencedCreate, Get, GetAcl, GetQuota, GetWatched, Linearizable, ListQuotas, ListedChildren,
    Member, Multi, MultiPart, MultiRead, Quota, QuotaLimits, QuotaUsage, ReadValue, Reconfig, Role,
    Set, SetAcl, SetQuota, Sync, WatchNode, WhoAmI,
};
pub use pending::Pending;
pub use resolver::{Resolver, SystemResolver};
pub use shared::clock::{Clock, SystemClock, TokioClock};
pub use shared::entropy::{Entropy, SystemEntropy};
pub use spawner::{ClientTask, Spawner};
pub use state::{State, StateStream};
pub use tcp::TcpTransport;
#[cfg(feature = "__tls")]
pub use tls::TlsConfig;
pub use transport::{BoxStream, ServerAddr, Transport, TransportStream};
pub use watch::{SetEvent, Watch, WatchSet, WatchTag};

pub use bytes::Bytes;
#[cfg(feature = "__seeded-bugs")]
#[doc(hidden)]
pub use zk_session::seeded;
pub use zk_session::{Confirm, DigestMd5, Fate, SessionTicket, TicketError, WatchEvent};
pub use zk_wire::{
    Acl, AddWatchMode, ClientInfo, CreateMode, ErrorCode, EventType, Moment, MultiResult,
    Permissions, SessionId, Stat, Zxid, digest_id, path,
};
