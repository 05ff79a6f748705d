//! Requests before and on the wire.

pub(crate) mod coalescer;
pub(crate) mod in_flight;
pub(crate) mod joined;
pub(crate) mod purpose;
pub(crate) mod queue;
pub(crate) mod request_len;
