//! A writer that becomes a reader.

use std::time::Duration;

use tokio::time::timeout;
use zk_embedded::Match;
use zk_recipes::{ErrorKind, RwLock};
use zk_wire::OpCode;

use crate::kit::{ROUND_TRIP, World, polled, settle, spawned};
use crate::rw_lock::warm;

const LOCK: &str = "/locks/rw";
const LIMIT: Duration = Duration::from_secs(5);

#[tokio::test(start_paused = true)]
async fn c25_a_waiting_writer_stays_out_while_a_writer_becomes_a_reader() {
    let world = World::new();
    let lock = warm(&world).await;
    let writing = lock.write().await.unwrap();
    let (place, token) = (writing.held().node().to_owned(), writing.token());
    let digits = &place[place.len() - 10..];
    let next = spawned(lock.write());
    settle().await;
    let late = spawned(lock.read());
    settle().await;
    let start = tokio::time::Instant::now();
    let reading = writing.downgrade().await.unwrap();
    assert_eq!(start.elapsed(), ROUND_TRIP);
    let node = reading.held().node().to_owned();
    assert!(
        node.contains("-__READ__") && node.ends_with(digits),
        "{node}"
    );
    settle().await;
    assert!(
        world.hooks.node(&place).is_none(),
        "the writer's node is gone"
    );
    assert!(!next.is_finished(), "it came in next to the reader");
    assert!(!late.is_finished(), "a writer is ahead of it");
    assert!(reading.held().is_held() && reading.held().is_shared());
    let identity = reading.identity();
    assert!(reading.release().await.unwrap().was_held);
    let writing = timeout(LIMIT, next).await.unwrap().unwrap().unwrap();
    assert!(writing.token() > token, "tokens of writers grow");
    assert!(
        writing.token() < identity,
        "so a reader's number is no fence"
    );
    writing.release().await.unwrap();
    let reading = timeout(LIMIT, late).await.unwrap().unwrap().unwrap();
    reading.release().await.unwrap();
    world.until_empty(LOCK).await;
}

#[tokio::test(start_paused = true)]
async fn readers_with_no_writer_ahead_come_in_when_a_writer_becomes_a_reader() {
    let world = World::new();
    let lock = warm(&world).await;
    let writing = lock.write().await.unwrap();
    let readers = [spawned(lock.read()), spawned(lock.read())];
    settle().await;
    let reading = writing.downgrade().await.unwrap();
    for reader in readers {
        let guard = timeout(LIMIT, reader).await.unwrap().unwrap().unwrap();
        assert!(guard.held().is_held() && reading.held().is_held());
    }
}

#[tokio::test(start_paused = true)]
async fn a_downgrade_keeps_what_the_contender_says_about_itself() {
    let world = World::new();
    let lock = warm(&world).await;
    let writing = lock.write().contender("host-7").await.unwrap();
    let reading = writing.downgrade().await.unwrap();
    let data = world.hooks.node(reading.held().node()).unwrap().data;
    assert_eq!(data.as_deref(), Some(&b"host-7"[..]));
}

#[tokio::test(start_paused = true)]
async fn a_downgrade_survives_a_connection_cut_before_and_after_its_create() {
    for applied in [true, false] {
        let world = World::new();
        let lock = warm(&world).await;
        let writing = lock.write().await.unwrap();
        let next = spawned(lock.write());
        settle().await;
        let create = world.hooks.on(Match::op(OpCode::Create2));
        let rule = if applied {
            create.cut_after_apply()
        } else {
            create.cut_before_apply()
        };
        let reading = timeout(LIMIT, writing.downgrade()).await.unwrap().unwrap();
        assert_eq!(world.hooks.fired(rule), 1);
        settle().await;
        let readers = |path: &&String| path.contains("__READ__");
        let left = world.left(LOCK);
        let left: Vec<_> = left.iter().filter(readers).collect();
        assert_eq!(left, [reading.held().node()], "applied: {applied}");
        assert!(!next.is_finished());
        drop(reading);
        drop(timeout(LIMIT, next).await.unwrap().unwrap().unwrap());
    }
}

