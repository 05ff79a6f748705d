//! Trees as files: one line of JSON per node, parents first.

pub(crate) mod entry;
pub(crate) mod file;
pub(crate) mod header;
pub(crate) mod live;
pub(crate) mod order;
pub(crate) mod window;
