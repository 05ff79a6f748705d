//! A semaphore: how many hold, and who says how many.

use std::future::IntoFuture;
use std::time::Duration;

use zk_recipes::{ErrorKind, Layout, Semaphore};

use crate::deadline;

use super::server::Server;

const SOON: Duration = Duration::from_secs(10);

pub async fn as_many_hold_as_there_are_permits(server: &Server) {
    let (zk, other) = (server.client().await, server.client().await);
    let permits = Semaphore::new(&zk, "/limits/a", 2).unwrap();
    let theirs = Semaphore::new(&other, "/limits/a", 2).unwrap();
    let one = permits.acquire().await.unwrap();
    let two = theirs.acquire().await.unwrap();
    let error = permits.acquire().timeout(Duration::from_millis(50)).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::AcquireTimedOut);
    let waits = tokio::spawn(theirs.acquire().into_future());
    let holders = permits.holders().await.unwrap();
    assert!(holders.len() >= 2 && holders[0].node == one.held().node());
    assert!(two.release().await.unwrap().was_held);
    let three = deadline(SOON).until("the third", waits).await;
    let three = three.unwrap().unwrap();
    assert!(one.held().is_held() && three.identity() > one.identity());
    assert!(one.release().await.unwrap().was_held);
    assert!(three.release().await.unwrap().was_held);
    let both = permits.acquire_many(2).timeout(SOON).await.unwrap();
    assert_eq!(both.len(), 2);
    drop(both);
    zk.barrier().await.unwrap();
    assert_eq!(permits.holders().await.unwrap(), []);
    assert_eq!(server.watches(), 0);
}

pub async fn a_stored_capacity_counts_for_all_and_changes_while_they_wait(server: &Server) {
    let zk = server.client().await;
    for (layout, at) in [(Layout::Curator, "/limits/b"), (Layout::Kazoo, "/limits/c")] {
        let stored = match layout {
            Layout::Kazoo => at.to_owned(),
            _ => format!("{at}-size"),
        };
        let permits = Semaphore::new(&zk, at, 1).unwrap().layout(layout);
        let permits = permits.stored_at(&stored).unwrap();
        let one = permits.acquire().await.unwrap();
        let waits = tokio::spawn(permits.acquire().into_future());
        permits.set_capacity(2).await.unwrap();
        let two = deadline(SOON).until("room for two", waits).await;
        assert_eq!(permits.capacity().await.unwrap(), 2);
        drop((one, two.unwrap().unwrap()));
    }
}
