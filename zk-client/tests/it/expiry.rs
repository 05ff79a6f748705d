//! How a session came to expire, and what the errors say about it.

use std::thread;
use std::time::Duration;

use zk_client::{Client, ErrorKind, ExpiryCause, Fate, OnExpiry, State};
use zk_embedded::EmbeddedServer;

use crate::kit::{World, settle};

async fn next_generation(zk: &Client) {
    let mut states = zk.watch_state();
    let wanted = State::Connected {
        generation: 2,
        read_only: false,
    };
    while states.changed().await != Some(wanted) {}
}

#[tokio::test(start_paused = true)]
async fn an_expiry_for_want_of_contact_names_silence_and_timeout() {
    let world = World::new();
    let zk = world.client().await;
    let session = zk.session_id().unwrap();
    tokio::time::sleep(Duration::from_secs(60)).await;
    world.hooks.refuse_connections(true);
    world.hooks.cut_all();
    settle().await;
    let write = zk.set("/a", "").submit();
    tokio::time::sleep(Duration::from_secs(12)).await;
    world.hooks.refuse_connections(false);
    let error = write.await.unwrap_err();
    let expiry = zk.last_expiry().unwrap();
    assert_eq!(expiry.cause(), ExpiryCause::NoContact);
    assert_eq!(expiry.stall.as_millis() / 10, 0);
    let silence = expiry.silence.as_secs_f64();
    assert!((12.0..17.0).contains(&silence), "{silence}");
    assert_eq!(
        error.to_string(),
        format!(
            "cannot write /a: session {session} expired after {silence:.1} s without contact (timeout 10.0 s); it was not \
             applied"
        )
    );
    assert_eq!(
        (error.kind(), error.fate(), error.session()),
        (ErrorKind::SessionExpired, Fate::NotApplied, Some(session))
    );
}

#[tokio::test(start_paused = true)]
async fn b18_a_process_that_did_not_run_is_named_as_the_cause() {
    let world = World::new();
    let zk = world
        .builder()
        .on_expiry(OnExpiry::Stop)
        .connect()
        .await
        .unwrap();
    let session = zk.session_id().unwrap();
    tokio::time::sleep(Duration::from_secs(60)).await;
    world.stall(Duration::from_secs(30));
    world.hooks.expire(session);
    let mut states = zk.watch_state();
    while states.changed().await != Some(State::Expired { generation: 1 }) {}
    let expiry = zk.last_expiry().unwrap();
    assert_eq!(expiry.cause(), ExpiryCause::Stalled);
    assert_eq!(
        zk.get("/a").await.unwrap_err().to_string(),
        format!(
            "cannot read /a: session {session} expired after {:.1} s without contact (timeout 10.0 s): this process did \
             not run for {:.1} s (paused, or its runtime was blocked)",
            expiry.silence.as_secs_f64(),
            expiry.stall.as_secs_f64(),
        )
    );
    // The stall begins when the client was due, at most a ping interval after it stopped.
    assert!(expiry.stall > Duration::from_secs(26), "{:?}", expiry.stall);
}

#[tokio::test(start_paused = true)]
async fn a_stall_that_was_survived_is_not_blamed_for_a_later_expiry() {
    let world = World::new();
    let zk = world.client().await;
    world.stall(Duration::from_secs(8));
    settle().await;
    zk.exists("/").await.unwrap();
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(zk.longest_stall().as_millis() / 10, 0);
    world.hooks.expire(zk.session_id().unwrap());
    next_generation(&zk).await;
    let expiry = zk.last_expiry().unwrap();
    assert_eq!(expiry.cause(), ExpiryCause::EndedByServer);
    assert_eq!((expiry.generation, zk.generation()), (1, 2));
    let text = expiry.to_string();
    assert!(
        text.ends_with(
            "s after the last contact (timeout 10.0 s): somebody closed it, or they lost it"
        ),
        "{text}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_transaction_of_one_session_is_not_sent_in_the_next() {
    let world = World::new();
    let zk = world.client().await;
    zk.create("/a", "old").await.unwrap();
    let write = |generation| zk.multi().in_generation(generation).set("/a", "new", None);
    let late = zk.multi().check("/", None).and(write(1));
    world.hooks.expire(zk.session_id().unwrap());
    next_generation(&zk).await;
    for write in [write(1), late] {
        let error = write.await.unwrap_err();
        let (kind, fate) = (error.kind(), error.fate());
        assert_eq!(
            (kind, fate),
            (ErrorKind::SessionExpired, Fate::NotApplied),
            "{error}"
        );
    }
    assert_eq!(zk.get("/a").await.unwrap().data, "old");
    write(2).await.unwrap();
    assert_eq!(zk.get("/a").await.unwrap().data, "new");
}

/// In real time: the one thread of this runtime sleeps through the session.
#[tokio::test]
async fn a_blocked_runtime_is_named_as_the_cause() {
    let (send, receive) = std::sync::mpsc::channel();
    let server = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let tick = Duration::from_millis(50);
            let server = EmbeddedServer::builder().tick(tick).start().await.unwrap();
            let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
            send.send((server.connect_string(), stop)).unwrap();
            let _ = stopped.await;
        });
    });
    let (servers, stop) = receive.recv().unwrap();
    let zk = Client::builder(servers)
        .session_timeout(Duration::from_millis(400))
        .connect()
        .await
        .unwrap();
    // Let the driver see the end of the handshake and go to sleep.
    zk.exists("/").await.unwrap();
    thread::sleep(Duration::from_millis(1_500));
    next_generation(&zk).await;
    let expiry = zk.last_expiry().unwrap();
    assert_eq!(expiry.cause(), ExpiryCause::Stalled, "{expiry:?}");
    assert!(expiry.stall > Duration::from_millis(1_000), "{expiry:?}");
    zk.close().await.unwrap();
    stop.send(()).unwrap();
    server.join().unwrap();
}
