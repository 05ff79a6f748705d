//! Deadlines, refusals and lost answers of requests.

use std::pin::pin;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use zk_client::{CreateMode, ErrorCode, ErrorKind, Fate};
use zk_embedded::Match;
use zk_wire::OpCode;

use super::links::Links;
use crate::kit::{World, settle};

/// Polled every millisecond, for no reason.
#[tokio::test(start_paused = true)]
async fn zk2251_zk4909_b33_a_deadline_is_met_to_the_millisecond_whoever_wakes_the_caller() {
    let world = World::new();
    let limit = Duration::from_millis(700);
    let zk = world
        .builder()
        .request_timeout(limit)
        .connect()
        .await
        .unwrap();
    world
        .hooks
        .on(Match::op(OpCode::Sync).always())
        .hold_replies();
    let begun = Instant::now();
    let mut sync = pin!(zk.sync("/").submit());
    let error = loop {
        tokio::select! {
            biased;
            answer = &mut sync => break answer.unwrap_err(),
            () = sleep(Duration::from_millis(1)) => {}
        }
    };
    assert_eq!(begun.elapsed(), limit);
    assert_eq!(error.kind(), ErrorKind::TimedOut);
}

#[tokio::test(start_paused = true)]
async fn b91_a_request_that_was_throttled_is_an_error_of_its_own_and_was_not_applied() {
    let world = World::new();
    let zk = world.client().await;
    let throttled = Match::ops([OpCode::Create2, OpCode::GetData]).times(2);
    world.hooks.on(throttled).error(ErrorCode::ThrottledOp);
    let create = zk.create("/a", "").await.unwrap_err();
    let get = zk.get("/a").await.unwrap_err();
    for error in [create, get] {
        assert_eq!(error.kind(), ErrorKind::Throttled, "{error}");
        assert_eq!(error.fate(), Fate::NotApplied);
    }
    zk.create("/a", "").await.unwrap();
    assert_eq!(zk.stats().connections_lost, 0);
}

/// The parent's path is the root alone, to which nothing may be appended but a name.
#[tokio::test(start_paused = true)]
async fn s11_a_marked_node_directly_below_the_root_is_found_when_its_answer_is_lost() {
    let world = World::new();
    let zk = world.client().await;
    world.hooks.on(Match::op(OpCode::Create2)).cut_after_apply();
    let claim = zk.claim("/", "_c_mark-");
    let sequential = CreateMode::EphemeralSequential;
    let create = claim.create(
        "/_c_mark-n",
        "".into(),
        Vec::from([zk_client::Acl::open()]),
        sequential,
    );
    let error = create.await.unwrap_err();
    assert_eq!(error.fate(), Fate::Unknown);
    assert_eq!(world.hooks.paths(), ["/_c_mark-n0000000000"]);
    drop(claim);
    settle().await;
    assert_eq!(world.hooks.paths(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn zk1562_zk1636_ten_thousand_failed_multis_leave_nothing_behind() {
    let world = World::new();
    let zk = world.client().await;
    let failing = || {
        zk.multi()
            .check("/none", None)
            .create("/a", "", CreateMode::Persistent)
    };
    for _ in 0..100 {
        let batch: Vec<_> = (0..100).map(|_| failing().submit()).collect();
        for multi in batch {
            assert_eq!(multi.await.unwrap_err().kind(), ErrorKind::NoNode);
        }
    }
    let stats = zk.stats();
    assert_eq!((stats.in_flight, stats.queued, stats.duties), (0, 0, 0));
    assert_eq!(world.hooks.paths(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn zk1560_values_of_every_size_pass_through_writes_that_take_little_at_a_time() {
    for (most, sizes) in [
        (1, &[0, 1, 2, 100, 5_000][..]),
        (1_000, &[0, 65_536, 1_048_000][..]),
    ] {
        let world = World::new();
        let (transport, link) = Links::to(&world);
        let zk = world
            .builder()
            .transport(transport)
            .connect()
            .await
            .unwrap();
        link.writes_at_most.store(most, Relaxed);
        for size in sizes {
            let value: Vec<u8> = (0..*size).map(|at: u32| (at % 251) as u8).collect();
            let path = format!("/{size}");
            zk.create(&path, value.clone()).await.unwrap();
            assert_eq!(zk.get(&path).await.unwrap().data, value);
        }
        assert_eq!(zk.stats().connections_lost, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn b31_a_link_that_becomes_slow_costs_requests_their_deadline_and_nothing_else() {
    let world = World::new();
    let limit = Duration::from_secs(1);
    let zk = world
        .builder()
        .request_timeout(limit)
        .connect()
        .await
        .unwrap();
    world.server.set_latency(Duration::from_secs(1));
    for n in 0..5 {
        let begun = Instant::now();
        let error = zk.create(&format!("/{n}"), "").await.unwrap_err();
        assert_eq!(
            (error.kind(), error.fate()),
            (ErrorKind::TimedOut, Fate::Unknown)
        );
        assert_eq!(begun.elapsed(), limit);
    }
    world.server.set_latency(Duration::from_millis(5));
    sleep(Duration::from_secs(2)).await;
    assert_eq!(zk.children("/").await.unwrap().len(), 6);
    assert_eq!((zk.generation(), zk.stats().connections_lost), (1, 0));
}
