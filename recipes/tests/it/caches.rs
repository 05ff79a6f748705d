//! Caches on an embedded server.

mod children;
mod kit;
mod node;
mod old_servers;
mod outages;
mod readers;
mod tree;
mod typed;
mod waiting;
