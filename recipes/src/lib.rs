//! Coordination recipes on ZooKeeper that tell the truth about what is held.
//!
//! Every exclusive hold has a fencing token, says when it is [in doubt](Held::is_safe) and when it is
//! [lost](LockGuard::lost), and leaves nothing behind: a future or guard dropped at any point takes its node with
//! it. Paths, names and payloads are Curator's (or kazoo's), so that programs on either side share locks.
//!
//! ```
//! # #[cfg(feature = "dev-server")]
//! # fn main() {
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! use zk_recipes::{Client, Mutex};
//!
//! # async fn charge(_token: u64) -> u32 { 42 }
//! # let zk = Client::dev().await?; /*
//! let zk = Client::builder("zk1:2181,zk2:2181,zk3:2181").connect().await?;
//! # */
//! let billing = Mutex::new(&zk, "/locks/billing")?;
//! let total = billing.hold(|held| async move { charge(held.token()).await }).await?;
//! # assert_eq!(total, 42);
//! zk.close().await?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap(); }
//! # #[cfg(not(feature = "dev-server"))]
//! # fn main() {}
//! ```
//!
//! | recipe | layout shared with | maturity |
//! |---|---|---|
//! | [`Mutex`] | Curator's InterProcessMutex, go-zk's lock; kazoo's Lock on request ([`Layout`]) | alpha |
//! | [`Election`], [`Latch`] | Curator's LeaderLatch; its LeaderSelector or kazoo's Election on request ([`ElectionLayout`]) | alpha |
//! | [`AtomicLong`], [`AtomicInt`], [`AtomicValue`], [`BlockCounter`] | Curator's DistributedAtomicLong, -Integer, -Value, CachedAtomicLong; kazoo's Counter | alpha |
//! | [`SharedValue`], [`TypedValue`], [`SharedCount`] | Curator's SharedValue, SharedCount | alpha |
//! | [`Barrier`], [`DoubleBarrier`] | Curator's DistributedBarrier, DistributedDoubleBarrier; kazoo's Barrier, DoubleBarrier | alpha |
//! | [`CountDownLatch`], [`CyclicBarrier`], [`EventFlag`] | none: our own | alpha |
//! | [`RwLock`] | Curator's InterProcessReadWriteLock; kazoo's ReadLock and WriteLock on request | alpha |
//! | [`Semaphore`] | Curator's InterProcessSemaphoreV2; kazoo's Semaphore on request | alpha |
//! | [`SemaphoreMutex`] | Curator's InterProcessSemaphoreMutex | alpha |
//! | [`MultiLock`] | Curator's InterProcessMultiLock of InterProcessMutexes | alpha |
//! | [`Queue`], [`ShardedQueue`] | Curator's DistributedQueue, -PriorityQueue, -DelayQueue, -IdQueue, SimpleDistributedQueue, QueueSharder; kazoo's Queue, LockingQueue ([`QueueLayout`]) | alpha |
//! | [`Lease`], [`RateLimiter`] | none: our own | alpha |
//! | `ClockLease` (feature `serde`) | kazoo's NonBlockingLease, MultiNonBlockingLease | alpha |
//! | [`Transaction`], [`Conditional`], [`Stm`] | none: plain transactions | alpha |
//! | [`gate`]: fencing tokens outside ZooKeeper | none: our own | alpha |
//! | [`Group`] | Curator's GroupMember; kazoo's Party, ShallowParty on request ([`GroupLayout`]) | alpha |
//! | [`Partitioner`] | members and locks of Curator's kinds; kazoo's SetPartitioner on request | alpha |
//! | [`PersistentNode`], [`TtlNode`] | Curator's PersistentNode, PersistentTtlNode | alpha |
//! | `discovery`: services that find each other | Curator's service discovery | alpha |
//! | [`NodeCache`], [`ChildrenCache`], [`TreeCache`], [`TypedCache`] | none: they write nothing | alpha |
//!
//! # Features
//!
//! * `tls` (on): encrypted connections, `ClientBuilder::tls`, with the cryptography of `ring`.
//! * `tls-aws-lc` (off): the same with that of `aws-lc-rs`, also where both are on.
//! * `discovery` (on): services that find each other; brings `serde_json`.
//! * `serde` (on): values of any type that `serde` knows, as JSON (`Json`); brings `serde_json`.
//! * `local-address` (off): instances that say no address get one of this machine's (`Discovery::local_address`).
//! * `tower` (off): what the balancers of `tower` want to know of them.
//! * `srv` (off): ensembles behind the name of a service (DNS SRV), as in `dns-srv://_zookeeper._tcp.example.com/app`.
//! * `metrics` (off): what the client counts, for the `metrics` facade.
//! * `dev-server` (off): `Client::dev`, a client of an in-memory server, for tests and demos.

