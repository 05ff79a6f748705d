//! Instances that are registered for as long as somebody keeps them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use zk_client::{AddWatchMode, CreateMode, WatchEvent};
use zk_embedded::Match;
use zk_recipes::discovery::{Discovery, Instance, InstanceKind};
use zk_recipes::{Client, ErrorKind, Standing};
use zk_wire::OpCode;

use super::{NODE, data, instance, port, registered, services, told};
use crate::kit::{ROUND_TRIP, World, settle, spawned};

#[tokio::test(start_paused = true)]
async fn an_instance_is_there_in_curators_form_until_it_is_unregistered() {
    let world = World::new();
    let zk = world.client().await;
    let services = Discovery::new(&zk, "/services").unwrap();
    let (registration, driver) = registered(&services, instance(InstanceKind::Dynamic)).await;
    let form = r#"{"name":"billing","id":"i-1","address":"10.0.0.7","port":80,"sslPort":null,"payload":null,"registrationTimeUTC":0,"serviceType":"DYNAMIC","uriSpec":null}"#;
    assert_eq!(data(&world, NODE).unwrap(), form);
    assert_eq!(registration.path(), NODE);
    let stat = world.hooks.node(NODE).unwrap().stat;
    assert_eq!(Some(stat.ephemeral_owner), zk.session_id());
    registration.unregister();
    registration.unregister();
    driver.await.unwrap().unwrap();
    assert_eq!(data(&world, NODE), None, "the driver ends when it is gone");
    registration.unregister();
    assert_eq!(registration.applied().await, None);
    assert_eq!(registration.standing(), Standing::Absent);
    let stats = zk.stats();
    assert_eq!((stats.watches, stats.duties), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn an_instance_without_an_id_is_given_one_and_bad_names_are_refused() {
    let world = World::new();
    let zk = world.client().await;
    let services = services(&zk);
    let (registration, _driver) = registered(&services, Instance::builder("billing").build()).await;
    let id = registration.instance().id;
    assert_eq!(id.len(), 36);
    assert_eq!(registration.path(), format!("/services/billing/{id}"));
    for (name, id) in [
        ("a/b", "1"),
        ("", "1"),
        ("a", "x/y"),
        ("..", "1"),
        ("a", "."),
    ] {
        let refused = services.register(Instance::builder(name).id(id).build());
        assert_eq!(refused.err().unwrap().kind(), ErrorKind::InvalidPath);
    }
}

#[tokio::test(start_paused = true)]
async fn a_driver_or_a_last_registration_that_is_dropped_takes_the_node_with_it() {
    let world = World::new();
    let zk = world.client().await;
    let (registration, driver) = registered(&services(&zk), instance(InstanceKind::Dynamic)).await;
    driver.abort();
    world.until_empty("/services/billing").await;
    assert_eq!(registration.applied().await, None);
    let (registration, driver) = registered(&services(&zk), instance(InstanceKind::Dynamic)).await;
    let copy = registration.clone();
    drop(registration);
    settle().await;
    assert!(data(&world, NODE).is_some());
    drop(copy);
    driver.await.unwrap().unwrap();
    assert_eq!(data(&world, NODE), None);
    assert_eq!(zk.stats().duties, 0);
}

#[tokio::test(start_paused = true)]
async fn curator181_after_an_expiry_the_instance_is_registered_with_what_was_asked_last() {
    let world = World::new();
    let zk = world.client().await;
    let (registration, _driver) = registered(&services(&zk), instance(InstanceKind::Dynamic)).await;
    registration.update(|instance| instance.port = Some(81));
    registration.applied().await.unwrap();
    assert_eq!(port(&world, NODE), Some(81));
    for next in 82..87 {
        let session = zk.session_id().unwrap();
        world.hooks.expire(session);
        registration.update(|instance| instance.port = Some(next));
        registration.applied().await.unwrap();
        while zk.session_id() == Some(session) {
            tokio::time::sleep(ROUND_TRIP).await;
        }
        let there = registration.applied().await.unwrap();
        assert!(matches!(there, Standing::Present(_)));
        assert_eq!(port(&world, NODE), Some(next));
        assert_eq!(world.left("/services/billing"), [NODE]);
    }
    assert_eq!(zk.stats().duties, 1);
}

/// The changes below a service that a watcher with a session of its own sees.
async fn watched(world: &World) -> Arc<AtomicUsize> {
    let watcher: Client = world.client().await;
    let seen = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&seen);
    let mode = AddWatchMode::PersistentRecursive;
    let mut watch = watcher.watch("/services", mode).await.unwrap();
    tokio::spawn(async move {
        while let Some(event) = watch.next().await {
            if matches!(event, WatchEvent::Fired { .. }) {
                counted.fetch_add(1, Ordering::Relaxed);
            }
        }
        drop(watcher);
    });
    seen
}

#[tokio::test(start_paused = true)]
async fn a20_ten_reconnects_leave_one_instance_of_any_kind_and_no_watcher_sees_it_go() {
    for kind in [
        InstanceKind::Dynamic,
        InstanceKind::DynamicSequential,
        InstanceKind::Static,
        InstanceKind::Permanent,
    ] {
        let world = World::new();
        let zk = world.client().await;
        let (registration, _driver) = registered(&services(&zk), instance(kind)).await;
        let nodes = world.left("/services/billing");
        assert_eq!(nodes, [registration.path()]);
        let created = world.hooks.node(&nodes[0]).unwrap().stat.czxid;
        let seen = watched(&world).await;
        for _ in 0..10 {
            world.hooks.cut_session(zk.session_id().unwrap());
            tokio::time::sleep(ROUND_TRIP * 100).await;
        }
        assert_eq!(zk.generation(), 1);
        assert_eq!(world.left("/services/billing"), nodes);
        assert_eq!(world.hooks.node(&nodes[0]).unwrap().stat.czxid, created);
        assert_eq!(seen.load(Ordering::Relaxed), 0, "{kind:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a20_a_sequential_instance_is_found_by_update_unregister_and_in_later_sessions() {
    let world = World::new();
    let zk = world.client().await;
    let services = services(&zk);
    let kind = InstanceKind::DynamicSequential;
    let (registration, driver) = registered(&services, instance(kind)).await;
    // Another of the same id does not wait.
    let (other, _driver) = registered(&services, instance(kind)).await;
    let path = registration.path().to_owned();
    assert_eq!(path.len(), NODE.len() + 10);
    assert!(path.starts_with(NODE) && path != other.path());
    registration.update(|instance| instance.port = Some(81));
    registration.applied().await.unwrap();
    assert_eq!(port(&world, &path), Some(81));
    for generation in 2..7 {
        world.hooks.expire(zk.session_id().unwrap());
        while zk.generation() < generation || registration.standing() == Standing::Absent {
            tokio::time::sleep(ROUND_TRIP).await;
        }
        registration.applied().await.unwrap();
        other.applied().await.unwrap();
        settle().await;
        assert_eq!(world.left("/services/billing").len(), 2);
        assert_eq!(port(&world, &path), Some(81));
    }
    registration.unregister();
    driver.await.unwrap().unwrap();
    assert_eq!(world.left("/services/billing"), [other.path()]);
}

#[tokio::test(start_paused = true)]
async fn curator164_what_was_unregistered_never_comes_back() {
    for wait in 0..12 {
        let world = World::new();
        let zk = world.client().await;
        let (registration, driver) = services(&zk)
            .register(instance(InstanceKind::Dynamic))
            .unwrap();
        let driver = spawned(driver);
        // It ends at whatever point of its first registration and of the next session.
        if wait >= 6 {
            registration.applied().await.unwrap();
            world.hooks.expire(zk.session_id().unwrap());
        }
        tokio::time::sleep(ROUND_TRIP / 2 * (wait % 6)).await;
        registration.unregister();
        registration.update(|instance| instance.port = Some(81));
        registration.resume();
        driver.await.unwrap().unwrap();
        let seen = watched(&world).await;
        for _ in 0..3 {
            world.hooks.cut_session(zk.session_id().unwrap());
            tokio::time::sleep(ROUND_TRIP * 100).await;
            world.hooks.expire(zk.session_id().unwrap());
            tokio::time::sleep(ROUND_TRIP * 100).await;
        }
        assert_eq!(data(&world, NODE), None, "{wait}");
        assert_eq!(seen.load(Ordering::Relaxed), 0, "{wait}");
        assert_eq!(zk.stats().duties, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn curator617_a_lost_answer_neither_doubles_an_instance_nor_keeps_it() {
    for kind in [
        InstanceKind::Dynamic,
        InstanceKind::DynamicSequential,
        InstanceKind::Static,
    ] {
        for op in [OpCode::Create2, OpCode::SetData, OpCode::Delete] {
            for applied in [true, false] {
                let world = World::new();
                let zk = world.client().await;
                let parents = zk.create("/services/billing", "").parents();
                parents.await.unwrap();
                let fault = world.hooks.on(Match::op(op));
                match applied {
                    true => fault.cut_after_apply(),
                    false => fault.cut_before_apply(),
                };
                let (registration, driver) = registered(&services(&zk), instance(kind)).await;
                registration.update(|instance| instance.port = Some(81));
                registration.applied().await.unwrap();
                assert_eq!(world.left("/services/billing"), [registration.path()]);
                assert_eq!(port(&world, registration.path()), Some(81));
                registration.unregister();
                driver.await.unwrap().unwrap();
                let told = format!("{kind:?} {op:?} {applied}");
                assert_eq!(world.left("/services/billing"), [""; 0], "{told}");
                assert_eq!(zk.generation(), 1);
                assert_eq!(zk.stats().duties, 0);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_node_of_an_older_run_is_waited_for_and_never_touched() {
    for kind in [InstanceKind::Dynamic, InstanceKind::Static] {
        let world = World::new();
        let (zk, older) = (world.client().await, world.client().await);
        older
            .create("/services/billing", "")
            .parents()
            .await
            .unwrap();
        let create = older.create(NODE, "older").mode(CreateMode::Ephemeral);
        create.await.unwrap();
        let (registration, driver) = services(&zk).register(instance(kind)).unwrap();
        let driver = spawned(driver);
        settle().await;
        let owner = older.session_id().unwrap();
        assert_eq!(registration.standing(), Standing::Taken(owner));
        registration.update(|instance| instance.port = Some(81));
        settle().await;
        assert_eq!(registration.standing(), Standing::Taken(owner));
        assert_eq!(data(&world, NODE).unwrap(), "older");
        older.close().await.unwrap();
        registration.applied().await.unwrap();
        assert_eq!(port(&world, NODE), Some(81));
        registration.unregister();
        driver.await.unwrap().unwrap();
        assert_eq!(data(&world, NODE), None);
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_waits_for_an_older_run_can_be_unregistered() {
    for kind in [InstanceKind::Dynamic, InstanceKind::Static] {
        let world = World::new();
        let (zk, older) = (world.client().await, world.client().await);
        older
            .create("/services/billing", "")
            .parents()
            .await
            .unwrap();
        let create = older.create(NODE, "older").mode(CreateMode::Ephemeral);
        create.await.unwrap();
        let (registration, driver) = services(&zk).register(instance(kind)).unwrap();
        let driver = spawned(driver);
        settle().await;
        registration.unregister();
        driver.await.unwrap().unwrap();
        assert_eq!(data(&world, NODE).unwrap(), "older");
        assert_eq!(zk.stats().watches, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_drained_instance_stays_with_its_flag_off_or_goes_where_that_is_not_written() {
    let world = World::new();
    let zk = world.client().await;
    let (registration, _driver) = registered(&services(&zk), instance(InstanceKind::Dynamic)).await;
    let created = world.hooks.node(NODE).unwrap().stat.czxid;
    registration.drain();
    registration.applied().await.unwrap();
    assert!(!told(&world, NODE).unwrap().enabled);
    registration.resume();
    registration.applied().await.unwrap();
    assert!(told(&world, NODE).unwrap().enabled);
    assert_eq!(world.hooks.node(NODE).unwrap().stat.czxid, created);
    drop(registration);
    world.until_empty("/services/billing").await;

    for kind in [InstanceKind::Dynamic, InstanceKind::Permanent] {
        let compatible = Discovery::new(&zk, "/services").unwrap();
        let (registration, driver) = registered(&compatible, instance(kind)).await;
        registration.drain();
        assert_eq!(registration.applied().await, Some(Standing::Absent));
        assert_eq!(data(&world, NODE), None);
        registration.update(|instance| instance.port = Some(81));
        assert_eq!(registration.applied().await, Some(Standing::Absent));
        registration.resume();
        let back = registration.applied().await;
        assert!(matches!(back, Some(Standing::Present(_))));
        assert_eq!(port(&world, NODE), Some(81));
        registration.drain();
        registration.applied().await.unwrap();
        registration.unregister();
        driver.await.unwrap().unwrap();
        assert_eq!(data(&world, NODE), None);
    }
}

#[tokio::test(start_paused = true)]
async fn an_update_keeps_name_id_and_kind() {
    let world = World::new();
    let zk = world.client().await;
    let (registration, _driver) = registered(&services(&zk), instance(InstanceKind::Dynamic)).await;
    registration.update(|instance| {
        *instance = Instance::builder("other")
            .id("i-2")
            .kind(InstanceKind::Static)
            .build();
        instance.payload = Some("new".into());
    });
    registration.applied().await.unwrap();
    let told = told(&world, NODE).unwrap();
    assert_eq!((&*told.name, &*told.id), ("billing", "i-1"));
    assert_eq!(told.kind, InstanceKind::Dynamic);
    assert_eq!(told.payload.unwrap().as_str(), Some("new"));
    assert_eq!(world.left("/services/billing"), [NODE]);
}

#[tokio::test(start_paused = true)]
async fn what_a_registration_tells_of_its_node_is_told_once_each() {
    let world = World::new();
    let zk = world.client().await;
    let (mut registration, driver) = services(&zk)
        .register(instance(InstanceKind::Dynamic))
        .unwrap();
    let driver = spawned(driver);
    let Some(Standing::Present(first)) = registration.changed().await else {
        panic!("it is not there");
    };
    world.hooks.expire(zk.session_id().unwrap());
    assert_eq!(registration.changed().await, Some(Standing::Absent));
    let Some(Standing::Present(second)) = registration.changed().await else {
        panic!("it is not there");
    };
    assert!(second > first);
    registration.unregister();
    driver.await.unwrap().unwrap();
    assert_eq!(registration.changed().await, Some(Standing::Absent));
    assert_eq!(registration.changed().await, None);
}
