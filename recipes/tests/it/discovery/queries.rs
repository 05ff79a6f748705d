//! Asking once.

use zk_client::CreateMode;
use zk_recipes::ErrorKind;
use zk_recipes::discovery::{Codec as _, Discovery, Instance, InstanceKind, JsonCodec};
use zk_wire::OpCode;

use super::{instance, registered, services};
use crate::kit::World;

#[tokio::test(start_paused = true)]
async fn services_and_instances_are_found_by_name_and_id() {
    let world = World::new();
    let zk = world.client().await;
    let services = services(&zk);
    assert_eq!(services.names().await.unwrap(), [""; 0]);
    assert_eq!(
        services.instances("billing").await.unwrap(),
        Default::default()
    );
    assert_eq!(services.instance("billing", "i-1").await.unwrap(), None);
    let (_one, _driver) = registered(&services, instance(InstanceKind::Dynamic)).await;
    let (_two, _driver) = registered(&services, Instance::builder("audit").id("2").build()).await;
    let (_three, _driver) =
        registered(&services, Instance::builder("billing").id("0").build()).await;
    assert_eq!(services.names().await.unwrap(), ["audit", "billing"]);
    let found = services.instances("billing").await.unwrap();
    let ids: Vec<_> = found.instances.iter().map(|one| &*one.id).collect();
    assert_eq!(ids, ["0", "i-1"]);
    let one = services.instance("billing", "i-1").await.unwrap().unwrap();
    assert_eq!(one, instance(InstanceKind::Dynamic));
    let bad = services.instance("billing", "a/b").await.unwrap_err();
    assert_eq!(bad.kind(), ErrorKind::InvalidPath);
}

#[tokio::test(start_paused = true)]
async fn a20_a_sequential_instance_is_found_by_its_id_also_among_duplicates_of_others() {
    let world = World::new();
    let zk = world.client().await;
    let services = services(&zk);
    let (registration, _driver) =
        registered(&services, instance(InstanceKind::DynamicSequential)).await;
    let one = services.instance("billing", "i-1").await.unwrap().unwrap();
    assert_eq!(one, instance(InstanceKind::DynamicSequential));
    // As Curator leaves one more at each reconnect; and an id that begins alike.
    let codec = JsonCodec::new();
    let mut later = one.clone();
    later.port = Some(81);
    let sequential = zk.create("/services/billing/i-1", codec.encode(&later));
    let made = sequential
        .mode(CreateMode::EphemeralSequential)
        .await
        .unwrap();
    assert_ne!(made.path, registration.path());
    let alike = Instance::builder("billing").id("i-10000000009").build();
    let path = "/services/billing/i-10000000009";
    zk.create(path, codec.encode(&alike)).await.unwrap();
    let one = services.instance("billing", "i-1").await.unwrap().unwrap();
    assert_eq!(one, later, "the last that was registered");
    let found = services.instances("billing").await.unwrap();
    assert_eq!(found.instances, [later, alike]);
}

#[tokio::test(start_paused = true)]
async fn c65_curator574_empty_nodes_are_skipped_and_broken_ones_told() {
    let world = World::new();
    let zk = world.client().await;
    let services = services(&zk);
    let (_one, _driver) = registered(&services, instance(InstanceKind::Dynamic)).await;
    zk.create("/services/billing/empty", "").await.unwrap();
    zk.create("/services/billing/ip", "192.168.1.5")
        .await
        .unwrap();
    zk.create("/services/unused", "").await.unwrap();
    assert_eq!(services.names().await.unwrap(), ["billing", "unused"]);
    let found = services.instances("billing").await.unwrap();
    assert_eq!(found.instances, [instance(InstanceKind::Dynamic)]);
    assert_eq!(found.broken.len(), 1);
    assert_eq!(found.broken[0].node, "ip");
    assert_eq!(services.instance("billing", "empty").await.unwrap(), None);
    let error = services.instance("billing", "ip").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Undecodable);
    let text = error.to_string();
    assert!(text.contains("/services/billing/ip"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn many_instances_are_read_with_few_requests() {
    let world = World::new();
    super::populate(&world, 2000).await;
    let zk = world.builder().servers_from(3, 6).connect().await.unwrap();
    let before = world.asked(zk.session_id().unwrap());
    let found = services(&zk).instances("billing").await.unwrap();
    let after = world.asked(zk.session_id().unwrap());
    assert_eq!(found.instances.len(), 2000);
    assert!(
        after.all_since(&before) < 40,
        "{}",
        after.all_since(&before)
    );
    assert!(after.since(&before, OpCode::MultiRead) > 0);
}

#[tokio::test(start_paused = true)]
async fn a_tree_that_is_laid_out_otherwise_is_used_as_it_is() {
    let world = World::new();
    let zk = world.client().await;
    let services = Discovery::new(&zk, "/services").unwrap();
    let services = services.paths(|base: &str, name: &str| format!("{base}/{name}/instances"));
    let (registration, _driver) = registered(&services, instance(InstanceKind::Dynamic)).await;
    assert_eq!(registration.path(), "/services/billing/instances/i-1");
    let found = services.instances("billing").await.unwrap();
    assert_eq!(found.instances.len(), 1);
}
