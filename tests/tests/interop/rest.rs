//! What is neither a lock that is waited for nor a value that is changed: locks that are asked for back, numbers in blocks,
//! and a semaphore that is only read.

use std::collections::BTreeSet;
use std::time::Duration;

use zk_recipes::{AtomicInt, AtomicLong, BlockCounter, Client, Mutex, Semaphore};
use zk_tests::{Channel, RealServer, Talk, deadline};

const TIMES: usize = 50;
/// How many numbers a block has.
const BLOCK: u64 = 3;
/// How many numbers each side takes: as many blocks as `TIMES`.
const NUMBERS: i64 = (TIMES as u64 * BLOCK) as i64;

async fn both() -> (Client, Channel) {
    let connect = RealServer::shared().connect_string();
    let zk = Client::builder(&connect).connect().await.unwrap();
    (zk, Talk::curator().open("rest", &connect).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_of_ours_or_of_curators_goes_back_to_whoever_of_the_others_asks_for_it() {
    let (zk, mut curator) = both().await;
    let limit = deadline(Duration::from_secs(120));
    let mutex = Mutex::new(&zk, "/revocable").unwrap();
    curator.ask("lock /revocable").await;
    for _ in 0..TIMES {
        curator.ask("acquire").await;
        let holder = mutex.contenders().await.unwrap().remove(0);
        mutex.revoke(&holder).await.unwrap();
        curator.ask("yield").await;

        let guard = mutex.acquire().await.unwrap();
        let node = mutex.contenders().await.unwrap().remove(0).node;
        curator.ask(&format!("revoke {node}")).await;
        limit.until("a revocation", guard.held().revoked()).await;
        guard.release().await.unwrap();
    }
}

/// No number twice, and none left out: each side used up its blocks.
fn check(mut ours: Vec<i64>, theirs: Vec<i64>) {
    ours.extend(theirs);
    let all: BTreeSet<i64> = ours.iter().copied().collect();
    assert_eq!(all.len(), ours.len(), "{ours:?}");
    assert!(all.iter().copied().eq(0..2 * NUMBERS), "{all:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ours_and_curators_take_different_numbers_in_blocks_from_one_counter() {
    let (zk, mut curator) = both().await;
    let (_, mut other) = both().await;
    let long = AtomicLong::new(&zk, "/blocks/long").unwrap();
    let int = AtomicInt::new(&zk, "/blocks/int").unwrap();
    curator.ask(&format!("longs /blocks/long {BLOCK}")).await;
    other.ask(&format!("ints /blocks/int {BLOCK}")).await;
    let longs = BlockCounter::new(long, BLOCK).unwrap();
    let ints = BlockCounter::new(int, BLOCK).unwrap();
    let (mut ours, mut theirs) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
    for _ in 0..NUMBERS {
        let (long, int, of_long, of_int) = tokio::join!(
            longs.next(),
            ints.next(),
            curator.ask("long"),
            other.ask("int")
        );
        ours[0].push(long.unwrap());
        ours[1].push(i64::from(int.unwrap()));
        theirs[0].push(of_long.parse().unwrap());
        theirs[1].push(of_int.parse().unwrap());
    }
    for (ours, theirs) in ours.into_iter().zip(theirs) {
        check(ours, theirs);
    }
}

/// Waits until the sessions in order, and which of them hold, are just these.
async fn see(semaphore: &Semaphore, wanted: &[(&str, bool)]) {
    let limit = deadline(Duration::from_secs(60));
    limit
        .until_some(&format!("{wanted:?}"), || async {
            let contenders = semaphore.legacy_contenders().await.unwrap();
            let seen: Vec<_> = contenders
                .iter()
                .map(|contender| (contender.session.to_string(), contender.holds))
                .collect();
            let wanted = wanted.iter();
            seen.iter()
                .map(|(session, holds)| (session.as_str(), *holds))
                .eq(wanted.copied())
                .then_some(())
        })
        .await;
}

/// Three programs have two permits: whoever has had its own for longer gives it back and queues again.
#[tokio::test(flavor = "multi_thread")]
async fn contenders_of_curators_older_semaphore_are_listed_as_those_who_hold_and_who_wait() {
    let (zk, _) = both().await;
    let path = "/older-semaphore";
    let semaphore = Semaphore::new(&zk, path, 2).unwrap();
    let mut queue = Vec::new();
    for _ in 0..3 {
        let (_, mut curator) = both().await;
        curator.ask(&format!("older-semaphore {path} 2")).await;
        let session = curator.ask("session").await;
        queue.push((session, curator));
    }
    let [
        (a, mut first_holder),
        (b, mut second_holder),
        (c, mut waiter),
    ] = <[_; 3]>::try_from(queue).unwrap();
    let mut sessions = [a, b, c];
    first_holder.ask("take").await;
    see(&semaphore, &[(&sessions[0], true)]).await;
    second_holder.ask("take").await;
    for _ in 0..TIMES {
        see(&semaphore, &[(&sessions[0], true), (&sessions[1], true)]).await;
        let [one, other, third] = &sessions;
        let all = [(&**one, true), (&**other, true), (&**third, false)];
        // It gets its permit when the first one gives its own back, and not before.
        let order = async {
            see(&semaphore, &all).await;
            first_holder.ask("give").await
        };
        tokio::join!(waiter.ask("take"), order);
        sessions.rotate_left(1);
        (first_holder, second_holder, waiter) = (second_holder, waiter, first_holder);
    }
    first_holder.ask("give").await;
    second_holder.ask("give").await;
    see(&semaphore, &[]).await;
}
