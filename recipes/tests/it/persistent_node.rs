//! Nodes that are kept.

use std::time::Duration;

use zk_client::CreateMode;
use zk_embedded::Match;
use zk_recipes::{Acl, Bytes, Client, ErrorKind, Permissions, PersistentNode, Presence, Standing};
use zk_wire::OpCode;

use crate::kit::{ROUND_TRIP, World, settle, spawned};

const PATH: &str = "/group/me";

fn data(world: &World) -> Option<Bytes> {
    world.hooks.node(PATH)?.data
}

async fn kept(
    zk: &Client,
) -> (
    Presence,
    tokio::task::JoinHandle<Result<(), zk_recipes::Error>>,
) {
    let (presence, driver) = PersistentNode::new(zk, PATH, "one").unwrap().keep();
    let driver = spawned(driver);
    assert!(presence.present().await.is_some());
    (presence, driver)
}

#[tokio::test(start_paused = true)]
async fn a_node_is_made_with_its_parents_and_goes_when_its_presence_is_closed() {
    let world = World::new();
    let zk = world.client().await;
    let (presence, driver) = kept(&zk).await;
    assert_eq!(data(&world).unwrap(), "one");
    presence.close();
    driver.await.unwrap().unwrap();
    assert_eq!(data(&world), None, "the driver ends when the node is gone");
    assert_eq!(presence.standing(), Standing::Absent);
    assert_eq!(presence.present().await, None);
}

#[tokio::test(start_paused = true)]
async fn the_last_copy_of_a_presence_that_is_dropped_takes_the_node_with_it() {
    let world = World::new();
    let zk = world.client().await;
    let (presence, driver) = kept(&zk).await;
    let copy = presence.clone();
    drop(presence);
    settle().await;
    assert!(data(&world).is_some());
    drop(copy);
    driver.await.unwrap().unwrap();
    assert_eq!(data(&world), None);
}

