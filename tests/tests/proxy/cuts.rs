//! Cuts: before and after apply, at a frame, at a byte.

use zk_recipes::{Client, Fate, Mutex};
use zk_tests::proxy::{Direction, Kind, Reaction, When};
use zk_wire::OpCode;

use crate::kit::stage;

#[tokio::test]
async fn without_rules_everything_passes() {
    let stage = stage().await;
    assert_eq!(stage.create("/a").await, (Ok(()), true));
    let mutex = Mutex::new(&stage.zk, "/lock").unwrap();
    let guard = mutex.acquire().await.unwrap();
    stage.zk.set("/a", "y").fenced_by(&guard).await.unwrap();
    assert!(guard.release().await.unwrap().was_held);
    stage.zk.close().await.unwrap();
}

#[tokio::test]
async fn a_request_cut_before_is_not_applied() {
    let stage = stage().await;
    let rule = stage
        .proxy
        .rule(When::request(OpCode::Create2).path("/a"), Reaction::Cut);
    assert_eq!(stage.create("/a").await, (Err(Fate::Unknown), false));
    assert_eq!(rule.hits(), 1);
    assert_eq!(stage.create("/a").await, (Ok(()), true), "once");
}

#[tokio::test]
async fn a_request_cut_after_is_applied_and_not_answered() {
    let stage = stage().await;
    let when = When::request(OpCode::Create2).path("/a");
    stage.proxy.rule(when, Reaction::CutAfter);
    assert_eq!(stage.create("/a").await, (Err(Fate::Unknown), true));
    assert_eq!(stage.create("/b").await, (Ok(()), true));
}

#[tokio::test]
async fn a_reply_cut_is_as_good_as_a_request_cut_after() {
    let stage = stage().await;
    let when = When::reply(OpCode::Create2).path("/a");
    stage.proxy.rule(when, Reaction::Cut);
    assert_eq!(stage.create("/a").await, (Err(Fate::Unknown), true));
}

#[tokio::test]
async fn a_request_cut_inside_is_not_applied_at_whatever_byte() {
    let stage = stage().await;
    for byte in [1, 4, 5, 11, 12, 20] {
        let (path, create) = (format!("/n{byte}"), OpCode::Create2);
        stage
            .proxy
            .rule(When::request(create).path(&path), Reaction::CutAt(byte));
        let ended = stage.create(&path).await;
        assert_eq!(ended, (Err(Fate::Unknown), false), "{byte}");
    }
}

#[tokio::test]
async fn a_reply_cut_inside_is_not_read_at_whatever_byte() {
    let stage = stage().await;
    for byte in [1, 4, 19, 20, 21] {
        let (path, create) = (format!("/n{byte}"), OpCode::Create2);
        stage
            .proxy
            .rule(When::reply(create).path(&path), Reaction::CutAt(byte));
        let ended = stage.create(&path).await;
        assert_eq!(ended, (Err(Fate::Unknown), true), "{byte}");
    }
}

#[tokio::test]
async fn a_connection_cut_at_a_byte_of_its_stream_comes_back() {
    let stage = stage().await;
    // Each connection begins at byte 0 again; the handshake is longer than 40 bytes.
    for byte in [3, 40] {
        let when = When::byte(Direction::ToServer, byte);
        let rule = stage.proxy.rule(when, Reaction::CutAtByte);
        stage.proxy.cut();
        stage.zk.get("/").await.unwrap();
        assert_eq!(rule.hits(), 1, "{byte}");
    }
}

#[tokio::test]
async fn a_handshake_cut_after_makes_no_second_session() {
    let stage = stage().await;
    let session = stage.zk.session_id();
    let when = When::frame(Direction::ToServer).kind(Kind::Connect);
    let rule = stage.proxy.rule(when, Reaction::CutAfter);
    stage.proxy.cut();
    stage.zk.get("/").await.unwrap();
    assert_eq!(rule.hits(), 1);
    assert_eq!(stage.zk.session_id(), session);
}

#[tokio::test]
async fn the_nth_request_is_cut_and_no_other() {
    let stage = stage().await;
    let when = When::request(OpCode::Create2).nth(3);
    let rule = stage.proxy.rule(when, Reaction::Cut);
    for (path, expected) in [
        ("/1", (Ok(()), true)),
        ("/2", (Ok(()), true)),
        ("/3", (Err(Fate::Unknown), false)),
        ("/4", (Ok(()), true)),
    ] {
        assert_eq!(stage.create(path).await, expected, "{path}");
    }
    assert_eq!(rule.hits(), 1);
}

#[tokio::test]
async fn a_part_of_a_multi_is_found_by_its_path() {
    let stage = stage().await;
    let when = When::request(OpCode::Multi).path("/inside");
    let rule = stage.proxy.rule(when, Reaction::CutAfter);
    let multi = stage.zk.multi();
    let multi = multi.create("/inside", "", zk_recipes::CreateMode::Persistent);
    let error = multi.await.unwrap_err();
    assert_eq!((error.fate(), rule.hits()), (Fate::Unknown, 1));
    assert!(stage.witness.exists("/inside").await.unwrap().is_some());
}

#[tokio::test]
async fn refused_connections_are_tried_again() {
    let stage = stage().await;
    stage.proxy.refuse(3);
    stage.proxy.cut();
    stage.zk.get("/").await.unwrap();
    assert_eq!(stage.proxy.refused(), 3);
    let zk = Client::builder(stage.proxy.connect_string());
    zk.connect().await.unwrap().close().await.unwrap();
}
