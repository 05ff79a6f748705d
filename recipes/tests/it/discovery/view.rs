//! Local pictures of services.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::Instant;
use zk_client::CreateMode;
use zk_embedded::Match;
use zk_recipes::discovery::{
    Codec as _, Discovery, Instance, InstanceKind, JsonCodec, ServiceChange, ServiceView,
    ServiceViewBuilder,
};
use zk_recipes::{Error, ErrorKind};
use zk_wire::OpCode;

use super::{NODE, instance, populate, registered, services};
use crate::kit::{ROUND_TRIP, World, settle, spawned};

async fn kept(builder: &ServiceViewBuilder) -> (ServiceView, JoinHandle<Result<(), Error>>) {
    let (loading, driver) = builder.keep();
    let driver = spawned(driver);
    (loading.loaded().await.unwrap(), driver)
}

async fn view(services: &Discovery) -> (ServiceView, JoinHandle<Result<(), Error>>) {
    kept(&services.view("billing").unwrap()).await
}

fn ids(view: &ServiceView) -> Vec<String> {
    view.instances().iter().map(|one| one.id.clone()).collect()
}

fn one(id: &str) -> Instance {
    Instance::builder("billing").id(id).port(80).build()
}

#[tokio::test(start_paused = true)]
async fn a_view_shows_who_comes_changes_and_goes_and_tells_it_one_by_one() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let (ours, theirs) = (services(&zk), services(&other));
    // The service need not exist.
    let (mut view, driver) = view(&ours).await;
    let mut changes = view.changes();
    assert!(view.instances().is_empty() && view.is_fresh());
    let (first, ending) = registered(&theirs, instance(InstanceKind::Dynamic)).await;
    assert_eq!(view.changed().await.unwrap()[0].port, Some(80));
    let added = changes.next().await;
    assert!(matches!(added, Some(ServiceChange::Added(one)) if one.id == "i-1"));
    first.update(|instance| instance.port = Some(81));
    let changed = changes.next().await;
    assert!(matches!(changed, Some(ServiceChange::Changed(one)) if one.port == Some(81)));
    let kind = InstanceKind::DynamicSequential;
    let numbered = Instance::builder("billing").id("h").kind(kind).build();
    let (_second, _driver) = registered(&theirs, numbered).await;
    let added = changes.next().await;
    assert!(matches!(added, Some(ServiceChange::Added(one)) if one.id == "h"));
    assert_eq!(ids(&view), ["h", "i-1"]);
    first.unregister();
    ending.await.unwrap().unwrap();
    let removed = changes.next().await;
    assert_eq!(removed, Some(ServiceChange::Removed("i-1".to_owned())));
    assert_eq!((view.get("i-1"), ids(&view)), (None, vec!["h".to_owned()]));
    assert!(view.get("h").is_some());
    // Whoever follows keeps the view; with the last of them it ends.
    drop(view);
    settle().await;
    assert!(!driver.is_finished());
    drop(changes);
    driver.await.unwrap().unwrap();
    settle().await;
    assert_eq!(zk.stats().watches, 0);
    assert_eq!(
        world.hooks.watch_count(),
        1,
        "the one of the second registration"
    );
}

#[tokio::test(start_paused = true)]
async fn c64_instances_that_are_registered_while_a_view_starts_are_all_in_it() {
    for pause in 0..8 {
        let world = World::new();
        let (zk, other) = (world.client().await, world.client().await);
        let (loading, driver) = services(&zk).view("billing").unwrap().keep();
        let _driver = spawned(driver);
        let mut kept = Vec::new();
        for id in ["a", "b", "c", "d"] {
            let (registration, driver) = services(&other).register(one(id)).unwrap();
            kept.push((registration, spawned(driver)));
            tokio::time::sleep(ROUND_TRIP / 4 * pause).await;
        }
        let view = loading.loaded().await.unwrap();
        for (registration, _) in &kept {
            registration.applied().await.unwrap();
        }
        view.catch_up().await.unwrap();
        assert_eq!(ids(&view), ["a", "b", "c", "d"], "{pause}");
    }
}

