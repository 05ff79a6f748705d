//! What a lost lock says about the cause, and what an expired session says about its locks.

use std::time::Duration;

use zk_recipes::{Election, ExpiryCause, HoldKind, LockLostWhy, OnExpiry, RwLock, Semaphore};

use crate::kit::{World, settle, warm_lock};

#[tokio::test(start_paused = true)]
async fn a_deleted_node_is_all_that_a_running_process_can_tell() {
    let world = World::new();
    let zk = world.client().await;
    let guard = warm_lock(&zk, "/locks/a").await.acquire().await.unwrap();
    world
        .client()
        .await
        .delete(guard.held().node())
        .await
        .unwrap();
    let lost = guard.lost().await;
    assert_eq!((lost.expiry.clone(), lost.stalled), (None, None));
    let token = guard.token();
    assert_eq!(
        lost.to_string(),
        format!("lost the lock /locks/a (token {token}): its node was deleted")
    );
}

#[tokio::test(start_paused = true)]
async fn locks_lost_for_want_of_contact_say_so_and_are_listed_by_path_and_token() {
    let world = World::new();
    let zk = world
        .builder()
        .on_expiry(OnExpiry::Stop)
        .connect()
        .await
        .unwrap();
    let session = zk.session_id().unwrap();
    let b = warm_lock(&zk, "/locks/b").await.acquire().await.unwrap();
    let a = warm_lock(&zk, "/locks/a").await.acquire().await.unwrap();
    let released = warm_lock(&zk, "/locks/c").await.acquire().await.unwrap();
    released.release().await.unwrap();
    settle().await;
    world.hooks.refuse_connections(true);
    world.hooks.cut_all();
    tokio::time::sleep(Duration::from_secs(12)).await;
    world.hooks.refuse_connections(false);
    let lost = a.lost().await;
    let expiry = lost.expiry.clone().unwrap();
    assert_eq!(
        (lost.why, expiry.cause()),
        (LockLostWhy::SessionExpired, ExpiryCause::NoContact)
    );
    let silence = expiry.silence.as_secs_f64();
    let reason =
        format!("session {session} expired after {silence:.1} s without contact (timeout 10.0 s)");
    assert_eq!(
        lost.to_string(),
        format!("lost the lock /locks/a (token {}): {reason}", a.token())
    );
    assert_eq!(
        zk.get("/x").await.unwrap_err().to_string(),
        format!(
            "cannot read /x: {reason}; locks lost: /locks/a (token {}), /locks/b (token {})",
            a.token(),
            b.token()
        )
    );
}

#[tokio::test(start_paused = true)]
async fn a_lock_lost_to_a_stalled_process_names_the_stall() {
    let world = World::new();
    let zk = world.client().await;
    let session = zk.session_id().unwrap();
    let guard = warm_lock(&zk, "/locks/a").await.acquire().await.unwrap();
    settle().await;
    world.stall(Duration::from_secs(30));
    world.hooks.expire(session);
    let lost = guard.lost().await;
    let expiry = lost.expiry.clone().unwrap();
    assert_eq!(expiry.cause(), ExpiryCause::Stalled);
    assert!(expiry.stall > Duration::from_secs(28), "{expiry:?}");
    let (silence, stall) = (expiry.silence.as_secs_f64(), expiry.stall.as_secs_f64());
    let token = guard.token();
    assert_eq!(
        lost.to_string(),
        format!(
            "lost the lock /locks/a (token {token}): session {session} expired after {silence:.1} s without contact \
             (timeout 10.0 s): this process did not run for {stall:.1} s (paused, or its runtime was blocked)"
        )
    );
    assert_eq!(guard.held().expiry(), Some(expiry));
}

/// The news that waits for a paused process may be the event of its node, before that of its session.
#[tokio::test(start_paused = true)]
async fn a_node_found_deleted_after_a_stall_is_told_with_the_stall() {
    let world = World::new();
    let (zk, operator) = (world.client().await, world.client().await);
    let guard = warm_lock(&zk, "/locks/a").await.acquire().await.unwrap();
    settle().await;
    world.stall(Duration::from_secs(9));
    operator.delete(guard.held().node()).await.unwrap();
    let lost = guard.lost().await;
    let stall = lost.stalled.unwrap();
    assert!(stall > Duration::from_secs(7), "{stall:?}");
    assert_eq!(
        lost.to_string(),
        format!(
            "lost the lock /locks/a (token {}): its node was deleted, and this process did not run for {:.1} s (paused, \
             or its runtime was blocked)",
            guard.token(),
            stall.as_secs_f64()
        )
    );
    zk.sync("/").await.unwrap();
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(guard.lost().await, lost, "what was said stays said");
}

#[tokio::test(start_paused = true)]
async fn a_fenced_write_without_its_hold_names_the_write() {
    let world = World::new();
    let zk = world.client().await;
    zk.create("/result", "").await.unwrap();
    let guard = warm_lock(&zk, "/locks/a").await.acquire().await.unwrap();
    let held = guard.held();
    let fence = held.node().to_owned();
    let delete = world.client().await.delete(&fence).submit();
    tokio::time::sleep(Duration::from_millis(1)).await;
    // Sent, and refused by the server.
    let refused = zk.set("/result", "x").fenced_by(&held).await.unwrap_err();
    let token = held.token();
    let over = format!(
        "the hold of /locks/a (token {token}) is over: its node {fence} is gone; nothing was written; acquire it again, and \
         read what its next holder may have changed, before you write"
    );
    assert_eq!(refused.to_string(), format!("cannot write /result: {over}"));
    delete.await.unwrap();
    settle().await;
    // Not even sent.
    let unsent = zk.delete("/result").fenced_by(&held).await.unwrap_err();
    assert_eq!(unsent.to_string(), format!("cannot delete /result: {over}"));
    for error in [refused, unsent] {
        let hold = error.lost_hold().unwrap();
        assert_eq!((hold.path.as_str(), hold.token), ("/locks/a", token));
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_lost_is_named_for_what_it_was() {
    let world = World::new();
    let zk = world.client().await;
    let lock = warm_lock(&zk, "/locks/a").await.acquire().await.unwrap();
    let readers = RwLock::new(&zk, "/locks/rw").unwrap();
    let read = readers.read().await.unwrap();
    let writers = RwLock::new(&zk, "/locks/wr").unwrap();
    let write = writers.write().await.unwrap();
    let permits = Semaphore::new(&zk, "/limits/a", 2).unwrap();
    let permit = permits.acquire().await.unwrap();
    let election = Election::new(&zk, "/elections/a").unwrap();
    let lead = election.elected().await.unwrap();
    let (token, identity) = (lock.token(), read.identity());
    let (writer, leased, epoch) = (write.token(), permit.identity(), lead.epoch());
    assert_eq!(lead.term().held().kind(), HoldKind::Leadership);
    let holds = [
        lock.held(),
        read.held(),
        write.held(),
        permit.held(),
        lead.term().held().clone(),
    ];
    world.hooks.expire(zk.session_id().unwrap());
    let mut told = Vec::new();
    for hold in holds {
        let text = hold.lost().await.to_string();
        let (what, _) = text.split_once(": ").unwrap();
        told.push(what.to_owned());
    }
    let expected = [
        format!("lost the lock /locks/a (token {token})"),
        format!("lost the read lock /locks/rw (identity {identity})"),
        format!("lost the write lock /locks/wr (token {writer})"),
        format!("lost a permit of /limits/a (identity {leased})"),
        format!("lost the leadership of /elections/a (epoch {epoch})"),
    ];
    assert_eq!(told, expected);
}