#[tokio::test(start_paused = true)]
async fn a_driver_that_is_dropped_takes_the_node_with_it() {
    let world = World::new();
    let zk = world.client().await;
    let (presence, driver) = kept(&zk).await;
    driver.abort();
    world.until_empty("/group").await;
    settle().await;
    assert_eq!(presence.present().await, None);
    let stats = zk.stats();
    assert_eq!((stats.watches, stats.duties), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn c46_a_node_that_is_deleted_ten_times_is_made_again_under_its_name() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let (presence, _driver) = kept(&zk).await;
    let mut watched = presence.clone();
    for _ in 0..10 {
        let before = watched.changed().await;
        other.delete(PATH).await.unwrap();
        settle().await;
        assert_eq!(world.left("/group"), [PATH]);
        assert!(matches!(presence.standing(), Standing::Present(_)));
        assert_ne!(Some(presence.standing()), before);
    }
}

#[tokio::test(start_paused = true)]
async fn c46_a_node_is_made_again_in_each_of_ten_sessions_and_once() {
    let world = World::new();
    let zk = world.client().await;
    let (presence, _driver) = kept(&zk).await;
    for generation in 2..12 {
        world.hooks.expire(zk.session_id().unwrap());
        while zk.generation() < generation || presence.standing() == Standing::Absent {
            tokio::time::sleep(ROUND_TRIP).await;
        }
        assert!(presence.present().await.is_some());
        assert_eq!(world.left("/group"), [PATH]);
        let owner = world.hooks.node(PATH).unwrap().stat.ephemeral_owner;
        assert_eq!(Some(owner), zk.session_id());
    }
    assert_eq!(zk.stats().duties, 1, "one node, one promise");
}

#[tokio::test(start_paused = true)]
async fn c48_what_was_set_last_is_in_the_node_after_a_cut_an_expiry_and_a_deletion() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let (presence, _driver) = kept(&zk).await;
    presence.set("two");
    presence.present().await.unwrap();
    assert_eq!(data(&world).unwrap(), "two");
    world.hooks.cut_session(zk.session_id().unwrap());
    presence.set("three");
    presence.present().await.unwrap();
    assert_eq!(data(&world).unwrap(), "three");
    world.hooks.expire(zk.session_id().unwrap());
    presence.set("four");
    presence.present().await.unwrap();
    assert_eq!(data(&world).unwrap(), "four");
    other.delete(PATH).await.unwrap();
    settle().await;
    assert_eq!(data(&world).unwrap(), "four");
    // Somebody else's words do not last longer than the next of ours.
    other.set(PATH, "theirs").await.unwrap();
    presence.set("five");
    presence.present().await.unwrap();
    assert_eq!(data(&world).unwrap(), "five");
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_neither_doubles_the_node_nor_leaves_it_out() {
    for applied in [true, false] {
        for op in [OpCode::Create2, OpCode::SetData] {
            let world = World::new();
            let zk = world.client().await;
            let fault = world.hooks.on(Match::op(op).path(PATH));
            if applied {
                fault.cut_after_apply();
            } else {
                fault.cut_before_apply();
            }
            let (presence, driver) = kept(&zk).await;
            presence.set("two");
            presence.present().await.unwrap();
            assert_eq!(data(&world).unwrap(), "two");
            assert_eq!(zk.generation(), 1);
            presence.close();
            driver.await.unwrap().unwrap();
            assert_eq!(data(&world), None);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_of_another_session_is_waited_for_and_never_touched() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    other.create("/group", "").await.unwrap();
    let mode = CreateMode::Ephemeral;
    other.create(PATH, "theirs").mode(mode).await.unwrap();
    let (presence, driver) = PersistentNode::new(&zk, PATH, "ours").unwrap().keep();
    let driver = spawned(driver);
    settle().await;
    let owner = other.session_id().unwrap();
    assert_eq!(presence.standing(), Standing::Taken(owner));
    presence.set("ours, too");
    settle().await;
    assert_eq!(data(&world).unwrap(), "theirs");
    other.close().await.unwrap();
    presence.present().await.unwrap();
    assert_eq!(data(&world).unwrap(), "ours, too");
    presence.close();
    driver.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn one_that_ends_while_another_session_has_the_name_leaves_that_alone() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let (presence, driver) = kept(&zk).await;
    // Somebody else is faster, and the end comes before the news of it.
    let swap = other.multi().delete(PATH, None);
    let swap = swap.create(PATH, "theirs", CreateMode::Ephemeral);
    swap.await.unwrap();
    presence.close();
    driver.await.unwrap().unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(data(&world).unwrap(), "theirs");
    assert_eq!(zk.stats().duties, 0);
}

#[tokio::test(start_paused = true)]
async fn a_lasting_node_of_the_name_ends_the_driver_with_an_error_that_says_so() {
    let world = World::new();
    let zk = world.client().await;
    zk.create(PATH, "").parents().await.unwrap();
    let (presence, driver) = PersistentNode::new(&zk, PATH, "").unwrap().keep();
    let error = driver.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NodeExists);
    let text = format!("{error}");
    assert!(
        text.contains(PATH) && text.contains("not ephemeral"),
        "{text}"
    );
    assert_eq!(presence.present().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_its_keeper_may_not_read_ends_the_driver_instead_of_being_made_for_ever() {
    let world = World::new();
    let zk = world.client().await;
    zk.create("/group", "").await.unwrap();
    let acl = [Acl::open().with_perms(Permissions::CREATE | Permissions::DELETE)];
    let (_presence, driver) = PersistentNode::new(&zk, PATH, "").unwrap().acl(acl).keep();
    let error = driver.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoAuth, "{error}");
    world.until_empty("/group").await;
}

#[tokio::test(start_paused = true)]
async fn two_keepers_of_one_path_in_one_session_take_turns() {
    let world = World::new();
    let zk = world.client().await;
    let (first, driver) = kept(&zk).await;
    let (second, later) = PersistentNode::new(&zk, PATH, "second").unwrap().keep();
    let later = spawned(later);
    settle().await;
    assert_eq!(second.standing(), Standing::Taken(zk.session_id().unwrap()));
    first.close();
    driver.await.unwrap().unwrap();
    second.present().await.unwrap();
    assert_eq!(data(&world).unwrap(), "second");
    second.close();
    later.await.unwrap().unwrap();
    assert_eq!(data(&world), None);
}
