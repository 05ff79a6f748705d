//! Nodes that are kept.

use std::time::Duration;

use zk_client::CreateMode;
use zk_embedded::Match;
use zk_recipes::{Acl, Bytes, Client, ErrorKind, Permissions, PersistentNode, Presence, Standing};
use zk_wire::{ErrorCode, OpCode};

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
    let taken = Standing::Taken(zk.session_id().unwrap());
    assert_eq!(second.clone().changed().await, Some(taken));
    // However long that takes.
    let present = tokio::time::timeout(Duration::from_secs(20), second.present());
    assert!(present.await.is_err());
    assert_eq!(data(&world).unwrap(), "one");
    first.close();
    driver.await.unwrap().unwrap();
    second.present().await.unwrap();
    assert_eq!(data(&world).unwrap(), "second");
    second.close();
    later.await.unwrap().unwrap();
    assert_eq!(data(&world), None);
}

/// Found by the simulation: a server had made an older create late, and its node was taken for the new one.
#[tokio::test(start_paused = true)]
async fn an_older_node_of_the_session_is_not_taken_for_one_whose_answer_was_lost() {
    let world = World::new();
    let zk = world.client().await;
    zk.create("/group", "").await.unwrap();
    let old = zk.create(PATH, "old").mode(CreateMode::Ephemeral);
    old.await.unwrap();
    let create = Match::op(OpCode::Create2).path(PATH);
    world.hooks.on(create).cut_before_apply();
    let (presence, driver) = kept(&zk).await;
    assert_eq!(data(&world).unwrap(), "one");
    presence.close();
    driver.await.unwrap().unwrap();
    assert_eq!(data(&world), None);
}

#[tokio::test(start_paused = true)]
async fn a_keeper_whose_answer_was_lost_leaves_the_node_of_another_one_in_its_session() {
    let world = World::new();
    let zk = world.client().await;
    let (_first, _driver) = kept(&zk).await;
    let create = Match::op(OpCode::Create2).path(PATH);
    world.hooks.on(create).cut_before_apply();
    let (mut second, later) = PersistentNode::new(&zk, PATH, "second").unwrap().keep();
    let later = spawned(later);
    let taken = Standing::Taken(zk.session_id().unwrap());
    assert_eq!(second.changed().await, Some(taken));
    second.close();
    later.await.unwrap().unwrap();
    assert_eq!(data(&world).unwrap(), "one");
}

/// Waits, in virtual time, until a node that was made under its name with something before and behind is there.
async fn named(presence: &Presence) -> String {
    presence.present().await.unwrap();
    presence.node().unwrap().to_string()
}