#[tokio::test(start_paused = true)]
async fn c65_a_view_skips_empty_nodes_and_tells_broken_ones() {
    let world = World::new();
    let zk = world.client().await;
    let services = services(&zk);
    let (_one, _driver) = registered(&services, instance(InstanceKind::Dynamic)).await;
    zk.create("/services/billing/ip", "192.168.1.5")
        .await
        .unwrap();
    let (mut view, _driver) = view(&services).await;
    zk.create("/services/billing/empty", "").await.unwrap();
    zk.create("/services/billing/j", r#"{"name":"billing"}"#)
        .await
        .unwrap();
    while ids(&view) != ["i-1", "j"] {
        view.changed().await.unwrap();
    }
    let broken = view.broken();
    assert_eq!((broken.len(), &*broken[0].node), (1, "ip"));
    zk.set("/services/billing/ip", r#"{"id":"k"}"#)
        .await
        .unwrap();
    view.changed().await.unwrap();
    assert_eq!(ids(&view), ["i-1", "j", "k"]);
    assert!(view.broken().is_empty());
}

/// S1: whoever crashed is gone after its session timeout, a tick, and a round trip.
#[tokio::test(start_paused = true)]
async fn s1_an_instance_that_crashed_is_not_offered_for_longer_than_its_session() {
    let world = World::new();
    let (zk, dying) = (world.client().await, world.client().await);
    dying
        .create("/services/billing", "")
        .parents()
        .await
        .unwrap();
    let data = JsonCodec::new().encode(&one("i-1"));
    let create = dying.create(NODE, data).mode(CreateMode::Ephemeral);
    create.await.unwrap();
    let (mut view, _driver) = view(&services(&zk)).await;
    let died = Instant::now();
    let timeout = dying.session_timeout();
    // Its process is there no more, and its session is.
    drop(dying.detach().await.unwrap());
    assert_eq!(ids(&view), ["i-1"]);
    while !view.instances().is_empty() {
        view.changed().await.unwrap();
    }
    let tick = Duration::from_secs(2);
    assert!(
        died.elapsed() <= timeout + tick + ROUND_TRIP * 2,
        "{:?}",
        died.elapsed()
    );
    assert!(view.is_fresh());
}

#[tokio::test(start_paused = true)]
async fn s1_a_view_without_contact_is_stale_within_the_read_timeout_and_keeps_what_it_has() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let (_one, _driver) = registered(&services(&other), instance(InstanceKind::Dynamic)).await;
    let (mut view, _driver) = view(&services(&zk)).await;
    let mut changes = view.changes();
    assert!(matches!(
        changes.next().await,
        Some(ServiceChange::Added(_))
    ));
    zk.sync("/").await.unwrap();
    let last = Instant::now();
    let of_viewer = Match::op(OpCode::Ping).session(zk.session_id().unwrap());
    let silence = world.hooks.on(of_viewer).hold_replies();
    world.hooks.refuse_connections(true);
    let kept = view.changed().await.unwrap();
    assert_eq!(kept.len(), 1);
    assert!(!view.is_fresh());
    assert!(last.elapsed() <= zk.session_timeout() * 2 / 3 + ROUND_TRIP);
    assert_eq!(changes.next().await, Some(ServiceChange::Stale));
    assert_eq!(ids(&view), ["i-1"]);
    // What happens meanwhile is told before the view is fresh.
    let (_two, _driver) = registered(&services(&other), one("j")).await;
    world.hooks.remove(silence);
    world.hooks.refuse_connections(false);
    let added = changes.next().await;
    assert!(matches!(added, Some(ServiceChange::Added(one)) if one.id == "j"));
    assert_eq!(changes.next().await, Some(ServiceChange::Fresh));
    assert!(view.is_fresh());
    assert_eq!(ids(&view), ["i-1", "j"]);
}

#[tokio::test(start_paused = true)]
async fn a_view_goes_on_in_the_next_session_and_tells_no_more_than_the_difference() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let (_one, _driver) = registered(&services(&other), instance(InstanceKind::Dynamic)).await;
    let (view, _driver) = view(&services(&zk)).await;
    let mut changes = view.changes();
    assert!(matches!(
        changes.next().await,
        Some(ServiceChange::Added(_))
    ));
    for _ in 0..3 {
        world.hooks.expire(zk.session_id().unwrap());
        assert_eq!(changes.next().await, Some(ServiceChange::Stale));
        assert_eq!(ids(&view), ["i-1"]);
        assert_eq!(changes.next().await, Some(ServiceChange::Fresh));
    }
}

#[tokio::test(start_paused = true)]
async fn s4_a_view_has_one_of_each_id_the_last_that_was_registered() {
    let world = World::new();
    let zk = world.client().await;
    let services = services(&zk);
    let (view, _driver) = view(&services).await;
    let kind = InstanceKind::DynamicSequential;
    let (_first, _driver) = registered(&services, instance(kind)).await;
    let mut later = instance(kind);
    later.port = Some(81);
    let (second, ending) = registered(&services, later).await;
    view.catch_up().await.unwrap();
    assert_eq!(ids(&view), ["i-1"]);
    assert_eq!(view.get("i-1").unwrap().port, Some(81));
    second.unregister();
    ending.await.unwrap().unwrap();
    view.catch_up().await.unwrap();
    assert_eq!(view.get("i-1").unwrap().port, Some(80));
}

