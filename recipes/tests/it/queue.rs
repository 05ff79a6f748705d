//! Queues: what they hand out, to whom, and what a lost answer does.

mod claim;
mod conservation;
mod corrupt;
mod cost;
mod dropped;
mod due;
mod in_flight;
mod lost;
mod lost_claims;
mod order;
mod put;
mod sharded;
mod waiting;

use std::time::Duration;

use zk_recipes::{Claimed, Client, Error, Item, Queue, QueueLayout};

use crate::kit::World;

const PATH: &str = "/queues/jobs";
const SOON: Duration = Duration::from_secs(30);

const LAYOUTS: [QueueLayout; 7] = [
    QueueLayout::Fifo,
    QueueLayout::Priority,
    QueueLayout::Delay,
    QueueLayout::Id,
    QueueLayout::Simple,
    QueueLayout::Kazoo,
    QueueLayout::KazooLocking,
];

fn queue(zk: &Client) -> Queue {
    Queue::new(zk, PATH).unwrap()
}

async fn queue_of(world: &World) -> Queue {
    queue(&world.client().await)
}

/// An entry that a queue of this layout can have.
fn entry(layout: QueueLayout, data: &str) -> zk_recipes::Entry {
    let entry = zk_recipes::Entry::new(data.to_owned());
    match layout {
        QueueLayout::Id => entry.id("x"),
        _ => entry,
    }
}

async fn take(queue: &Queue) -> String {
    text(&queue.take().timeout(SOON).await.unwrap())
}

async fn claim(queue: &Queue) -> Claimed {
    queue.claim().timeout(SOON).await.unwrap()
}

async fn try_take(queue: &Queue) -> Result<Option<String>, Error> {
    Ok(queue.try_take().await?.as_ref().map(text))
}

fn text(item: &Item) -> String {
    String::from_utf8(item.data().to_vec()).unwrap()
}

/// The nodes of the items that the server has.
fn items(world: &World) -> Vec<String> {
    let mut left = world.left(PATH);
    left.retain(|path| {
        let name = path.rsplit('/').next().unwrap();
        ["queue-", "qn-", "entry-"]
            .iter()
            .any(|start| name.starts_with(start))
            && !path.contains("/taken/")
    });
    left
}
