//! What the session has promised: clean-up duties, held nodes, and until when they are safe.

pub(crate) mod duty;
pub(crate) mod gaps;
pub(crate) mod holds;
pub(crate) mod looks;
pub(crate) mod safe_window;
