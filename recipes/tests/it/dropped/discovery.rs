//! Instances of services.

use std::time::Duration;

use zk_recipes::discovery::{
    Check, Discovery, Health, Instance, InstanceKind, JsonCodec, Registration, ServiceChange,
    ServiceLoading,
};
use zk_recipes::{Client, Standing};

use super::{Dropped, at_every_poll, nothing};
use crate::kit::{World, polled};

const BASE: &str = "/d";
const NODE: &str = "/d/billing/i-1";

fn services(zk: &Client) -> Discovery {
    let codec = JsonCodec::new().compatible(false);
    Discovery::new(zk, BASE).unwrap().codec(codec)
}

fn instance(kind: InstanceKind) -> Instance {
    Instance::builder("billing").id("i-1").kind(kind).build()
}

fn none(world: &World) {
    assert_eq!(world.left("/d/billing"), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_driver_of_a_registration_leaves_no_node() {
    for kind in [InstanceKind::Dynamic, InstanceKind::DynamicSequential] {
        at_every_poll(
            Some(8),
            nothing,
            |zk| {
                Box::pin(async move {
                    let (registration, driver) = services(&zk).register(instance(kind)).unwrap();
                    driver.await.unwrap();
                    drop(registration);
                })
            },
            async |world, _| none(world),
        )
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_driver_that_updates_and_unregisters_and_is_dropped_at_any_poll_leaves_no_node() {
    at_every_poll(
        None,
        nothing,
        |zk| Box::pin(life(zk, InstanceKind::Dynamic)),
        async |world, _| none(world),
    )
    .await;
}

async fn life(zk: Client, kind: InstanceKind) {
    let (registration, driver) = services(&zk).register(instance(kind)).unwrap();
    let life = async {
        registration.applied().await.unwrap();
        registration.drain();
        registration.applied().await.unwrap();
        registration.unregister();
    };
    let (ended, ()) = tokio::join!(driver, life);
    ended.unwrap();
}

/// One that lasts is made or not, and changed or not: no watch is left.
#[tokio::test(start_paused = true)]
async fn a_dropped_driver_of_a_registration_that_lasts_leaves_it_as_it_was_asked_or_before() {
    at_every_poll(
        None,
        nothing,
        |zk| Box::pin(life(zk, InstanceKind::Static)),
        async |world, completed| {
            let left = world.left("/d/billing");
            assert!(
                left.is_empty() || (!completed && left == [NODE]),
                "{left:?}"
            );
        },
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_dropped_query_changes_nothing() {
    let queries: [fn(Client) -> Dropped; 4] = [
        |zk| Box::pin(async move { assert_eq!(services(&zk).names().await.unwrap(), ["billing"]) }),
        |zk| {
            Box::pin(async move {
                let found = services(&zk).instances("billing").await.unwrap();
                assert_eq!(found.instances.len(), 1);
            })
        },
        |zk| {
            Box::pin(async move {
                let found = services(&zk).instance("billing", "i-1").await.unwrap();
                assert!(found.is_some());
            })
        },
        |zk| {
            Box::pin(async move {
                let found = services(&zk).instance("billing", "i-2").await.unwrap();
                assert!(found.is_none());
            })
        },
    ];
    for query in queries {
        at_every_poll(None, there, query, async |world, _| {
            assert_eq!(world.left("/d/billing"), [NODE]);
        })
        .await;
    }
}

/// Drops a wait at every poll while a driver keeps the instance for a moment.
async fn waits(start: impl Fn(Registration) -> Dropped) {
    at_every_poll(
        None,
        nothing,
        |zk: Client| {
            let kind = InstanceKind::Dynamic;
            let (registration, driver) = services(&zk).register(instance(kind)).unwrap();
            let wait = start(registration.clone());
            Box::pin(async move {
                let driver = tokio::spawn(driver);
                let ending = registration.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    let seen = ending.applied().await;
                    assert!(seen.is_some(), "the wait took nothing away");
                    ending.unregister();
                });
                drop(registration);
                wait.await;
                driver.await.unwrap().unwrap();
            })
        },
        async |world, _| none(world),
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_dropped_wait_for_what_was_asked_of_a_registration_changes_nothing() {
    waits(|registration| Box::pin(async move { assert!(registration.applied().await.is_some()) }))
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_dropped_wait_for_a_change_of_a_registration_loses_none() {
    waits(|mut registration| {
        Box::pin(async move {
            // The first is given up, the second tells what it would have told.
            assert!(polled(registration.changed(), 1).await.is_none());
            let standing = registration.changed().await;
            assert!(matches!(standing, Some(Standing::Present(_))));
        })
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_dropped_check_has_no_say_and_a_dropped_wait_for_one_loses_nothing() {
    waits(|registration| {
        Box::pin(async move {
            let (heartbeat, check) = Check::ttl(Duration::from_millis(10));
            let (mut health, checking) = registration.check(check);
            let failing = async {
                let failing = health.changed().await;
                assert!(matches!(failing, Some(Health::Failing(_))));
                heartbeat.pass();
                // The first is given up, the second tells what it would have told.
                assert!(polled(health.changed(), 1).await.is_none());
                assert_eq!(health.changed().await, Some(Health::Passing));
                drop(heartbeat);
            };
            tokio::select! {
                () = checking => {}
                () = failing => {}
            }
            registration.applied().await;
            assert!(registration.instance().enabled);
        })
    })
    .await;
}

const KEPT: &str = r#"{"name":"billing","id":"i-1"}"#;

async fn there(_: &World, zk: &Client) {
    zk.create(NODE, KEPT).parents().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_dropped_driver_of_a_view_leaves_no_watch() {
    at_every_poll(
        Some(8),
        there,
        |zk| {
            Box::pin(async move {
                let (loading, driver) = services(&zk).view("billing").unwrap().keep();
                driver.await.unwrap();
                drop(loading);
            })
        },
        async |_, _| {},
    )
    .await;
}

/// Drops a wait at every poll while a driver keeps a view.
async fn looks(look: impl Fn(Client, ServiceLoading) -> Dropped) {
    at_every_poll(
        None,
        there,
        |zk: Client| {
            let (loading, driver) = services(&zk).view("billing").unwrap().keep();
            let look = look(zk, loading);
            Box::pin(async move {
                tokio::spawn(driver);
                look.await;
            })
        },
        async |_, _| {},
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_dropped_wait_for_a_view_takes_nothing_but_its_handle() {
    looks(|_, loading| {
        Box::pin(async move {
            assert!(polled(loading.clone().loaded(), 1).await.is_none());
            let view = loading.loaded().await.unwrap();
            assert_eq!(view.instances().len(), 1);
        })
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_dropped_wait_for_a_view_to_catch_up_changes_nothing() {
    looks(|_, loading| {
        Box::pin(async move {
            let view = loading.loaded().await.unwrap();
            assert!(polled(view.catch_up(), 1).await.is_none());
            view.catch_up().await.unwrap();
            assert!(view.staleness().is_some());
        })
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_dropped_wait_for_a_change_of_a_view_loses_none() {
    looks(|zk, loading| {
        Box::pin(async move {
            let mut view = loading.loaded().await.unwrap();
            let mut changes = view.changes();
            assert!(matches!(
                changes.next().await,
                Some(ServiceChange::Added(_))
            ));
            // The first is given up, the second tells what it would have told.
            assert!(polled(view.changed(), 1).await.is_none());
            assert!(polled(changes.next(), 1).await.is_none());
            zk.set(NODE, r#"{"name":"billing","id":"i-1","port":1}"#)
                .await
                .unwrap();
            assert_eq!(view.changed().await.unwrap()[0].port, Some(1));
            assert!(matches!(
                changes.next().await,
                Some(ServiceChange::Changed(_))
            ));
        })
    })
    .await;
}
