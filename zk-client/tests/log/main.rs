//! What a subscriber hears: nothing per operation, trouble once a minute, and never data.
//!
//! A program of its own, in which each test listens before anything is said: tracing remembers for the whole process
//! whether a line is of interest, and lets the thread that first says it decide.
#![expect(
    clippy::unwrap_used,
    reason = "clippy does not see that helpers of tests are tests"
)]

mod heard;
#[path = "../it/kit.rs"]
#[allow(dead_code, reason = "the other program uses all of it")]
mod kit;

use std::time::Duration;

use tracing::Level;
use zk_client::ErrorKind;

use crate::heard::listen;
use crate::kit::{World, settle};

#[tokio::test(start_paused = true)]
async fn nothing_is_said_at_info_per_operation() {
    let heard = listen();
    let world = World::new();
    let zk = world.builder().name("billing").connect().await.unwrap();
    settle().await;
    let connected = heard.loud();
    assert_eq!(
        heard.events(Level::INFO).len(),
        1,
        "the session is established"
    );
    let (level, client) = heard.spans("zk.client").remove(0);
    assert_eq!(level, Level::INFO);
    assert!(
        client.contains("billing") && client.contains("ensemble"),
        "{client}"
    );
    let (level, session) = heard.spans("zk.session").remove(0);
    assert_eq!(level, Level::INFO);
    for field in ["session", "timeout_ms=10000", "generation=1"] {
        assert!(session.contains(field), "{session}");
    }
    zk.create("/a", "").await.unwrap();
    for _ in 0..500 {
        zk.get("/a").await.unwrap();
        zk.set("/a", "x").await.unwrap();
        zk.get("/missing").await.unwrap_err();
    }
    let (_, watch) = zk.get("/a").watch().await.unwrap();
    drop(watch);
    tokio::time::sleep(Duration::from_secs(300)).await;
    assert_eq!(heard.loud(), connected, "{:?}", heard.events(Level::INFO));
    zk.close().await.unwrap();
    settle().await;
    assert_eq!(heard.loud(), connected + 1, "the session is closed");
    assert_eq!(heard.events(Level::ERROR), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_request_is_a_span_at_trace_with_its_outcome_and_without_its_data() {
    let heard = listen();
    let world = World::new();
    let zk = world
        .builder()
        .auth("digest", "user:passw0rd")
        .connect()
        .await
        .unwrap();
    zk.create("/a", "precious").await.unwrap();
    zk.delete("/missing").await.unwrap_err();
    let requests = heard.spans("zk.request");
    assert!(requests.iter().all(|(level, _)| *level == Level::TRACE));
    let (_, create) = &requests[0];
    for field in [
        "op=Create",
        "path=\"/a\"",
        "xid=1 ",
        "code=0",
        "zxid=",
        "queued_us=0 ",
        "wire_us=10000 ",
    ] {
        assert!(create.contains(field), "{field}: {create}");
    }
    let of_delete = |text: &str| text.contains("op=Delete") && text.contains("code=-101");
    assert!(
        requests.iter().any(|(_, text)| of_delete(text)),
        "{requests:?}"
    );
    let all = heard.all();
    assert!(!all.contains("precious") && !all.contains("passw0rd"));
}

#[tokio::test(start_paused = true)]
async fn a_request_tells_how_long_it_waited_to_leave_and_how_long_for_its_answer() {
    let heard = listen();
    let world = World::new();
    let zk = world.client().await;
    world.hooks.refuse_connections(true);
    world.hooks.cut_all();
    settle().await;
    let waits = zk.set("/a", "").timeout(Duration::from_secs(60)).submit();
    let never = zk.set("/b", "").timeout(Duration::from_secs(2)).submit();
    never.await.unwrap_err();
    tokio::time::sleep(Duration::from_secs(3)).await;
    world.hooks.refuse_connections(false);
    waits.await.unwrap_err();

    let requests = heard.spans("zk.request");
    let of = |path: &str| {
        let path = format!("path=\"{path}\"");
        let found = requests.iter().find(|(_, text)| text.contains(&path));
        found.unwrap().1.clone()
    };
    let waited = of("/a");
    let queued = number(&waited, "queued_us");
    assert!((5_000_000..9_000_000).contains(&queued), "{waited}");
    assert_eq!(number(&waited, "wire_us"), 10_000, "{waited}");
    let never = of("/b");
    assert_eq!(number(&never, "queued_us"), 2_000_000, "{never}");
    assert!(never.contains("fate=NotApplied"), "{never}");
    for field in ["xid=", "wire_us="] {
        assert!(!never.contains(field), "{never}");
    }
}

/// The value of a field.
fn number(text: &str, field: &str) -> u64 {
    let (_, value) = text.split_once(&format!("{field}=")).unwrap();
    value.split(' ').next().unwrap().parse().unwrap()
}

#[tokio::test(start_paused = true)]
async fn each_frame_is_an_event_at_trace_with_its_kind_and_size_and_nothing_of_what_is_in_it() {
    let heard = listen();
    let world = World::new();
    let zk = world
        .builder()
        .auth("digest", "user:passw0rd")
        .connect()
        .await
        .unwrap();
    zk.create("/some-node", "precious").await.unwrap();
    let (_, mut watch) = zk.get("/some-node").watch().await.unwrap();
    zk.delete("/some-node").await.unwrap();
    watch.next().await.unwrap();
    let frames: Vec<String> = heard
        .events(Level::TRACE)
        .into_iter()
        .filter(|line| line.contains("zookeeper frame"))
        .collect();
    for (at, expected) in [
        "sent op=\"createSession\" xid=0 len=45 ",
        "received op=\"createSession\" xid=0 len=37 ",
        "sent op=\"auth\" xid=-4 ",
        "received op=\"auth\" xid=-4 len=16 ",
        "sent op=\"create2\" xid=1 ",
        "received op=\"create2\" xid=1 ",
        "sent op=\"getData\" xid=2 ",
        "received op=\"getData\" xid=2 ",
        "sent op=\"delete\" xid=3 ",
        "received op=\"notification\" xid=-1 ",
        "received op=\"delete\" xid=3 len=16 ",
    ]
    .iter()
    .enumerate()
    {
        assert!(frames[at].contains(expected), "{expected}: {frames:#?}");
    }
    assert_eq!(frames.len(), 11, "{frames:#?}");
    for frame in &frames {
        assert!(
            !frame.contains("some-node") && !frame.contains("user"),
            "{frame}"
        );
    }
    assert!(!heard.all().contains("precious"));
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_warned_of_once_a_minute_and_says_what_became_of_each_server() {
    let heard = listen();
    let world = World::new();
    let zk = world.client().await;
    world.hooks.refuse_connections(true);
    world.hooks.cut_all();
    tokio::time::sleep(Duration::from_secs(600)).await;
    let attempts = zk.stats().dials;
    let warnings = heard.events(Level::WARN);
    assert!(attempts > 200, "{attempts} attempts");
    assert!(
        (9..=11).contains(&warnings.len()),
        "{} warnings",
        warnings.len()
    );
    assert!(warnings[0].contains("embedded:2181: "), "{}", warnings[0]);
    assert!(warnings[1].contains("suppressed=") && !warnings[1].contains("suppressed=0"));
    let links = heard.spans("zk.link");
    assert!(links.iter().all(|(level, _)| *level == Level::DEBUG));
    assert!(
        links[0].1.contains("server=embedded:2181"),
        "{}",
        links[0].1
    );
}

#[tokio::test(start_paused = true)]
async fn a_server_that_drops_the_session_again_and_again_does_not_fill_the_log() {
    let heard = listen();
    let world = World::new();
    let zk = world.client().await;
    let before = heard.loud();
    for _ in 0..100 {
        world.hooks.cut_session(zk.session_id().unwrap());
        tokio::time::sleep(Duration::from_millis(1_200)).await;
    }
    assert!(zk.stats().connections_lost >= 100);
    let said = heard.loud() - before;
    assert!((2..=4).contains(&said), "{said} lines in two minutes");
}

#[tokio::test(start_paused = true)]
async fn an_expiry_is_one_warning_that_tells_the_cause() {
    let heard = listen();
    let world = World::new();
    let zk = world.client().await;
    world.hooks.expire(zk.session_id().unwrap());
    settle().await;
    settle().await;
    let warnings = heard.events(Level::WARN);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    for words in [
        "zookeeper session expired",
        "generation=1",
        "ended by the servers",
    ] {
        assert!(warnings[0].contains(words), "{warnings:?}");
    }
    assert_eq!(
        heard.spans("zk.session").len(),
        2,
        "the next one has its own"
    );
}

#[tokio::test(start_paused = true)]
async fn refused_credentials_are_one_warning() {
    let heard = listen();
    let world = World::new();
    let refused = world.builder().auth("nonsense", "secret").connect().await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::AuthFailed);
    settle().await;
    let warnings = heard.events(Level::WARN);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(!warnings[0].contains("secret"));
}
