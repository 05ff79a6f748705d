//! The records' text form, and what each checker accepts and rejects.
#![expect(
    clippy::unwrap_used,
    reason = "clippy does not see that helpers of tests are tests"
)]

mod barriers;
mod branches;
mod cancel;
mod cases;
mod effort;
mod elections;
mod generated;
mod jobs;
mod kept;
mod leaks;
mod liveness;
mod locks;
mod model;
mod owners;
mod permits;
mod pictures;
mod queues;
mod registers;
mod rw_locks;
mod search;
mod sessions;
mod size;
mod text;
mod ttl_nodes;
mod values;
mod watches;
