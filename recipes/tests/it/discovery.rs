//! Services that find each other.

mod choice;
mod health;
mod lasting;
#[cfg(feature = "local-address")]
mod local;
mod outside;
mod queries;
mod register;
#[cfg(feature = "tower")]
mod tower;
mod view;

use tokio::task::JoinHandle;
use zk_client::CreateMode;
use zk_recipes::discovery::{Discovery, Instance, InstanceKind, JsonCodec, Registration};
use zk_recipes::{Bytes, Client, Error, Standing};

use crate::kit::{World, spawned};

const NODE: &str = "/services/billing/i-1";

fn services(zk: &Client) -> Discovery {
    let codec = JsonCodec::new().compatible(false);
    Discovery::new(zk, "/services").unwrap().codec(codec)
}

fn instance(kind: InstanceKind) -> Instance {
    let instance = Instance::builder("billing").id("i-1").kind(kind);
    instance.address("10.0.0.7").port(80).build()
}

/// A registration whose node is there, and its driver.
async fn registered(
    services: &Discovery,
    instance: Instance,
) -> (Registration, JoinHandle<Result<(), Error>>) {
    let (registration, driver) = services.register(instance).unwrap();
    let driver = spawned(driver);
    let standing = registration.applied().await;
    assert!(matches!(standing, Some(Standing::Present(_))));
    (registration, driver)
}

/// So many instances of the service, with ids of five digits.
async fn populate(world: &World, count: u16) {
    use zk_recipes::discovery::Codec as _;
    let zk = world.client().await;
    zk.create("/services/billing", "").parents().await.unwrap();
    for some in (0..count).collect::<Vec<_>>().chunks(1000) {
        let mut multi = zk.multi();
        for id in some {
            let id = format!("{id:05}");
            let instance = Instance::builder("billing").id(&*id).port(80).build();
            let data = JsonCodec::new().encode(&instance);
            let path = format!("/services/billing/{id}");
            multi = multi.create(&path, data, CreateMode::Persistent);
        }
        multi.await.unwrap();
    }
    zk.close().await.unwrap();
}

fn data(world: &World, path: &str) -> Option<Bytes> {
    world.hooks.node(path)?.data
}

/// The port that the node of a registration tells.
fn port(world: &World, path: &str) -> Option<u16> {
    told(world, path)?.port
}

fn told(world: &World, path: &str) -> Option<Instance> {
    use zk_recipes::discovery::Codec as _;
    Some(JsonCodec::new().decode(&data(world, path)?).unwrap())
}
