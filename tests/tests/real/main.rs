//! Tests against real ZooKeeper in a container.

mod conformance;
mod kit;
mod proxy;
mod stopped;
