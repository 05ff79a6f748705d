//! Values that are more than a number.

pub(crate) mod moment;
pub(crate) mod password;
pub(crate) mod session_id;
pub(crate) mod zxid;
