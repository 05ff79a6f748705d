//! Our counters, values and barriers and Curator's on the same nodes, both at once.

use std::time::Duration;

use tokio::try_join;
use zk_recipes::{
    AtomicInt, AtomicLong, AtomicValue, Bytes, Client, ErrorKind, Layout, Mutex, SharedCount,
    SharedValue,
};
use zk_tests::value_rounds::{self, EXCHANGES, LEAST};
use zk_tests::{Partner, RealServer, deadline, note};

async fn client() -> (String, Client) {
    let connect = RealServer::shared().connect_string();
    let zk = Client::builder(&connect).connect().await.unwrap();
    (connect, zk)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_atomic_long_and_curators_count_exactly_on_one_node() {
    let (connect, zk) = client().await;
    let counter = AtomicLong::new(&zk, "/curator-long/n").unwrap();
    counter.initialize(0).await.unwrap();
    let curator = Partner::curator(&connect, "long", counter.path(), LEAST);
    let tally = value_rounds::increment(&zk, &counter).await.unwrap();
    let theirs = curator.finish();
    let all = i64::try_from(tally.ours + theirs).unwrap();
    assert_eq!(counter.get().await.unwrap(), all);
    assert_eq!(
        zk.get(counter.path()).await.unwrap().data,
        all.to_be_bytes()[..]
    );
}

/// Adds 1 until that took the lock often enough for both sides, neither of which needs it alone; yields how many it added.
/// The lock keeps those out who have it, not their attempts without it, so that an attempt under it may be lost as well.
async fn increment_under_lock(zk: &Client, counter: AtomicLong) -> usize {
    let enough = format!("{}-enough", counter.path());
    let limit = deadline(Duration::from_secs(100));
    let (mut done, mut promoted) = (0, 0);
    while promoted < LEAST || zk.exists(&enough).await.unwrap().is_none() {
        assert!(!limit.passed(), "{promoted} of {done} took the lock");
        match counter.increment().await {
            Ok(change) => {
                done += 1;
                promoted += usize::from(change.attempts > 1);
            }
            Err(error) => assert_eq!(error.kind(), ErrorKind::Contended, "{error}"),
        }
    }
    done
}

#[tokio::test(flavor = "multi_thread")]
async fn an_atomic_long_and_curators_promoted_to_one_lock_count_exactly_on_one_node() {
    let (connect, zk) = client().await;
    let counter = AtomicLong::new(&zk, "/curator-promoted/n").unwrap();
    counter.initialize(0).await.unwrap();
    let curator = Partner::curator(&connect, "promoted", counter.path(), LEAST);
    let lock = Mutex::new(&zk, "/curator-promoted/n-lock").unwrap();
    let counter = counter.attempts(1).promote(&lock, Duration::from_secs(60));
    let ours = increment_under_lock(&zk, counter.clone()).await;
    value_rounds::stop(&zk, counter.path()).await.unwrap();
    let theirs = curator.finish();
    note(format_args!("ours {ours}, Curator's {theirs}"));
    assert_eq!(
        counter.get().await.unwrap(),
        i64::try_from(ours + theirs).unwrap()
    );
    assert_eq!(lock.contenders().await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_atomic_int_and_curators_count_exactly_on_one_node() {
    let (connect, zk) = client().await;
    let counter = AtomicInt::new(&zk, "/curator-int/n").unwrap();
    counter.initialize(0).await.unwrap();
    let curator = Partner::curator(&connect, "int", counter.path(), LEAST);
    let tally = value_rounds::increment(&zk, &counter).await.unwrap();
    let theirs = curator.finish();
    assert_eq!(
        counter.get().await.unwrap(),
        i32::try_from(tally.ours + theirs).unwrap()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shared_count_and_curators_count_exactly_on_one_node() {
    let (connect, zk) = client().await;
    let count = SharedCount::new(&zk, "/curator-count/n", 0).unwrap();
    count.get().await.unwrap();
    let curator = Partner::curator(&connect, "count", count.path(), LEAST);
    let tally = value_rounds::count(&zk, &count).await.unwrap();
    let theirs = curator.finish();
    assert_eq!(
        count.get().await.unwrap().value,
        i32::try_from(tally.ours + theirs).unwrap()
    );
}

/// How many `r` and `j` there are.
fn letters(text: &Bytes) -> (usize, usize) {
    let count = |wanted| text.iter().filter(|letter| **letter == wanted).count();
    (count(b'r'), count(b'j'))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_atomic_value_and_curators_lose_no_update_on_one_node() {
    let (connect, zk) = client().await;
    let value = AtomicValue::new(&zk, "/curator-bytes/n").unwrap();
    value.initialize("").await.unwrap();
    let curator = Partner::curator(&connect, "bytes", value.path(), LEAST);
    let tally = value_rounds::append(&zk, &value).await.unwrap();
    let theirs = curator.finish();
    let text = value.get().await.unwrap().unwrap();
    assert_eq!(letters(&text), (tally.ours, theirs));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shared_value_and_curators_lose_no_update_on_one_node() {
    let (connect, zk) = client().await;
    let value = SharedValue::new(&zk, "/curator-value/n", "").unwrap();
    value.get().await.unwrap();
    let curator = Partner::curator(&connect, "value", value.path(), LEAST);
    let tally = value_rounds::append_shared(&zk, &value).await.unwrap();
    let theirs = curator.finish();
    let text = value.get().await.unwrap().value;
    assert_eq!(letters(&text), (tally.ours, theirs));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_barrier_and_curators_let_each_other_pass_in_turns() {
    let (connect, zk) = client().await;
    let at = "/curator-barrier";
    value_rounds::set_up(&zk, at).await.unwrap();
    let curator = Partner::curator(&connect, "barrier", at, LEAST);
    value_rounds::ping_pong(&zk, at, LEAST).await.unwrap();
    assert_eq!(curator.finish(), LEAST);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_double_barrier_and_curators_are_entered_and_left_together() {
    let (connect, zk) = client().await;
    let (at, rounds) = ("/curator-double", EXCHANGES);
    let curator = Partner::curator(&connect, "double", at, rounds);
    let other = Client::builder(&connect).connect().await.unwrap();
    try_join!(
        value_rounds::enter_and_leave(&zk, at, rounds, Layout::Curator),
        value_rounds::enter_and_leave(&other, at, rounds, Layout::Curator)
    )
    .unwrap();
    assert_eq!(curator.finish(), rounds);
    // Ours leave nothing; who of Curator's is last to leave takes the gate with it.
    for round in 0..rounds {
        if let Ok(left) = zk.children(&format!("{at}/barrier-{round}")).await {
            assert_eq!(left, Vec::<String>::new());
        }
    }
}
