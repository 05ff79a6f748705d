//! Tests against real ZooKeeper in a container.

mod kit;
