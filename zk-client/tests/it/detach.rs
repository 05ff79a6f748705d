//! One process leaves its session to another.

use std::time::Duration;

use zk_client::{Acl, Bytes, Claim, Client, CreateMode, ErrorKind, OnExpiry, SessionTicket, State};
use zk_embedded::{Match, Reaction};
use zk_wire::OpCode;

use crate::kit::{World, settle};

#[tokio::test(start_paused = true)]
async fn b24_a_session_is_left_to_another_client_with_its_nodes() {
    let world = World::new();
    let zk = world.client().await;
    let session = zk.session_id();
    zk.create("/mine", "1")
        .mode(CreateMode::Ephemeral)
        .await
        .unwrap();
    let last = zk.set("/mine", "2").submit();
    let ticket = zk.detach().await.unwrap();
    last.await.unwrap();
    assert_eq!(zk.state(), State::Closed);
    assert_eq!(zk.get("/mine").await.unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(
        zk.detach().await.unwrap(),
        ticket,
        "it can be asked for again"
    );
    drop(zk);
    settle().await;
    assert_eq!(world.hooks.connection_count(), 0);

    // As another process would: through text.
    let ticket: SessionTicket = ticket.expose().parse().unwrap();
    let heir = world.builder().resume(ticket).connect().await.unwrap();
    assert_eq!((heir.session_id(), heir.generation()), (session, 1));
    let node = heir.get("/mine").await.unwrap();
    assert_eq!(&node.data[..], b"2");
    heir.close().await.unwrap();
    assert_eq!(world.hooks.paths(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_ticket_is_nowhere_to_be_read_but_where_it_is_exposed() {
    let world = World::new();
    let zk = world.client().await;
    let ticket = zk.detach().await.unwrap();
    let secret = ticket.expose();
    let password = secret.split(':').nth(2).unwrap();
    assert_eq!(password.len(), 32);
    let builder = world.builder().resume(ticket.clone());
    for shown in [format!("{ticket:?}"), format!("{builder:?}")] {
        assert!(!shown.contains(password), "{shown}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_that_nobody_takes_over_expires() {
    let world = World::new();
    let zk = world.client().await;
    zk.create("/mine", "")
        .mode(CreateMode::Ephemeral)
        .await
        .unwrap();
    let ticket = zk.detach().await.unwrap();
    tokio::time::sleep(Duration::from_secs(11)).await;
    assert_eq!(world.hooks.paths(), Vec::<String>::new());

    let builder = world.builder().resume(ticket.clone());
    let error = builder
        .on_expiry(OnExpiry::Stop)
        .connect()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SessionExpired);
    let text = format!("cannot resume session {}: it has expired", ticket.session());
    assert!(error.to_string().starts_with(&text), "{error}");

    let heir = world
        .builder()
        .resume(ticket.clone())
        .connect()
        .await
        .unwrap();
    assert_eq!(heir.generation(), 2);
    assert_ne!(heir.session_id(), Some(ticket.session()));
    assert_eq!(heir.last_expiry().unwrap().session, ticket.session());
}

#[tokio::test(start_paused = true)]
async fn a_client_whose_session_was_closed_has_no_ticket() {
    let world = World::new();
    let zk = world.client().await;
    zk.close().await.unwrap();
    let error = zk.detach().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
}

/// A node that goes with its claim.
async fn claimed(zk: &Client, mode: CreateMode) -> Claim {
    let claim = zk.claim("/l", "mark-1");
    let create = claim.create("/l/mark-1-", Bytes::new(), vec![Acl::open()], mode);
    create.await.unwrap();
    claim
}

#[tokio::test(start_paused = true)]
async fn what_was_promised_to_be_cleaned_up_is_cleaned_up_before_the_session_is_left() {
    let world = World::new();
    let zk = world.client().await;
    zk.create("/l", "").await.unwrap();
    let claim = claimed(&zk, CreateMode::Ephemeral).await;
    drop(claim);
    let ticket = zk.detach().await.unwrap();
    assert_eq!(world.hooks.paths(), ["/l"]);
    drop(ticket);
}

#[tokio::test(start_paused = true)]
async fn a_session_that_cannot_clean_up_within_the_grace_is_left_to_nobody() {
    let world = World::new();
    let grace = Duration::from_secs(2);
    let zk = world.builder().close_grace(grace).connect().await.unwrap();
    zk.create("/l", "").await.unwrap();
    let claim = claimed(&zk, CreateMode::Ephemeral).await;
    world
        .hooks
        .on(Match::op(OpCode::Delete))
        .react(Reaction::HoldReplies);
    drop(claim);
    let started = tokio::time::Instant::now();
    let error = zk.detach().await.unwrap_err();
    assert_eq!(started.elapsed(), grace);
    assert_eq!(error.kind(), ErrorKind::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_close_cleans_up_within_its_grace_and_takes_no_longer() {
    let world = World::new();
    let grace = Duration::from_millis(500);
    let zk = world.builder().close_grace(grace).connect().await.unwrap();
    zk.create("/l", "").await.unwrap();
    // Persistent: nothing but the promise would remove it.
    let claim = claimed(&zk, CreateMode::Persistent).await;
    drop(claim);
    zk.close().await.unwrap();
    assert_eq!(world.hooks.paths(), ["/l"]);

    let zk = world.builder().close_grace(grace).connect().await.unwrap();
    world.hooks.refuse_connections(true);
    world.hooks.cut_all();
    settle().await;
    let started = tokio::time::Instant::now();
    zk.close().await.unwrap();
    assert_eq!(started.elapsed(), grace);
}
