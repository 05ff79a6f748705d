//! Instances of services.

use std::time::Duration;

use zk_recipes::Standing;
use zk_recipes::discovery::{Discovery, Instance, InstanceKind, JsonCodec};

use crate::deadline;

use super::server::Server;

const SOON: Duration = Duration::from_secs(10);

/// Who registers, updates, drains and unregisters is seen so by somebody else.
pub async fn instances_of_every_kind_are_found_while_they_are_registered(server: &Server) {
    let (zk, other) = (server.client().await, server.client().await);
    let codec = JsonCodec::new().compatible(false);
    let ours = Discovery::new(&zk, "/services").unwrap().codec(codec);
    let theirs = Discovery::new(&other, "/services").unwrap();
    for kind in [
        InstanceKind::Dynamic,
        InstanceKind::DynamicSequential,
        InstanceKind::Static,
        InstanceKind::Permanent,
    ] {
        let me = Instance::builder("billing").id("i-1").kind(kind);
        let me = me.address("10.0.0.7").port(80).payload("b").build();
        let (registration, driver) = ours.register(me.clone()).unwrap();
        let driver = tokio::spawn(driver);
        let applied = async || deadline(SOON).until("it", registration.applied()).await;
        let seen = async || {
            // What the other server has not heard of yet is not missing.
            other.sync("/services").await.unwrap();
            theirs.instance("billing", "i-1").await.unwrap()
        };
        assert!(matches!(applied().await, Some(Standing::Present(_))));
        assert_eq!(seen().await, Some(me.clone()));
        registration.update(|instance| instance.port = Some(81));
        registration.drain();
        applied().await.unwrap();
        let drained = seen().await.unwrap();
        assert_eq!((drained.port, drained.enabled), (Some(81), false));
        assert_eq!(
            theirs.instances("billing").await.unwrap().instances.len(),
            1
        );
        registration.unregister();
        deadline(SOON)
            .until("the end", driver)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(seen().await, None);
    }
    assert_eq!(zk.stats().duties, 0);
}

pub async fn an_instance_that_is_deleted_comes_back_until_it_is_unregistered(server: &Server) {
    let zk = server.client().await;
    let services = Discovery::new(&zk, "/services").unwrap();
    let me = Instance::builder("billing").id("i-1").build();
    let (registration, driver) = services.register(me).unwrap();
    let driver = tokio::spawn(driver);
    let applied = async || deadline(SOON).until("it", registration.applied()).await;
    let Some(Standing::Present(first)) = applied().await else {
        panic!("it is not there");
    };
    let mut watched = registration.clone();
    // Somebody deletes it, as the end of its session would.
    server
        .client()
        .await
        .delete(registration.path())
        .await
        .unwrap();
    let back = async {
        loop {
            match watched.changed().await.unwrap() {
                Standing::Present(czxid) if czxid > first => break,
                _ => {}
            }
        }
    };
    deadline(SOON).until("it is back", back).await;
    registration.unregister();
    deadline(SOON)
        .until("the end", driver)
        .await
        .unwrap()
        .unwrap();
    assert!(zk.exists(registration.path()).await.unwrap().is_none());
}
