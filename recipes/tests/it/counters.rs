//! Counters: what they count, what they cost, and what a lost answer does.

mod contention;
mod cost;
mod layouts;
mod lost;

use zk_recipes::AtomicLong;

use crate::kit::World;

const PATH: &str = "/counters/n";

/// The number that the server has, if the node holds one.
fn stored(world: &World) -> i64 {
    let node = world.hooks.node(PATH).unwrap();
    i64::from_be_bytes(node.data.unwrap()[..].try_into().unwrap())
}

async fn counter(world: &World) -> AtomicLong {
    AtomicLong::new(&world.client().await, PATH).unwrap()
}
