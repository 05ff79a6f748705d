//! Our counters and barriers and unmodified kazoo's on the same nodes of a real server, both at once.

use std::time::Duration;

use tokio::time::sleep;
use tokio::try_join;
use zk_recipes::{AtomicInt, AtomicLong, Client, CompareAndSet, Layout, TypedValue};
use zk_tests::value_rounds::{self, EXCHANGES, LEAST};
use zk_tests::{Partner, RealServer};

async fn client() -> (String, Client) {
    let connect = RealServer::shared().connect_string();
    let zk = Client::builder(&connect).connect().await.unwrap();
    (connect, zk)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_counter_of_kazoos_layout_and_kazoos_count_exactly_on_one_node() {
    let (connect, zk) = client().await;
    let counter = AtomicLong::new(&zk, "/kazoo-counter/n")
        .unwrap()
        .layout(Layout::Kazoo);
    counter.initialize(0).await.unwrap();
    let kazoo = Partner::kazoo(&connect, "counter", counter.path(), LEAST);
    let tally = value_rounds::increment(&zk, &counter).await.unwrap();
    let theirs = kazoo.finish();
    let all = i64::try_from(tally.ours + theirs).unwrap();
    assert_eq!(counter.get().await.unwrap(), all);
    assert_eq!(zk.get(counter.path()).await.unwrap().data, all.to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_atomic_int_and_kazoos_curator_counter_count_exactly_on_one_node() {
    let (connect, zk) = client().await;
    let counter = AtomicInt::new(&zk, "/kazoo-curator-counter/n").unwrap();
    // kazoo makes the node, empty.
    zk.create("/kazoo-curator-counter", "").await.unwrap();
    let kazoo = Partner::kazoo(&connect, "curator-counter", counter.path(), LEAST);
    let tally = value_rounds::increment(&zk, &counter).await.unwrap();
    let theirs = kazoo.finish();
    assert_eq!(
        counter.get().await.unwrap(),
        i32::try_from(tally.ours + theirs).unwrap()
    );
}

/// Quarters, so that their sum does not depend on the order.
#[tokio::test(flavor = "multi_thread")]
async fn a_typed_value_and_kazoos_counter_of_floats_add_exactly_on_one_node() {
    let (connect, zk) = client().await;
    let sum = TypedValue::new(&zk, "/kazoo-floats/n", &0.0_f64).unwrap();
    let mut current = sum.get().await.unwrap();
    let kazoo = Partner::kazoo(&connect, "floats", sum.path(), LEAST);
    let (mut ours, mut exchanges) = (0, 0);
    while ours < LEAST || exchanges < EXCHANGES {
        assert!(ours < 20_000, "kazoo does nothing");
        let before = current.version;
        let next = current.value + 0.25;
        current = match sum.try_set(&current, &next).await.unwrap() {
            CompareAndSet::Found(found) => found,
            _ => {
                ours += 1;
                // Leaves the server to kazoo for a moment.
                sleep(Duration::from_millis(2)).await;
                let current = sum.get().await.unwrap();
                exchanges += usize::from(current.version != before + 1);
                current
            }
        };
    }
    value_rounds::stop(&zk, sum.path()).await.unwrap();
    let all = u32::try_from(ours + kazoo.finish()).unwrap();
    let total = sum.get().await.unwrap().value;
    assert!(
        (total - f64::from(all) * 0.25).abs() < f64::EPSILON,
        "{total} of {all}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_barrier_and_kazoos_let_each_other_pass_in_turns() {
    let (connect, zk) = client().await;
    let at = "/kazoo-barrier";
    value_rounds::set_up(&zk, at).await.unwrap();
    let kazoo = Partner::kazoo(&connect, "barrier", at, LEAST);
    value_rounds::ping_pong(&zk, at, LEAST).await.unwrap();
    assert_eq!(kazoo.finish(), LEAST);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_double_barrier_and_kazoos_are_entered_and_left_together() {
    let (connect, zk) = client().await;
    let (at, rounds) = ("/kazoo-double", EXCHANGES);
    let kazoo = Partner::kazoo(&connect, "double", at, rounds);
    let other = Client::builder(&connect).connect().await.unwrap();
    try_join!(
        value_rounds::enter_and_leave(&zk, at, rounds, Layout::Kazoo),
        value_rounds::enter_and_leave(&other, at, rounds, Layout::Kazoo)
    )
    .unwrap();
    assert_eq!(kazoo.finish(), rounds);
}
