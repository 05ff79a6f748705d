//! The recipes on an embedded server, in virtual time unless a test needs threads.
#![allow(
    clippy::disallowed_methods,
    reason = "the bars are for the library: its tests may look at other clocks and threads"
)]
#![expect(
    clippy::unwrap_used,
    reason = "clippy does not see that helpers of tests are tests"
)]

mod barriers;
mod caches;
mod chroot;
#[cfg(feature = "serde")]
mod clock_lease;
mod counters;
#[cfg(feature = "discovery")]
mod discovery;
mod dropped;
mod drops;
mod election;
mod ending;
mod ensembles;
mod gates;
mod groups;
mod handover;
mod herd;
mod hold;
#[cfg(feature = "serde")]
mod json;
mod kit;
mod known_defects;
mod known_traps;
mod late;
mod lease;
mod lock_delay;
mod loss;
mod loss_causes;
mod lost_replies;
mod multi_lock;
mod outage;
mod own_node;
mod partition;
mod permissions;
mod persistent_node;
mod queue;
mod rate_limiter;
mod reentrant;
mod refusals;
mod release;
mod rw_downgrade;
mod rw_lock;
mod safe_window;
mod semaphore;
mod semaphore_faults;
mod stm;
mod timing;
mod transactions;
mod ttl_node;
mod typed;
mod values;
