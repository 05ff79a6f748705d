//! The core as a client meets it: bytes in, bytes out, in virtual time.

mod admission;
mod control;
mod errors;
mod expiry;
mod faults;
mod hostile;
mod kinds;
mod limits;
pub(in crate::core) mod rig;
mod sasl;
mod set_watches;
mod transactions;
mod versions;
mod watch_order;
