//! The records of requests, replies and events.

pub(crate) mod acl;
pub(crate) mod acl_parse_error;
pub(crate) mod create;
pub(crate) mod handshake;
pub(crate) mod header;
pub(crate) mod hidden;
pub(crate) mod multi;
pub(crate) mod multi_header;
pub(crate) mod multi_read;
pub(crate) mod request;
pub(crate) mod request_debug;
pub(crate) mod response;
pub(crate) mod stat;
pub(crate) mod watch;
