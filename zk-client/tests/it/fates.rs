//! What a failed request says about itself is true.

use std::time::Duration;

use zk_client::{ErrorKind, Fate, RetryAdvice};
use zk_embedded::Match;
use zk_wire::OpCode;

use crate::kit::{World, settle};

#[tokio::test(start_paused = true)]
async fn a_write_whose_answer_was_lost_is_unknown_whether_it_was_applied_or_not() {
    for applied in [true, false] {
        let world = World::new();
        let zk = world.client().await;
        let fault = world.hooks.on(Match::op(OpCode::Create2));
        if applied {
            fault.cut_after_apply()
        } else {
            fault.cut_before_apply()
        };
        let error = zk.create("/a", "").await.unwrap_err();
        assert_eq!(
            (error.kind(), error.fate()),
            (ErrorKind::ConnectionLost, Fate::Unknown)
        );
        assert_eq!(error.retry(), RetryAdvice::AfterSettling);
        assert_eq!(error.server(), Some("embedded:2181"));
        assert_eq!(error.session(), zk.session_id());
        zk.barrier().await.unwrap();
        assert_eq!(zk.exists("/a").await.unwrap().is_some(), applied);
    }
}

#[tokio::test(start_paused = true)]
async fn a_read_whose_answer_was_lost_is_asked_again() {
    let world = World::new();
    let zk = world.client().await;
    zk.create("/a", "x").await.unwrap();
    for op in [
        OpCode::GetData,
        OpCode::Exists,
        OpCode::GetChildren,
        OpCode::GetAcl,
    ] {
        world.hooks.on(Match::op(op)).cut_after_apply();
    }
    assert_eq!(&zk.get("/a").await.unwrap().data[..], b"x");
    assert!(zk.exists("/a").await.unwrap().is_some());
    assert_eq!(zk.children("/a").await.unwrap(), Vec::<String>::new());
    assert_eq!(zk.acl("/a").await.unwrap().0.len(), 1);
    assert_eq!(zk.stats().connections_lost, 4);
}

#[tokio::test(start_paused = true)]
async fn k18_a_request_that_never_left_waits_for_the_connection_and_is_not_applied_at_its_deadline()
{
    let world = World::new();
    let zk = world
        .builder()
        .request_timeout(Duration::from_secs(3))
        .connect()
        .await
        .unwrap();
    world.hooks.refuse_connections(true);
    world.hooks.cut_all();
    settle().await;
    let start = tokio::time::Instant::now();
    let error = zk.create("/a", "").await.unwrap_err();
    assert_eq!(start.elapsed(), Duration::from_secs(3));
    assert_eq!(
        (error.kind(), error.fate()),
        (ErrorKind::TimedOut, Fate::NotApplied)
    );
    let patient = zk.create("/b", "").submit();
    world.hooks.refuse_connections(false);
    patient.await.unwrap();
    assert_eq!(world.hooks.paths(), ["/b"]);
}

#[tokio::test(start_paused = true)]
async fn a_client_told_not_to_wait_fails_what_is_queued_once_every_server_was_tried() {
    let world = World::new();
    let builder = world.builder().wait_for_connection(false);
    let zk = builder.connect().await.unwrap();
    world.hooks.refuse_connections(true);
    world.hooks.cut_all();
    settle().await;
    let start = tokio::time::Instant::now();
    let (write, read) = (zk.create("/a", "").submit(), zk.exists("/a").submit());
    for error in [write.await.map(drop), read.await.map(drop)].map(Result::unwrap_err) {
        assert_eq!(
            (error.kind(), error.fate()),
            (ErrorKind::ConnectionLost, Fate::NotApplied)
        );
        let text = error.to_string();
        assert!(
            text.contains("/a") && text.contains("no connection: "),
            "{text}"
        );
    }
    assert!(start.elapsed() < Duration::from_secs(3), "not the deadline");
    world.hooks.refuse_connections(false);
    // The next attempt succeeds, whoever waits for it.
    zk.create("/b", "").await.unwrap();
    assert_eq!(world.hooks.paths(), ["/b"]);
}

#[tokio::test(start_paused = true)]
async fn a_request_in_flight_at_its_deadline_is_unknown_and_its_late_answer_hurts_nobody() {
    let world = World::new();
    let zk = world
        .builder()
        .request_timeout(Duration::from_secs(2))
        .connect()
        .await
        .unwrap();
    world
        .hooks
        .on(Match::op(OpCode::SetData))
        .delay_reply(Duration::from_secs(4));
    zk.create("/a", "").await.unwrap();
    let error = zk.set("/a", "x").await.unwrap_err();
    assert_eq!(
        (error.kind(), error.fate()),
        (ErrorKind::TimedOut, Fate::Unknown)
    );
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(&zk.get("/a").await.unwrap().data[..], b"x");
    assert_eq!(zk.stats().connections_lost, 0);
}

#[tokio::test(start_paused = true)]
async fn a_future_dropped_before_its_request_left_takes_it_along() {
    let world = World::new();
    let zk = world.client().await;
    world.hooks.refuse_connections(true);
    world.hooks.cut_all();
    settle().await;
    drop(zk.create("/a", "").submit());
    let kept = zk.create("/b", "").submit();
    world.hooks.refuse_connections(false);
    kept.await.unwrap();
    assert_eq!(world.hooks.paths(), ["/b"]);
}

#[tokio::test(start_paused = true)]
async fn expiry_fails_what_waits_as_not_applied_and_what_was_sent_as_unknown() {
    let world = World::new();
    let zk = world.client().await;
    let session = zk.session_id().unwrap();
    world.hooks.on(Match::op(OpCode::Create2)).cut_after_apply();
    world.hooks.refuse_connections(true);
    let sent = zk.create("/sent", "").await.unwrap_err();
    let waiting = zk.create("/waiting", "").submit();
    world.hooks.expire(session);
    world.hooks.refuse_connections(false);
    let waiting = waiting.await.unwrap_err();
    assert_eq!(sent.fate(), Fate::Unknown);
    assert_eq!(
        (waiting.kind(), waiting.fate()),
        (ErrorKind::SessionExpired, Fate::NotApplied)
    );
    assert_eq!(world.hooks.paths(), ["/sent"]);
}

#[tokio::test(start_paused = true)]
async fn an_operation_s_own_timeout_replaces_the_clients_and_tells_the_fate() {
    let world = World::new();
    let zk = world.client().await;
    let (short, begun) = (Duration::from_millis(300), tokio::time::Instant::now());
    world.hooks.hold_commits(true);
    let error = zk.create("/a", "").timeout(short).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.fate()),
        (ErrorKind::TimedOut, Fate::Unknown)
    );
    assert_eq!(begun.elapsed(), short);
    world.hooks.hold_commits(false);
    world.hooks.refuse_connections(true);
    world.hooks.cut_all();
    settle().await;
    let error = zk.create("/b", "").timeout(short).submit().await;
    let error = error.unwrap_err();
    assert_eq!(
        (error.kind(), error.fate()),
        (ErrorKind::TimedOut, Fate::NotApplied)
    );
}
