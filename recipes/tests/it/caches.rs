//! Caches on an embedded server.

mod children;
mod kit;
