//! The faces of the server, as clients and tests meet them.

mod client;
mod faces;
mod hooks;
mod lifecycle;
mod virtual_time;
