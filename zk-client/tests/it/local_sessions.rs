//! Sessions that one server keeps to itself (`localSessionsEnabled`). On the wire they are like any other.

use zk_client::{ErrorCode, ErrorKind, EventType, Fate, State, WatchEvent};
use zk_embedded::Match;
use zk_wire::{CreateMode, OpCode};

use crate::kit::{World, settle};

#[tokio::test(start_paused = true)]
async fn b26_an_ephemeral_node_of_a_local_session_is_refused_with_what_to_do() {
    let world = World::new();
    let zk = world.client().await;
    let creates = Match::op(OpCode::Create2).path("/mine").always();
    world
        .hooks
        .on(creates)
        .error(ErrorCode::EphemeralOnLocalSession);
    let create = zk.create("/mine", "").mode(CreateMode::Ephemeral);
    let error = create.await.unwrap_err();
    assert_eq!(
        (error.kind(), error.fate()),
        (ErrorKind::ServerError, Fate::NotApplied)
    );
    assert_eq!(
        error.to_string(),
        "cannot create /mine: the servers keep sessions local, and those have no ephemeral nodes; set \
         localSessionsUpgradingEnabled=true on every server and restart it (EphemeralOnLocalSession -120)"
    );
    // Whoever needs none goes on.
    zk.create("/other", "").await.unwrap();
    assert_eq!((zk.generation(), zk.stats().connections_lost), (1, 0));
}

/// Another server says to whoever presents a local session what it says of one that has expired.
#[tokio::test(start_paused = true)]
async fn b26_a_local_session_that_comes_to_another_server_is_followed_by_a_new_one() {
    let world = World::new();
    let zk = world.client().await;
    let local = zk.session_id().unwrap();
    let (_, mut watch) = zk.exists("/a").watch().await.unwrap();
    let presented = Match::op(OpCode::CreateSession).session(local).always();
    let refusal = world.hooks.on(presented).error(ErrorCode::SessionExpired);
    world.hooks.cut_session(local);
    settle().await;
    assert!(
        matches!(zk.state(), State::Connected { generation: 2, .. }),
        "{}",
        zk.state()
    );
    assert_eq!(world.hooks.fired(refusal), 1, "it is presented once");
    assert_ne!(zk.session_id(), Some(local));
    assert!(matches!(watch.next().await, Some(WatchEvent::Ended(_))));
    let (_, mut watch) = zk.exists("/a").watch().await.unwrap();
    zk.create("/a", "")
        .mode(CreateMode::Ephemeral)
        .await
        .unwrap();
    let event = watch.next().await;
    assert!(
        matches!(
            event,
            Some(WatchEvent::Fired {
                kind: EventType::Created,
                ..
            })
        ),
        "{event:?}"
    );
}