#[tokio::test(start_paused = true)]
async fn a_view_that_catches_up_shows_what_was_registered_before() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let (view, driver) = view(&services(&zk)).await;
    assert_eq!(view.staleness(), None);
    for id in ["a", "b", "c"] {
        let (_registration, driver) = registered(&services(&other), one(id)).await;
        let before = Instant::now();
        view.catch_up().await.unwrap();
        assert_eq!(ids(&view), [id]);
        assert!(view.staleness().unwrap() <= before.elapsed());
        driver.abort();
        settle().await;
    }
    driver.abort();
    settle().await;
    assert!(!view.is_fresh());
    assert_eq!(view.catch_up().await.unwrap_err().kind(), ErrorKind::Misuse);
}

#[tokio::test(start_paused = true)]
async fn a_view_whose_driver_is_gone_says_so_and_leaves_no_watch() {
    let world = World::new();
    let zk = world.client().await;
    let (mut kept, driver) = view(&services(&zk)).await;
    driver.abort();
    settle().await;
    assert_eq!(kept.changed().await, None);
    assert!(!kept.is_fresh());
    assert_eq!(world.hooks.watch_count(), 0);
    let (loading, driver) = services(&zk).view("billing").unwrap().keep();
    drop(driver);
    assert_eq!(
        loading.loaded().await.unwrap_err().kind(),
        ErrorKind::Misuse
    );
    // Whoever waited has the view alone.
    let (view, driver) = services(&zk).view("billing").unwrap().keep();
    let driver = spawned(driver);
    let view = view.loaded().await.unwrap();
    drop(view);
    driver.await.unwrap().unwrap();
    // Nobody waits for it to be loaded.
    let (loading, driver) = services(&zk).view("billing").unwrap().keep();
    drop(loading);
    driver.await.unwrap();
    settle().await;
    assert_eq!(world.hooks.watch_count(), 0);
    let refused = services(&zk).view("a/b").unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidPath);
}

#[tokio::test(start_paused = true)]
async fn a_view_leaves_out_what_its_filter_refuses_also_later() {
    let world = World::new();
    let zk = world.client().await;
    let services = services(&zk);
    let (first, _driver) = registered(&services, one("a")).await;
    let (_second, _driver) = registered(&services, one("b")).await;
    let odd = services.view("billing").unwrap();
    let odd = odd.filter(|instance| instance.port.is_some_and(|port| port % 2 == 1));
    let (mut view, _driver) = kept(&odd).await;
    assert!(view.instances().is_empty());
    first.update(|instance| instance.port = Some(81));
    view.changed().await.unwrap();
    assert_eq!(ids(&view), ["a"]);
    first.update(|instance| instance.port = Some(82));
    view.changed().await.unwrap();
    assert!(view.instances().is_empty());
}

/// A discovery view of 10,000 instances follows a change within 3 round trips, the change itself included.
#[tokio::test(start_paused = true)]
async fn a_view_of_ten_thousand_instances_follows_a_change_within_three_round_trips() {
    let world = World::new();
    populate(&world, 10_000).await;
    let zk = world.builder().servers_from(3, 6).connect().await.unwrap();
    let other = world.client().await;
    let (mut view, _driver) = view(&services(&zk)).await;
    assert_eq!(view.instances().len(), 10_000);
    let data = |id: &str| JsonCodec::new().encode(&one(id));
    let changes: [(&str, usize); 3] = [("come", 10_001), ("change", 10_001), ("go", 10_000)];
    for (change, expected) in changes {
        let before = world.asked(zk.session_id().unwrap());
        let begun = Instant::now();
        match change {
            "come" => drop(other.create(NODE, data("i-1")).await.unwrap()),
            "change" => drop(other.set(NODE, data("i-2")).await.unwrap()),
            _ => other.delete(NODE).await.unwrap(),
        }
        let shown = view.changed().await.unwrap();
        let took = begun.elapsed();
        assert_eq!(shown.len(), expected);
        assert!(took <= ROUND_TRIP * 3, "{change}: {took:?}");
        let asked = world.asked(zk.session_id().unwrap()).all_since(&before);
        assert!(asked <= 1, "{change}: {asked} requests");
    }
}