#[tokio::test(start_paused = true)]
async fn c49_a_set_of_a_numbered_lasting_node_is_written_to_the_node_that_has_the_number() {
    let world = World::new();
    let zk = world.client().await;
    let node = PersistentNode::new(&zk, PATH, "one").unwrap();
    let (presence, driver) = node.lasting().numbered().keep();
    let driver = spawned(driver);
    let at = named(&presence).await;
    assert!(
        at.starts_with("/group/_c_") && at.ends_with("-me0000000000"),
        "{at}"
    );
    presence.set("two");
    presence.present().await.unwrap();
    assert_eq!(world.left("/group"), [&*at]);
    assert_eq!(world.hooks.node(&at).unwrap().data.unwrap(), "two");
    assert_eq!(
        data(&world),
        None,
        "nothing has the name that was asked for"
    );
    presence.close();
    driver.await.unwrap().unwrap();
    assert_eq!(world.left("/group"), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn c46_marked_and_numbered_nodes_keep_their_first_name_through_ten_sessions_and_deletions() {
    for is_numbered in [false, true] {
        let world = World::new();
        let (zk, other) = (world.client().await, world.client().await);
        let node = PersistentNode::new(&zk, PATH, "one").unwrap().marked();
        let node = if is_numbered { node.numbered() } else { node };
        let (presence, driver) = node.keep();
        let driver = spawned(driver);
        let at = named(&presence).await;
        for generation in 2..12 {
            let before = presence.present().await;
            if generation % 2 == 0 {
                other.delete(&at).await.unwrap();
            } else {
                world.hooks.expire(zk.session_id().unwrap());
            }
            while presence.standing() == Standing::Absent || presence.present().await == before {
                tokio::time::sleep(ROUND_TRIP).await;
            }
            assert_eq!(world.left("/group"), [&*at]);
            assert_eq!(presence.node().unwrap().as_ref(), at);
        }
        presence.close();
        driver.await.unwrap().unwrap();
        assert_eq!(world.left("/group"), Vec::<String>::new());
        assert_eq!(zk.stats().duties, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn lost_answers_make_no_second_numbered_node() {
    for is_lasting in [false, true] {
        for applied in [true, false] {
            let world = World::new();
            let zk = world.client().await;
            zk.create("/group", "").await.unwrap();
            let fault = world.hooks.on(Match::op(OpCode::Create2));
            if applied {
                fault.cut_after_apply();
            } else {
                fault.cut_before_apply();
            }
            let node = PersistentNode::new(&zk, PATH, "one").unwrap().numbered();
            let node = if is_lasting { node.lasting() } else { node };
            let (presence, driver) = node.keep();
            let driver = spawned(driver);
            let at = named(&presence).await;
            settle().await;
            assert_eq!(world.left("/group"), [&*at]);
            presence.set("two");
            presence.present().await.unwrap();
            assert_eq!(world.hooks.node(&at).unwrap().data.unwrap(), "two");
            presence.close();
            driver.await.unwrap().unwrap();
            assert_eq!(world.left("/group"), Vec::<String>::new());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_numbered_lasting_node_whose_session_ends_with_its_answer_lost_is_made_once() {
    let world = World::new();
    let zk = world.client().await;
    zk.create("/group", "").await.unwrap();
    world.hooks.on(Match::op(OpCode::Create2)).cut_after_apply();
    let node = PersistentNode::new(&zk, PATH, "one").unwrap();
    let (presence, driver) = node.lasting().numbered().keep();
    let driver = spawned(driver);
    while world.left("/group").is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    world.hooks.expire(zk.session_id().unwrap());
    let at = named(&presence).await;
    assert_eq!(zk.generation(), 2);
    assert_eq!(world.left("/group"), [at]);
    presence.close();
    driver.await.unwrap().unwrap();
    assert_eq!(world.left("/group"), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_lasting_node_outlives_its_session_and_its_driver_and_the_next_one_adopts_it() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let node = PersistentNode::new(&zk, PATH, "one").unwrap().lasting();
    let (presence, driver) = node.keep();
    let driver = spawned(driver);
    let made = presence.present().await.unwrap();
    world.hooks.expire(zk.session_id().unwrap());
    while zk.generation() < 2 {
        tokio::time::sleep(ROUND_TRIP).await;
    }
    presence.set("two");
    assert_eq!(presence.present().await, Some(made), "it is the same node");
    driver.abort();
    settle().await;
    assert_eq!(data(&world).unwrap(), "two");
    let node = PersistentNode::new(&other, PATH, "three")
        .unwrap()
        .lasting();
    let (presence, driver) = node.keep();
    let driver = spawned(driver);
    assert_eq!(presence.present().await, Some(made));
    assert_eq!(data(&world).unwrap(), "three");
    zk.delete(PATH).await.unwrap();
    settle().await;
    assert_eq!(data(&world).unwrap(), "three", "it is made again");
    presence.close();
    driver.await.unwrap().unwrap();
    assert_eq!(data(&world), None);
}

#[tokio::test(start_paused = true)]
async fn c47_a_node_that_is_closed_during_its_create_does_not_stay() {
    for is_lasting in [false, true] {
        for is_numbered in [false, true] {
            for millis in 0..30 {
                let world = World::new();
                let zk = world.client().await;
                zk.create("/group", "").await.unwrap();
                let node = PersistentNode::new(&zk, PATH, "").unwrap();
                let node = if is_lasting { node.lasting() } else { node };
                let node = if is_numbered { node.numbered() } else { node };
                let (presence, driver) = node.keep();
                let driver = spawned(driver);
                tokio::time::sleep(Duration::from_millis(millis)).await;
                presence.close();
                driver.await.unwrap().unwrap();
                tokio::time::sleep(Duration::from_secs(1)).await;
                let left = world.left("/group");
                assert_eq!(left, Vec::<String>::new(), "closed after {millis} ms");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn c47_a_lasting_node_that_was_closed_before_its_keeper_began_is_not_touched() {
    let world = World::new();
    let zk = world.client().await;
    zk.create(PATH, "theirs").parents().await.unwrap();
    let node = PersistentNode::new(&zk, PATH, "").unwrap().lasting();
    let (presence, driver) = node.keep();
    presence.close();
    driver.await.unwrap();
    assert_eq!(data(&world).unwrap(), "theirs");
}

#[tokio::test(start_paused = true)]
async fn c50_a_keeper_that_may_not_create_asks_once_and_says_so() {
    let world = World::new();
    let zk = world.client().await;
    let acl = Acl::open().with_perms(Permissions::READ);
    zk.create("/group", "").acl([acl]).await.unwrap();
    for is_lasting in [false, true] {
        let before = world.asked(zk.session_id().unwrap());
        let node = PersistentNode::new(&zk, PATH, "").unwrap();
        let node = if is_lasting { node.lasting() } else { node };
        let (presence, driver) = node.keep();
        let error = driver.await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoAuth);
        assert!(error.to_string().contains("create under /group"), "{error}");
        let asked = world.asked(zk.session_id().unwrap());
        assert_eq!(asked.since(&before, OpCode::Create2), 1);
        assert_eq!(presence.present().await, None);
    }
}

#[tokio::test(start_paused = true)]
async fn c50_a_keeper_that_may_no_longer_write_asks_once_and_says_so() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let (presence, driver) = kept(&zk).await;
    let acl = Acl::open().with_perms(Permissions::READ);
    other.set_acl(PATH, [acl]).await.unwrap();
    settle().await;
    let before = world.asked(zk.session_id().unwrap());
    presence.set("two");
    let error = driver.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoAuth, "{error}");
    let asked = world.asked(zk.session_id().unwrap());
    assert_eq!(asked.since(&before, OpCode::SetData), 1);
    assert_eq!(presence.present().await, None);
}

#[tokio::test(start_paused = true)]
async fn e7_after_an_expiry_the_node_is_back_with_the_latest_data_within_a_reconnect_and_three_round_trips()
 {
    let world = World::new();
    let zk = world.client().await;
    let (presence, _driver) = kept(&zk).await;
    world.hooks.expire(zk.session_id().unwrap());
    presence.set("latest");
    while zk.generation() < 2 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let start = tokio::time::Instant::now();
    presence.present().await.unwrap();
    let took = start.elapsed();
    assert!(took <= ROUND_TRIP * 3, "{took:?} after the new session");
    assert_eq!(data(&world).unwrap(), "latest");
}

#[tokio::test(start_paused = true)]
async fn a_node_that_is_kept_anew_before_the_one_before_is_gone_is_there() {
    let world = World::new();
    let zk = world.client().await;
    let (one, driver) = kept(&zk).await;
    // What is to be deleted when the next create is on its way is left to that.
    one.close();
    let (two, second) = PersistentNode::new(&zk, PATH, "two").unwrap().keep();
    let second = spawned(second);
    let present = tokio::time::timeout(Duration::from_secs(5), two.present());
    assert!(present.await.unwrap().is_some());
    assert_eq!(data(&world).unwrap(), "two");
    driver.await.unwrap().unwrap();
    two.close();
    second.await.unwrap().unwrap();
    assert_eq!(data(&world), None);
}

/// A node that was given up is known to be gone, or the driver says that it is not known.
#[tokio::test(start_paused = true)]
async fn a_driver_whose_client_is_closed_before_its_node_is_gone_ends_as_closed() {
    for (is_closing, is_cut) in [(true, true), (false, true), (false, false)] {
        let world = World::new();
        let zk = world.client().await;
        let (presence, driver) = kept(&zk).await;
        if is_cut {
            world.hooks.refuse_connections(true);
            world.hooks.cut_session(zk.session_id().unwrap());
            settle().await;
        }
        if is_closing {
            presence.close();
            settle().await;
        }
        zk.close().await.unwrap();
        let error = driver.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Closed, "{error}");
        assert!(error.to_string().contains(PATH), "{error}");
        assert_eq!(data(&world).is_some(), is_cut, "the session is there yet");
    }
    // Nothing is there where nothing was made.
    let world = World::new();
    let zk = world.client().await;
    let (presence, driver) = PersistentNode::new(&zk, PATH, "").unwrap().keep();
    zk.close().await.unwrap();
    presence.close();
    driver.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_server_that_throttles_does_not_end_the_keeping() {
    let world = World::new();
    let zk = world.client().await;
    let (presence, driver) = kept(&zk).await;
    let made = presence.present().await;
    for op in [OpCode::SetData, OpCode::Exists] {
        let asked = Match::op(op).session(zk.session_id().unwrap());
        world.hooks.on(asked).error(ErrorCode::ThrottledOp);
    }
    for data in ["two", "three"] {
        presence.set(data);
        assert_eq!(presence.present().await, made, "nobody sees it go");
        settle().await;
    }
    assert_eq!(data(&world).unwrap(), "three");
    presence.close();
    driver.await.unwrap().unwrap();
}
