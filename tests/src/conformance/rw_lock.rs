//! A read–write lock: who holds with whom, and what becomes of a writer that reads on.

use std::future::IntoFuture;
use std::time::Duration;

use zk_recipes::{Family, RwLock};

use crate::deadline;

use super::server::Server;

const SOON: Duration = Duration::from_secs(10);

/// Waits until so many hold or wait.
async fn contended(lock: &RwLock, contenders: usize) {
    deadline(SOON)
        .until_some(format_args!("{contenders} contenders"), || async {
            let listed = lock.contenders().await.unwrap();
            (listed.len() == contenders).then_some(())
        })
        .await;
}

pub async fn readers_share_a_lock_and_a_writer_has_it_alone(server: &Server) {
    let (zk, other) = (server.client().await, server.client().await);
    let lock = RwLock::new(&zk, "/locks/rw").unwrap();
    let theirs = RwLock::new(&other, "/locks/rw").unwrap();
    let first = lock.read().await.unwrap();
    let second = theirs.try_read().await.unwrap().unwrap();
    assert!(theirs.try_write().await.unwrap().is_none());
    let writer = tokio::spawn(lock.write().into_future());
    contended(&lock, 3).await;
    // Whoever comes now is behind the writer.
    let late = tokio::spawn(theirs.read().into_future());
    contended(&lock, 4).await;
    let shown = lock.contenders().await.unwrap();
    let shown: Vec<_> = shown.iter().map(|one| (one.family, one.holds)).collect();
    let (reads, writes) = (Family::Reader, Family::Writer);
    assert_eq!(
        shown,
        [
            (reads, true),
            (reads, true),
            (writes, false),
            (reads, false)
        ]
    );
    assert!(first.release().await.unwrap().was_held);
    assert!(!writer.is_finished(), "the second reads");
    assert!(second.release().await.unwrap().was_held);
    let writer = deadline(SOON).until("the writer", writer).await;
    let writer = writer.unwrap().unwrap();
    assert!(!late.is_finished() && writer.held().is_held());
    assert!(writer.release().await.unwrap().was_held);
    let late = deadline(SOON).until("the reader", late).await;
    assert!(late.unwrap().unwrap().release().await.unwrap().was_held);
    contended(&lock, 0).await;
    assert_eq!(server.watches(), 0);
}

pub async fn a_writer_that_reads_on_keeps_writers_out_and_lets_readers_in(server: &Server) {
    let (zk, other) = (server.client().await, server.client().await);
    let lock = RwLock::new(&zk, "/locks/rw").unwrap();
    let theirs = RwLock::new(&other, "/locks/rw").unwrap();
    let writer = lock.write().await.unwrap();
    let behind = tokio::spawn(theirs.write().into_future());
    contended(&lock, 2).await;
    let reader = writer.downgrade().await.unwrap();
    zk.barrier().await.unwrap();
    contended(&lock, 2).await;
    let held = lock.contenders().await.unwrap();
    let held: Vec<_> = held.iter().map(|one| (one.family, one.holds)).collect();
    assert_eq!(held, [(Family::Reader, true), (Family::Writer, false)]);
    assert!(!behind.is_finished());
    assert!(reader.release().await.unwrap().was_held);
    let behind = deadline(SOON).until("the writer behind", behind).await;
    drop(behind.unwrap().unwrap());
    contended(&lock, 0).await;
}
