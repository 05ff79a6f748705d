//! Choosing among instances.

use std::time::Duration;

use zk_recipes::Client;
use zk_recipes::discovery::{
    Discovery, Instance, LeastLoaded, Random, Registration, RoundRobin, ServiceView, Sticky,
};

use super::{registered, services};
use crate::kit::{World, settle, spawned};

/// A view of the instances `a`, `b` and `c`, of which `b` does not want to be called.
async fn three(zk: &Client) -> (Discovery, ServiceView, Vec<Registration>) {
    let services = services(zk);
    let mut kept = Vec::new();
    for id in ["a", "b", "c"] {
        let one = Instance::builder("billing").id(id).enabled(id != "b");
        let (registration, _driver) = registered(&services, one.build()).await;
        kept.push(registration);
    }
    let (loading, driver) = services.view("billing").unwrap().keep();
    drop(spawned(driver));
    let view = loading.loaded().await.unwrap();
    (services, view, kept)
}

fn picked(pick: impl Fn() -> Option<std::sync::Arc<Instance>>, times: usize) -> String {
    let picked = (0..times).map(|_| pick().map_or_else(|| "-".to_owned(), |one| one.id.clone()));
    picked.collect()
}

#[tokio::test(start_paused = true)]
async fn instances_that_want_to_be_called_are_chosen_as_each_strategy_says() {
    let world = World::new();
    let zk = world.client().await;
    let (_services, view, _kept) = three(&zk).await;
    assert_eq!(view.instances().len(), 3);
    let turn = view.provider(RoundRobin::new());
    let copy = turn.clone();
    assert_eq!(picked(|| turn.pick(), 3), "aca");
    assert_eq!(picked(|| copy.pick(), 1), "c", "copies take turns");
    let random = view.provider(Random::new(&zk).unwrap());
    let any = picked(|| random.pick(), 100);
    assert!(
        any.contains('a') && any.contains('c') && !any.contains('b'),
        "{any}"
    );
    let sticky = view.provider(Sticky::new(RoundRobin::new()));
    assert_eq!(picked(|| sticky.pick(), 3), "aaa");
    assert_eq!(sticky.look(Sticky::changes), 1);
    let least = view.provider(LeastLoaded::new(|one: &Instance| u64::from(one.id != "c")));
    assert_eq!(picked(|| least.pick(), 3), "ccc");
}

#[tokio::test(start_paused = true)]
async fn an_instance_with_errors_is_left_alone_for_a_while_and_none_is_better_than_a_bad_one() {
    let world = World::new();
    let zk = world.client().await;
    let (_services, view, _kept) = three(&zk).await;
    let copy = view.clone();
    let sticky = view.provider(Sticky::new(RoundRobin::new()));
    let a = sticky.pick().unwrap();
    assert_eq!(a.id, "a");
    view.note_error(&a);
    assert_eq!(picked(|| sticky.pick(), 1), "a", "once is no pattern");
    tokio::time::sleep(Duration::from_secs(20)).await;
    copy.note_error(&a);
    assert_eq!(picked(|| sticky.pick(), 2), "cc");
    assert_eq!(view.instances().len(), 3, "it is still registered");
    let c = sticky.pick().unwrap();
    view.note_error(&c);
    view.note_error(&c);
    // What is not there is not remembered.
    view.note_error(&Instance::builder("billing").id("z").build());
    assert_eq!(picked(|| sticky.pick(), 1), "-");
    assert_eq!(sticky.look(Sticky::changes), 2);
    tokio::time::sleep(Duration::from_secs(11)).await;
    assert_eq!(picked(|| sticky.pick(), 2), "aa");
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!(view.available().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_instance_that_is_drained_is_chosen_no_more() {
    let world = World::new();
    let zk = world.client().await;
    let (services, view, _kept) = three(&zk).await;
    let (d, _driver) = registered(&services, Instance::builder("billing").id("d").build()).await;
    view.catch_up().await.unwrap();
    let turn = view.provider(RoundRobin::new());
    assert_eq!(picked(|| turn.pick(), 3), "acd");
    d.drain();
    d.applied().await.unwrap();
    settle().await;
    assert_eq!(picked(|| turn.pick(), 4), "caca");
    d.resume();
    d.applied().await.unwrap();
    settle().await;
    assert!(picked(|| turn.pick(), 3).contains('d'));
}
