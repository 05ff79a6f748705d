//! Frames that come late: delayed, held, dripping.

use std::time::{Duration, Instant};

use zk_recipes::{Mutex, State};
use zk_tests::proxy::{Direction, Kind, Reaction, When};
use zk_wire::OpCode;

use crate::kit::{limit, stage};

#[tokio::test]
async fn a_delayed_frame_passes_so_much_later() {
    let stage = stage().await;
    let pause = Duration::from_millis(60);
    let when = When::request(OpCode::Create2);
    let rule = stage.proxy.rule(when, Reaction::Delay(pause));
    let begun = Instant::now();
    assert_eq!(stage.create("/a").await, (Ok(()), true));
    assert!(begun.elapsed() >= pause);
    assert_eq!(rule.hits(), 1);
}

#[tokio::test]
async fn a_held_reply_passes_when_it_is_released() {
    let stage = stage().await;
    let when = When::reply(OpCode::Create2).path("/a");
    let mut rule = stage.proxy.rule(when, Reaction::Hold);
    let create = stage.zk.create("/a", "").submit();
    limit().until("the reply", rule.acted(1)).await;
    assert!(stage.witness.exists("/a").await.unwrap().is_some());
    // Frames behind it wait too.
    let behind = stage.zk.exists("/b").submit();
    stage.witness.barrier().await.unwrap();
    let (create, behind) = (tokio::spawn(create), tokio::spawn(behind));
    assert!(!create.is_finished() && !behind.is_finished());
    assert!(matches!(stage.zk.state(), State::Connected { .. }));
    rule.release();
    assert_eq!(create.await.unwrap().unwrap().path, "/a");
    assert!(behind.await.unwrap().unwrap().is_none());
}

#[tokio::test]
async fn a_held_event_keeps_a_waiter_waiting() {
    let stage = stage().await;
    let theirs = Mutex::new(&stage.witness, "/lock").unwrap();
    let guard = theirs.acquire().await.unwrap();
    let when = When::frame(Direction::ToClient).kind(Kind::Event);
    let mut rule = stage.proxy.rule(when, Reaction::Hold);
    let ours = Mutex::new(&stage.zk, "/lock").unwrap();
    let ours = tokio::spawn(async move { ours.acquire().await });
    let queued = || async { (theirs.contenders().await.unwrap().len() == 2).then_some(()) };
    limit().until_some("our contender", queued).await;
    // The watches are set in one more write; only then is there an event to hold.
    let watching = || async { (stage.zk.stats().sent(OpCode::GetData) >= 1).then_some(()) };
    limit().until_some("the watch", watching).await;
    stage.zk.barrier().await.unwrap();
    guard.release().await.unwrap();
    limit().until("the event", rule.acted(1)).await;
    assert!(!ours.is_finished());
    rule.release();
    ours.await.unwrap().unwrap().release().await.unwrap();
}

#[tokio::test]
async fn a_session_lives_on_frames_that_come_byte_by_byte() {
    let stage = stage().await;
    let drip = Reaction::Drip(Duration::ZERO);
    let out = stage
        .proxy
        .rule(When::frame(Direction::ToServer).every(), drip);
    let back = stage
        .proxy
        .rule(When::frame(Direction::ToClient).every(), drip);
    stage.proxy.cut();
    let session = stage.zk.session_id();
    let mutex = Mutex::new(&stage.zk, "/lock").unwrap();
    let guard = mutex.acquire().await.unwrap();
    stage.zk.create("/a", "x").fenced_by(&guard).await.unwrap();
    guard.release().await.unwrap();
    assert_eq!(stage.zk.session_id(), session);
    assert!(out.hits() >= 5 && back.hits() >= 5);
    stage.proxy.clear();
    assert_eq!(stage.create("/b").await, (Ok(()), true));
}
