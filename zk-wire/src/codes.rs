//! Numbers with names.

pub(crate) mod create_mode;
pub(crate) mod error_code;
pub(crate) mod op_code;
pub(crate) mod permissions;
pub mod xid;
