//! What observers are told.

use std::time::Duration;

use zk_recipes::Roster;

use super::{PATH, group, joined, observe};
use crate::kit::{World, settle};

fn seen(roster: &Roster) -> (Vec<&str>, bool) {
    (roster.ids().into_iter().collect(), roster.is_stale)
}

#[tokio::test(start_paused = true)]
async fn an_observer_is_told_who_comes_goes_and_says_something_else() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let mut rosters = observe(&group(&other));
    assert_eq!(rosters.next().await, Roster::default());
    let group = group(&zk);
    let (first, _driver) = joined(&group, "b").await;
    assert_eq!(seen(&rosters.next().await), (vec!["b"], false));
    let (second, driver) = joined(&group, "a").await;
    assert_eq!(seen(&rosters.next().await), (vec!["a", "b"], false));
    first.set("new").unwrap();
    let roster = rosters.next().await;
    assert_eq!(roster.members[1].data, "new");
    assert!(roster.contains("a") && !roster.contains("c"));
    second.leave();
    driver.await.unwrap().unwrap();
    assert_eq!(seen(&rosters.next().await), (vec!["b"], false));
    // Nothing happens: nothing is told and nothing asked.
    settle().await;
    let before = world.asked(other.session_id().unwrap());
    let quiet = tokio::time::timeout(Duration::from_secs(60), rosters.rosters.next());
    assert!(quiet.await.is_err());
    let asked = world.asked(other.session_id().unwrap());
    assert_eq!(asked.all_since(&before), 0);
    drop(rosters.rosters);
    rosters.driver.await.unwrap().unwrap();
    settle().await;
    assert_eq!(other.stats().watches, 0);
}

#[tokio::test(start_paused = true)]
async fn a_crowd_that_comes_at_once_is_told_in_few_looks_with_one_watch() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let mut rosters = observe(&group(&other));
    rosters.next().await;
    let before = world.asked(other.session_id().unwrap());
    let group = group(&zk);
    let mut members = Vec::new();
    for n in 0..50 {
        let (membership, driver) = group.join(&format!("m{n:02}"), "").unwrap();
        members.push((membership, crate::kit::spawned(driver)));
    }
    let mut told = 0;
    loop {
        told += 1;
        if rosters.next().await.members.len() == 50 {
            break;
        }
    }
    assert!(told <= 10, "{told} rosters");
    let asked = world.asked(other.session_id().unwrap());
    let reads = asked.all_since(&before);
    assert!(reads <= 55, "{reads}: one for each that came");
    assert_eq!(other.stats().watches, 1);
}

#[tokio::test(start_paused = true)]
async fn an_observer_is_told_when_nobody_tells_and_what_happened_meanwhile() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let group_of_zk = group(&zk);
    let (_first, _driver) = joined(&group_of_zk, "a").await;
    let mut rosters = observe(&group(&other));
    assert_eq!(seen(&rosters.next().await), (vec!["a"], false));
    world.hooks.refuse_connections(true);
    world.hooks.cut_session(other.session_id().unwrap());
    rosters.until(&["a"], true).await;
    let (_second, _driver) = joined(&group_of_zk, "b").await;
    world.hooks.refuse_connections(false);
    rosters.until(&["a", "b"], false).await;
    // An outage in which nothing happened is told, too, with its end.
    world.hooks.cut_session(other.session_id().unwrap());
    rosters.until(&["a", "b"], true).await;
    rosters.until(&["a", "b"], false).await;
    // And the next session goes on.
    world.hooks.expire(other.session_id().unwrap());
    rosters.until(&["a", "b"], true).await;
    rosters.until(&["a", "b"], false).await;
    assert_eq!(other.generation(), 2);
    assert_eq!(other.stats().watches, 1);
}

#[tokio::test(start_paused = true)]
async fn a24_a_member_whose_node_is_gone_does_not_list_itself() {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let group = group(&zk);
    let (membership, driver) = joined(&group, "a").await;
    let mut rosters = observe(&group);
    assert_eq!(seen(&rosters.next().await), (vec!["a"], false));
    // Deleted by somebody, and its keeper does not run.
    driver.abort();
    settle().await;
    assert_eq!(seen(&rosters.next().await), (vec![], false));
    assert_eq!(group.members().await.unwrap(), []);
    assert!(!membership.is_member());
    // Nor while its name is taken by somebody else: it is the other one that is listed.
    other.create(&format!("{PATH}/b"), "theirs").await.unwrap();
    let (membership, driver) = group.join("b", "ours").unwrap();
    let error = driver.await.unwrap_err();
    assert_eq!(error.kind(), zk_recipes::ErrorKind::NodeExists);
    assert!(!membership.is_member());
    let roster = rosters.next().await;
    assert_eq!(roster.members[0].data, "theirs");
}

#[tokio::test(start_paused = true)]
async fn a24_after_an_expiry_a_member_is_not_listed_before_it_has_joined_again() {
    let world = World::new();
    let zk = world.client().await;
    let group = group(&zk);
    let (membership, driver) = joined(&group, "a").await;
    let mut rosters = observe(&group);
    assert_eq!(rosters.next().await.members.len(), 1);
    let old = zk.session_id().unwrap();
    driver.abort();
    let _ = driver.await;
    world.hooks.expire(old);
    assert!(rosters.next().await.is_stale);
    rosters.until(&[], false).await;
    assert!(!membership.is_member());
    // With its driver it is there again by itself, in the new session.
    let (_again, _driver) = joined(&group, "a").await;
    let roster = rosters.next().await;
    assert_eq!(Some(roster.members[0].session), zk.session_id());
    assert_ne!(roster.members[0].session, old);
}
