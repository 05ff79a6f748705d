//! The task that moves bytes: dialling, the open link, and the loop between them and the session core.

mod dial;
pub(crate) mod limits;
mod link;
mod probe;
pub(crate) mod renewal;
pub(crate) mod task;
