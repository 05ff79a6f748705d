//! What the driver task and the handles share, under one lock.

pub(crate) mod claim_table;
pub(crate) mod clock;
pub(crate) mod entropy;
pub(crate) mod handle;
pub(crate) mod inner;
pub(crate) mod latest;
pub(crate) mod queues;
pub(crate) mod raw;
pub(crate) mod scope;
pub(crate) mod stall;
