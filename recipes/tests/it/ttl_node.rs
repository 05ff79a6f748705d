//! Nodes that outlive their keeper for some time.

use std::time::Duration;

use zk_client::CreateMode;
use zk_embedded::Match;
use zk_recipes::{Acl, Bytes, ErrorKind, Fate, Permissions, Standing, TtlNode};
use zk_wire::{ErrorCode, OpCode};

use crate::kit::{World, settle, spawned};

const PATH: &str = "/agents/7";
const TOUCH: &str = "/agents/7/touch";
const TTL: Duration = Duration::from_secs(40);

fn data(world: &World) -> Option<Bytes> {
    world.hooks.node(PATH)?.data
}

/// For as long as a node that is left may still be there: its time, and two rounds of the server for it and its touch.
const GONE: Duration = TTL.saturating_add(Duration::from_secs(180));

#[tokio::test(start_paused = true)]
async fn a_ttl_node_is_curators_and_touched_whenever_half_its_time_is_over() {
    let world = World::new();
    let zk = world.client().await;
    let node = TtlNode::new(&zk, PATH, "busy", TTL).unwrap();
    let (presence, driver) = node.keep();
    let driver = spawned(driver);
    presence.present().await.unwrap();
    settle().await;
    let made = node.find().await.unwrap().unwrap();
    assert_eq!(made.data, "busy");
    assert_eq!(world.left("/agents"), [PATH, TOUCH]);
    let touch = world.hooks.node(TOUCH).unwrap().stat;
    tokio::time::sleep(TTL * 10).await;
    let touched = world.hooks.node(TOUCH).unwrap().stat;
    assert_eq!(touched.czxid, touch.czxid);
    assert!((19..=20).contains(&touched.version), "{}", touched.version);
    assert!(node.find().await.unwrap().unwrap().touched > made.touched);
    presence.close();
    driver.await.unwrap().unwrap();
    assert_eq!(data(&world).unwrap(), "busy", "it is left to its time");
    tokio::time::sleep(GONE).await;
    assert_eq!(node.find().await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn c51_a_node_whose_keeper_ends_at_any_moment_goes_after_its_time() {
    let mut left = Vec::new();
    for millis in (0..60).step_by(2) {
        let world = World::new();
        let zk = world.client().await;
        zk.create("/agents", "").await.unwrap();
        let (_presence, driver) = TtlNode::new(&zk, PATH, "", TTL).unwrap().keep();
        let driver = spawned(driver);
        tokio::time::sleep(Duration::from_millis(millis)).await;
        driver.abort();
        settle().await;
        left.push(world.left("/agents").len());
        tokio::time::sleep(GONE).await;
        assert_eq!(world.left("/agents"), Vec::<String>::new());
        let stats = zk.stats();
        assert_eq!((stats.watches, stats.duties), (0, 0));
    }
    left.dedup();
    assert_eq!(
        left,
        [0, 1, 2],
        "also between its create and its first touch"
    );
}

#[tokio::test(start_paused = true)]
async fn c52_a_thousand_drivers_that_came_and_went_leave_no_task_and_no_watch() {
    let world = World::new();
    let zk = world.client().await;
    let tasks = || {
        tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks()
    };
    let before = tasks();
    for round in 0..1000 {
        let (presence, driver) = TtlNode::new(&zk, PATH, "", TTL).unwrap().keep();
        let driver = spawned(driver);
        assert!(presence.present().await.is_some(), "round {round}");
        match round % 3 {
            0 => presence.close(),
            1 => drop(presence),
            _ => driver.abort(),
        }
        let _ = driver.await;
    }
    settle().await;
    assert_eq!(tasks(), before);
    let stats = zk.stats();
    let open = (stats.watches, stats.duties, stats.queued, stats.in_flight);
    assert_eq!(open, (0, 0, 0, 0));
    assert_eq!(world.hooks.watch_count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_node_survives_the_end_of_its_session_and_is_made_again_when_it_is_deleted() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let (presence, _driver) = TtlNode::new(&zk, PATH, "one", TTL).unwrap().keep();
    let _driver = spawned(_driver);
    let made = presence.present().await.unwrap();
    settle().await;
    world.hooks.expire(zk.session_id().unwrap());
    presence.set("two");
    assert_eq!(presence.present().await, Some(made));
    other.delete(TOUCH).await.unwrap();
    other.delete(PATH).await.unwrap();
    settle().await;
    assert_eq!(data(&world).unwrap(), "two");
    assert_ne!(presence.present().await, Some(made));
    tokio::time::sleep(TTL).await;
    assert!(world.hooks.node(TOUCH).is_some(), "and touched again");
}

#[tokio::test(start_paused = true)]
async fn lost_answers_of_creates_and_touches_change_nothing() {
    for op in [OpCode::CreateTtl, OpCode::SetData] {
        for path in [PATH, TOUCH] {
            for applied in [true, false] {
                let world = World::new();
                let zk = world.client().await;
                let fault = world.hooks.on(Match::op(op).path(path));
                if applied {
                    fault.cut_after_apply();
                } else {
                    fault.cut_before_apply();
                }
                let (presence, driver) = TtlNode::new(&zk, PATH, "one", TTL).unwrap().keep();
                let _driver = spawned(driver);
                presence.present().await.unwrap();
                presence.set("two");
                presence.present().await.unwrap();
                tokio::time::sleep(TTL * 3).await;
                assert_eq!(data(&world).unwrap(), "two");
                assert_eq!(world.left("/agents"), [PATH, TOUCH]);
                assert_eq!(zk.generation(), 1);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_throttles_does_not_end_the_touching() {
    let world = World::new();
    let zk = world.client().await;
    let asked = [OpCode::SetData, OpCode::CreateTtl].map(|op| Match::op(op).path(TOUCH).times(1));
    for asked in asked {
        world.hooks.on(asked).error(ErrorCode::ThrottledOp);
    }
    let (presence, driver) = TtlNode::new(&zk, PATH, "one", TTL).unwrap().keep();
    let driver = spawned(driver);
    let made = presence.present().await.unwrap();
    tokio::time::sleep(TTL * 6).await;
    assert_eq!(presence.present().await, Some(made));
    assert!(world.hooks.node(TOUCH).unwrap().stat.version > 8);
    presence.close();
    driver.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_node_that_took_the_place_of_the_one_that_was_found_is_not_told_as_that_one() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    other.create(PATH, "theirs").parents().await.unwrap();
    let looks = Match::op(OpCode::Exists).session(zk.session_id().unwrap());
    world.hooks.on(looks.times(1)).hold_replies();
    let (presence, driver) = TtlNode::new(&zk, PATH, "ours", TTL).unwrap().keep();
    let _driver = spawned(driver);
    settle().await;
    other.delete(PATH).await.unwrap();
    other.create(PATH, "theirs").await.unwrap();
    world.hooks.release_replies();
    let told = presence.present().await.unwrap();
    let there = world.hooks.node(PATH).unwrap();
    assert_eq!(told, there.stat.czxid);
    assert_eq!(there.data.unwrap(), "ours");
}

#[tokio::test(start_paused = true)]
async fn the_container_of_curator_before_5_9_is_adopted_read_and_kept() {
    let world = World::new();
    let (zk, theirs) = (world.client().await, world.client().await);
    let container = CreateMode::Container;
    theirs.create("/agents", "").await.unwrap();
    theirs.create(PATH, "old").mode(container).await.unwrap();
    let node = TtlNode::new(&zk, PATH, "new", TTL).unwrap();
    let found = node.find().await.unwrap().unwrap();
    assert_eq!((found.data.as_ref(), found.touched), (&b"old"[..], None));
    let (presence, driver) = node.keep();
    let driver = spawned(driver);
    presence.present().await.unwrap();
    tokio::time::sleep(TTL * 6).await;
    let found = node.find().await.unwrap().unwrap();
    assert_eq!(found.data, "new");
    assert!(found.touched.is_some());
    presence.close();
    driver.await.unwrap().unwrap();
    tokio::time::sleep(GONE).await;
    assert_eq!(node.find().await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_server_without_extended_types_is_told_of_with_the_setting_that_is_missing() {
    let world = World::with(|config| config.extended_types = false);
    let zk = world.client().await;
    let (presence, driver) = TtlNode::new(&zk, PATH, "", TTL).unwrap().keep();
    let error = driver.await.unwrap_err();
    assert_eq!(
        (error.kind(), error.fate()),
        (ErrorKind::Unimplemented, Fate::NotApplied)
    );
    let text = error.to_string();
    assert!(text.contains(PATH), "{text}");
    assert!(text.contains("extendedTypesEnabled=true"), "{text}");
    assert_eq!(presence.standing(), Standing::Absent);
    assert_eq!(presence.present().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_keeper_that_may_not_touch_says_so_instead_of_trying_for_ever() {
    let world = World::new();
    let zk = world.client().await;
    zk.create("/agents", "").await.unwrap();
    let acl = [Acl::open().with_perms(Permissions::READ | Permissions::WRITE)];
    let (presence, driver) = TtlNode::new(&zk, PATH, "", TTL).unwrap().acl(acl).keep();
    let error = driver.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoAuth, "{error}");
    assert!(
        error.to_string().contains("create under /agents/7"),
        "{error}"
    );
    assert_eq!(presence.present().await, None);
}

#[tokio::test(start_paused = true)]
async fn times_that_no_stat_has_room_for_are_refused() {
    let world = World::new();
    let zk = world.client().await;
    for ttl in [
        Duration::ZERO,
        Duration::from_millis(1),
        Duration::from_millis(1 << 40),
    ] {
        let error = TtlNode::new(&zk, PATH, "", ttl).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Misuse, "{error}");
    }
}
