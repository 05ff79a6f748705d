//! Instances that stay registered when whoever registered them is gone.

use zk_client::CreateMode;
use zk_embedded::Match;
use zk_recipes::discovery::InstanceKind;
use zk_recipes::{ErrorKind, Standing};
use zk_wire::{ErrorCode, OpCode};

use super::{NODE, data, instance, port, registered, services};
use crate::kit::{ROUND_TRIP, World, settle};

#[tokio::test(start_paused = true)]
async fn an_instance_that_lasts_outlives_registration_driver_and_session() {
    for kind in [InstanceKind::Static, InstanceKind::Permanent] {
        let world = World::new();
        let zk = world.client().await;
        let (registration, driver) = registered(&services(&zk), instance(kind)).await;
        drop(registration);
        driver.await.unwrap().unwrap();
        let (registration, driver) = registered(&services(&zk), instance(kind)).await;
        driver.abort();
        settle().await;
        assert_eq!(registration.applied().await, None);
        zk.close().await.unwrap();
        assert_eq!(port(&world, NODE), Some(80));
        assert_eq!(world.hooks.watch_count(), 0);
        // Whoever registers it next takes it over, with its own words.
        let zk = world.client().await;
        let mut next = instance(kind);
        next.port = Some(81);
        let (registration, driver) = registered(&services(&zk), next).await;
        assert_eq!(port(&world, NODE), Some(81));
        registration.unregister();
        driver.await.unwrap().unwrap();
        assert_eq!(data(&world, NODE), None);
    }
}

#[tokio::test(start_paused = true)]
async fn an_instance_that_lasts_is_updated_and_unregistered_in_a_later_session() {
    let world = World::new();
    let zk = world.client().await;
    let (registration, driver) = registered(&services(&zk), instance(InstanceKind::Static)).await;
    let created = world.hooks.node(NODE).unwrap().stat.czxid;
    for next in 81..84 {
        world.hooks.expire(zk.session_id().unwrap());
        registration.update(|instance| instance.port = Some(next));
        registration.applied().await.unwrap();
        assert_eq!(port(&world, NODE), Some(next));
        tokio::time::sleep(ROUND_TRIP * 100).await;
    }
    assert_eq!(world.hooks.node(NODE).unwrap().stat.czxid, created);
    world.hooks.expire(zk.session_id().unwrap());
    registration.unregister();
    driver.await.unwrap().unwrap();
    assert_eq!(data(&world, NODE), None);
}

#[tokio::test(start_paused = true)]
async fn curator164_an_instance_that_lasts_and_was_deleted_by_somebody_does_not_come_back() {
    let world = World::new();
    let (zk, operator) = (world.client().await, world.client().await);
    let (registration, driver) = registered(&services(&zk), instance(InstanceKind::Static)).await;
    operator.delete(NODE).await.unwrap();
    registration.update(|instance| instance.port = Some(81));
    let error = driver.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoNode);
    let text = error.to_string();
    assert!(text.contains(NODE) && text.contains("somebody"), "{text}");
    assert_eq!(registration.applied().await, None);
    assert_eq!(registration.standing(), Standing::Absent);
    assert_eq!(data(&world, NODE), None);
}

#[tokio::test(start_paused = true)]
async fn the_node_of_whoever_registered_the_id_later_is_not_deleted() {
    let world = World::new();
    let (zk, operator) = (world.client().await, world.client().await);
    let (registration, driver) = registered(&services(&zk), instance(InstanceKind::Static)).await;
    // The end comes before the news of the swap.
    let swap = operator.multi().delete(NODE, None);
    let swap = swap.create(NODE, "theirs", CreateMode::Persistent);
    swap.await.unwrap();
    registration.unregister();
    driver.await.unwrap().unwrap();
    settle().await;
    assert_eq!(data(&world, NODE).unwrap(), "theirs");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_throttles_does_not_end_the_registration() {
    for kind in [InstanceKind::Static, InstanceKind::Dynamic] {
        let world = World::new();
        let zk = world.client().await;
        let session = zk.session_id().unwrap();
        // The parents' create and the node's; the look at the node; a write, and the delete.
        let throttle = |op: OpCode, times: u64| {
            let asked = Match::op(op).session(session).times(times);
            world.hooks.on(asked).error(ErrorCode::ThrottledOp)
        };
        let rules = [
            throttle(OpCode::CreateContainer, 1),
            throttle(OpCode::Create2, 2),
            throttle(OpCode::Exists, 1),
            throttle(OpCode::SetData, 1),
            throttle(OpCode::Delete, 1),
        ];
        let (registration, driver) = registered(&services(&zk), instance(kind)).await;
        let made = registration.standing();
        registration.update(|instance| instance.port = Some(81));
        assert_eq!(registration.applied().await, Some(made), "{kind:?}");
        assert_eq!(port(&world, NODE), Some(81), "{kind:?}");
        registration.unregister();
        driver.await.unwrap().unwrap();
        assert_eq!(data(&world, NODE), None, "{kind:?}");
        let fired = rules.map(|rule| world.hooks.fired(rule));
        assert_eq!(fired, [1, 2, 1, 1, 1], "{kind:?}");
    }
}