/// The writer's node went, and another writer came in, before the reader's came to be: in the old place it would read
/// next to that one.
#[tokio::test(start_paused = true)]
async fn a_writer_that_lost_its_lock_unseen_does_not_become_a_reader() {
    let world = World::new();
    let lock = warm(&world).await;
    let writing = lock.write().await.unwrap();
    let zk = world.client().await;
    let next = spawned(RwLock::new(&zk, LOCK).unwrap().write());
    settle().await;
    // Deleted on the server; the downgrade leaves before the event can arrive.
    let _delete = zk.delete(writing.held().node()).submit();
    tokio::time::sleep(ROUND_TRIP / 2).await;
    assert!(writing.held().is_held(), "it does not know yet");
    let error = timeout(LIMIT, writing.downgrade())
        .await
        .unwrap()
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LockLost);
    assert_eq!(
        error.to_string(),
        "cannot go on reading under /locks/rw: the write lock was lost (its node was deleted); acquire it again; \
         others may have written since"
    );
    let next = timeout(LIMIT, next).await.unwrap().unwrap().unwrap();
    settle().await;
    assert_eq!(world.left(LOCK), [next.held().node()]);
}

#[tokio::test(start_paused = true)]
async fn a_session_that_expires_meanwhile_takes_the_downgrade_along() {
    let world = World::new();
    let lock = warm(&world).await;
    let zk = world.client().await;
    let session = zk.session_id().unwrap();
    let writing = RwLock::new(&zk, LOCK).unwrap().write().await.unwrap();
    world
        .hooks
        .on(Match::op(OpCode::Create2))
        .cut_before_apply();
    world.hooks.refuse_connections(true);
    let downgrade = spawned(writing.downgrade());
    settle().await;
    world.hooks.expire(session);
    world.hooks.refuse_connections(false);
    let ended = timeout(Duration::from_secs(60), downgrade).await;
    let error = ended.unwrap().unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LockLost);
    world.until_empty(LOCK).await;
    assert!(lock.try_write().await.unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn c20_a_downgrade_dropped_at_any_poll_leaves_neither_node() {
    for polls in 0.. {
        let world = World::new();
        let lock = warm(&world).await;
        let zk = world.client().await;
        let writing = RwLock::new(&zk, LOCK).unwrap().write().await.unwrap();
        let ready = polled(writing.downgrade(), polls).await.is_some();
        settle().await;
        assert_eq!(
            world.left(LOCK),
            Vec::<String>::new(),
            "after {polls} polls"
        );
        let stats = zk.stats();
        assert_eq!((stats.watches, stats.duties), (0, 0), "after {polls} polls");
        assert!(lock.try_write().await.unwrap().is_some());
        if ready {
            assert!(polls > 1, "there is more than one await point");
            break;
        }
    }
}

/// Where digits repeat they are no place that could be handed on.
#[tokio::test(start_paused = true)]
async fn a29_a_downgrade_is_refused_near_the_end_of_the_counter() {
    let world = World::new();
    let lock = warm(&world).await;
    assert!(world.hooks.set_sequence(LOCK, i32::MAX - 1));
    let writing = lock.write().await.unwrap();
    let error = writing.downgrade().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Misuse);
    assert!(error.to_string().contains("near its end"), "{error}");
    world.until_empty(LOCK).await;
}

/// The writer behind has a suffix beyond the end of the counter, where creation decides; the reader was made after it.
#[tokio::test(start_paused = true)]
async fn a29_c25_a_writer_beyond_the_end_of_the_counter_waits_for_a_reader_in_an_old_place() {
    let world = World::new();
    let lock = warm(&world).await;
    let writing = lock.write().await.unwrap();
    assert!(world.hooks.set_sequence(LOCK, i32::MAX - 1));
    let next = spawned(lock.write());
    settle().await;
    let reading = writing.downgrade().await.unwrap();
    settle().await;
    assert!(!next.is_finished(), "it came in next to the reader");
    reading.release().await.unwrap();
    drop(timeout(LIMIT, next).await.unwrap().unwrap().unwrap());
}
