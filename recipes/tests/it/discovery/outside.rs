//! What somebody else does to the node of an instance.

use std::time::Duration;

use tokio::time::timeout;
use zk_recipes::discovery::{Codec as _, InstanceKind, JsonCodec, Registration};
use zk_recipes::{Bytes, CacheChange, CacheChanges, Client, NodeCache, Standing};

use super::{instance, port, registered, services, told};
use crate::kit::{ROUND_TRIP, World, polled, settle, spawned};

const EPHEMERAL: [InstanceKind; 2] = [InstanceKind::Dynamic, InstanceKind::DynamicSequential];

const SOON: Duration = Duration::from_secs(30);

/// The instance of a node, with another port.
fn edited(world: &World, path: &str, port: u16) -> Bytes {
    let mut instance = told(world, path).unwrap();
    instance.port = Some(port);
    let codec = JsonCodec::new().compatible(false);
    codec.encode(&instance)
}

/// Waits until the instance is there in the session after this generation's.
async fn registered_again(zk: &Client, generation: u64, registration: &Registration) {
    let again = async {
        while zk.generation() == generation || registration.standing() == Standing::Absent {
            tokio::time::sleep(ROUND_TRIP).await;
        }
        registration.applied().await.unwrap();
        settle().await;
    };
    timeout(SOON, again).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_instance_that_somebody_deletes_is_made_again_with_what_was_asked_last() {
    for kind in EPHEMERAL {
        let world = World::new();
        let (zk, operator) = (world.client().await, world.client().await);
        let (mut registration, driver) = registered(&services(&zk), instance(kind)).await;
        let path = registration.path().to_owned();
        let mut standing = registration.changed().await.unwrap();
        for next in 81..86 {
            registration.update(|instance| instance.port = Some(next));
            registration.applied().await.unwrap();
            operator.delete(&path).await.unwrap();
            let before = standing;
            // That it was gone meanwhile is told or not: changes between two calls are one.
            while !matches!(standing, Standing::Present(_)) || standing == before {
                let changed = timeout(SOON, registration.changed()).await;
                standing = changed.expect("it is not made again").unwrap();
            }
            assert_eq!(port(&world, &path), Some(next), "{kind:?}");
            assert_eq!(world.left("/services/billing"), [&*path]);
        }
        // Also with what is asked while it is not there.
        operator.delete(&path).await.unwrap();
        registration.update(|instance| instance.port = Some(90));
        timeout(SOON, registration.applied()).await.unwrap();
        settle().await;
        assert_eq!(port(&world, &path), Some(90), "{kind:?}");
        assert_eq!((zk.generation(), zk.stats().duties), (1, 1));
        registration.unregister();
        driver.await.unwrap().unwrap();
        assert_eq!(world.left("/services/billing"), [""; 0]);
    }
}

#[tokio::test(start_paused = true)]
async fn what_somebody_writes_into_an_instance_stands_until_ours_is_written_again() {
    for kind in [InstanceKind::Dynamic, InstanceKind::Static] {
        let world = World::new();
        let (zk, operator) = (world.client().await, world.client().await);
        let (mut registration, _driver) = registered(&services(&zk), instance(kind)).await;
        let path = registration.path().to_owned();
        let write = async |port| {
            let data = edited(&world, &path, port);
            operator.set(&path, data).await.unwrap();
            settle().await;
        };
        let made = registration.changed().await.unwrap();
        write(90).await;
        world.hooks.cut_session(zk.session_id().unwrap());
        tokio::time::sleep(ROUND_TRIP * 100).await;
        assert_eq!(port(&world, &path), Some(90), "nobody undoes it");
        // It is no change of how the node stands, nor of what was asked.
        assert!(polled(registration.changed(), 8).await.is_none());
        assert_eq!(registration.standing(), made);
        assert_eq!(registration.instance().port, Some(80));
        registration.update(|instance| instance.port = Some(81));
        assert_eq!(registration.applied().await, Some(made));
        assert_eq!(port(&world, &path), Some(81), "{kind:?}");
        // The next session has its own node; of a node that lasts it has that one.
        write(91).await;
        world.hooks.expire(zk.session_id().unwrap());
        registered_again(&zk, 1, &registration).await;
        let stands = match kind {
            InstanceKind::Static => 91,
            _ => 81,
        };
        assert_eq!(port(&world, &path), Some(stands), "{kind:?}");
    }
}

/// As the page on discovery shows it.
async fn adopt(registration: Registration, mut changes: CacheChanges) {
    while let Some(change) = changes.next().await {
        if let CacheChange::Updated { node, .. } = change {
            if let Ok(edited) = JsonCodec::new().decode(node.data()) {
                registration.update(|mine| mine.port = edited.port);
            }
        }
    }
}

/// Curator's `watchInstances`.
#[tokio::test(start_paused = true)]
async fn what_somebody_writes_into_an_instance_can_be_followed_and_is_kept_in_later_sessions() {
    for kind in EPHEMERAL {
        let world = World::new();
        let (zk, operator) = (world.client().await, world.client().await);
        let (registration, driver) = registered(&services(&zk), instance(kind)).await;
        let path = registration.path().to_owned();
        let (loading, following) = NodeCache::new(&zk, &path).unwrap().keep();
        let _following = spawned(following);
        let changes = loading.loaded().await.unwrap().changes();
        let _adopting = spawned(adopt(registration.clone(), changes));
        settle().await;
        for (generation, next) in [(1, 90), (2, 91), (3, 92)] {
            let data = edited(&world, &path, next);
            operator.set(&path, data).await.unwrap();
            settle().await;
            assert_eq!(registration.instance().port, Some(next), "{kind:?}");
            // What is no instance is nothing to follow, and goes with the session.
            operator.set(&path, "broken").await.unwrap();
            settle().await;
            world.hooks.expire(zk.session_id().unwrap());
            registered_again(&zk, generation, &registration).await;
            assert_eq!(port(&world, &path), Some(next), "{kind:?}");
            assert_eq!(world.left("/services/billing"), [&*path]);
        }
        registration.unregister();
        driver.await.unwrap().unwrap();
        assert_eq!(world.left("/services/billing"), [""; 0]);
    }
}