#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

mod barrier;
mod cache;
mod cell;
#[cfg(feature = "serde")]
mod clock_lease;
mod contend;
mod counter;
mod decided;
#[cfg(feature = "__decisions")]
#[doc(hidden)]
pub mod decisions;
#[cfg(feature = "discovery")]
pub mod discovery;
mod election;
pub mod gate;
mod group;
mod lease;
mod lock;
mod multi_lock;
mod parents;
mod partition;
mod persistent_node;
mod queue;
mod rate_limiter;
mod renewal;
mod rw_lock;
mod semaphore;
mod stm;
mod transaction;
mod ttl_node;
mod uuid;
mod value;
mod wait;

pub use barrier::{
    Arrive, Barrier, BarrierMember, CountDownLatch, CyclicBarrier, DoubleBarrier, Enter, EventFlag,
    Leave, Left, MemberLost,
};
pub use cache::{
    Cache, CacheChange, CacheChanges, CacheLoading, CacheSnapshot, CachedNode, ChildrenCache,
    NodeCache, TreeCache, TypedCache,
};
pub use contend::{Family, Layout};
pub use counter::{
    AtomicInt, AtomicLong, AtomicNumber, BlockCounter, Change, CompareAndSet, Number,
};
pub use election::{
    Elected, Election, ElectionLayout, Latch, Leader, Leaders, Leadership, Term, Terms,
};
pub use group::{Group, GroupLayout, GroupMember, Membership, Roster, Rosters};
pub use lease::{Lease, Ran, Started};
pub use lock::{
    Acquire, Broken, Contender, Exclusive, Held, HoldError, HoldKind, Holding, LockGuard, LockLost,
    LockLostWhy, Mutex, OnDoubt, ReentrantGuard, ReentrantMutex, Released,
};
pub use multi_lock::{AcquireAll, MultiGuard, MultiLock};
pub use partition::{Division, ItemStanding, Owned, Partitioner};
pub use persistent_node::{PersistentNode, Presence, Standing};
pub use queue::{
    ClaimNext, Claimed, Entry, Item, Listed, OnCorrupt, Placed, Put, PutAll, Queue, QueueLayout,
    ShardedQueue, Take, TakeMany,
};
pub use rate_limiter::RateLimiter;
pub use rw_lock::{ReadGuard, Reading, RwLock, WriteGuard, Writing};
pub use semaphore::{AcquirePermit, AcquirePermits, Leased, Permit, Semaphore, SemaphoreMutex};
pub use stm::{Stm, Tx};
pub use transaction::{Append, Conditional, Decided, Made, Operation, Results, Transaction, Unmet};
pub use ttl_node::{FoundTtl, TtlNode};
pub use value::{
    AtomicValue, Changes, CountChanges, Replaced, SharedCount, SharedValue, Stored, TypedChanges,
    TypedValue, Versioned,
};
pub use wait::Wait;

pub use zk_client::{
    Acl, AddWatchMode, Bytes, Client, ClientBuilder, ClientInfo, Confirm, CreateMode, Created,
    DigestMd5, EnsembleConfig, Error, ErrorKind, Expiry, ExpiryCause, Fate, Fenced, LostHold,
    Member, Moment, MultiResult, Node, OnExpiry, OpKind, Permissions, Quota, QuotaLimits,
    QuotaUsage, ReadValue, Resolver, RetryAdvice, Role, ServerAddr, SessionId, SessionTicket, Stat,
    State, StateStream, Watch, WatchEvent, Word, WordAnswer, WordError, Zxid, ask_word, digest_id,
    path,
};

#[cfg(feature = "serde")]
pub use clock_lease::{ClockLease, LeaseSpan, Tenure};
#[cfg(feature = "serde")]
pub use value::{Json, JsonError};

#[cfg(any(feature = "tls", feature = "tls-aws-lc"))]
pub use zk_client::TlsConfig;

/// The lines of the README must compile.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

/// So must those of the pages for users of other libraries.
#[cfg(doctest)]
#[doc = include_str!("../../docs/migrating-from-curator.md")]
#[doc = include_str!("../../docs/migrating-from-kazoo.md")]
struct Migrating;
