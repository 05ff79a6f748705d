//! A mutex's queue: order, waiting, giving up.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use zk_recipes::{Client, ErrorKind, Family, Mutex};

use crate::deadline;

use super::seen::poll_once;
use super::server::Server;

/// How long a contender may take to appear in, or go from, the list.
const SOON: Duration = Duration::from_secs(10);

/// Waits until the lock has so many contenders.
async fn contended(mutex: &Mutex, contenders: usize) {
    deadline(SOON)
        .until_some(format_args!("{contenders} contenders"), || async {
            let listed = mutex.contenders().await.unwrap();
            (listed.len() == contenders).then_some(())
        })
        .await;
}

pub async fn b94_contenders_hold_in_the_order_of_their_arrival(server: &Server) {
    let zk = server.client().await;
    let mutex = Mutex::new(&zk, "/lock").unwrap();
    let first = mutex.acquire().contender("0").await.unwrap();
    let (sender, mut held) = tokio::sync::mpsc::unbounded_channel();
    let mut tasks = Vec::new();
    for number in 1..=6 {
        // Every other one shares a session.
        let client = match number % 2 {
            0 => zk.clone(),
            _ => server.client().await,
        };
        let waiter = Mutex::new(&client, "/lock").unwrap();
        let sender = sender.clone();
        tasks.push(tokio::spawn(async move {
            let acquire = waiter.acquire().contender(number.to_string());
            let guard = acquire.await.unwrap();
            sender.send((number, guard.token())).unwrap();
            guard.release().await.unwrap();
        }));
        contended(&mutex, number + 1).await;
    }
    let mut last = first.token();
    assert!(held.is_empty(), "nobody overtakes the holder");
    first.release().await.unwrap();
    for expected in 1..=6 {
        let (number, token) = held.recv().await.unwrap();
        assert_eq!(number, expected);
        assert!(token > last, "{token} after {last}");
        last = token;
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(mutex.contenders().await.unwrap(), []);
    assert_eq!(server.watches(), 0);
}

pub async fn a_contender_that_goes_hands_nothing_to_the_one_behind(server: &Server) {
    let (zk, other) = (server.client().await, server.client().await);
    let mutex = Mutex::new(&zk, "/lock").unwrap();
    let holder = mutex.acquire().await.unwrap();
    let middle = tokio::spawn(mutex.acquire().into_future());
    contended(&mutex, 2).await;
    let others = Mutex::new(&other, "/lock").unwrap();
    let mut last = Box::pin(others.acquire().into_future());
    assert!(poll_once(last.as_mut()).is_none());
    contended(&mutex, 3).await;
    let limit = deadline(SOON);
    let mut watches = 0;
    while watches < 4 {
        // Until the last has its two watches: holder 1, middle 2 of which one is the holder's, last 2.
        assert!(poll_once(last.as_mut()).is_none());
        watches = server.watches();
        limit.until("the watches", tokio::task::yield_now()).await;
    }
    middle.abort();
    contended(&mutex, 2).await;
    for _ in 0..20 {
        assert!(poll_once(last.as_mut()).is_none(), "the holder holds");
        other.sync("/lock").await.unwrap();
    }
    let token = holder.token();
    holder.release().await.unwrap();
    assert!(last.await.unwrap().token() > token);
}

pub async fn tokens_grow_also_when_the_path_was_deleted_in_between(server: &Server) {
    let zk = server.client().await;
    let mutex = Mutex::new(&zk, "/locks/a").unwrap();
    let mut last = 0;
    for round in 0..6 {
        let guard = mutex.acquire().await.unwrap();
        assert!(guard.token() > last, "{} after {last}", guard.token());
        last = guard.token();
        guard.release().await.unwrap();
        if round % 2 == 1 {
            // The sequence numbers start again, the tokens do not.
            zk.delete("/locks/a").await.unwrap();
            zk.delete("/locks").await.unwrap();
        }
    }
}

pub async fn a_held_lock_is_not_tried_twice(server: &Server) {
    let (zk, other) = (server.client().await, server.client().await);
    let mutex = Mutex::new(&zk, "/lock").unwrap();
    let others = Mutex::new(&other, "/lock").unwrap();
    let guard = mutex.try_acquire().await.unwrap().unwrap();
    assert!(mutex.try_acquire().await.unwrap().is_none());
    assert!(others.try_acquire().await.unwrap().is_none());
    contended(&mutex, 1).await;
    guard.release().await.unwrap();
    let guard = others.try_acquire().await.unwrap().unwrap();
    assert!(mutex.try_acquire().await.unwrap().is_none());
    guard.release().await.unwrap();
    contended(&mutex, 0).await;
    assert_eq!(server.watches(), 0);
}

pub async fn a_contender_gives_up_after_its_timeout_and_leaves_nothing(server: &Server) {
    let zk = server.client().await;
    let mutex = Mutex::new(&zk, "/lock").unwrap();
    let guard = mutex.acquire().await.unwrap();
    let limit = Duration::from_millis(50);
    let error = mutex.acquire().timeout(limit).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AcquireTimedOut);
    let text = error.to_string();
    assert!(text.contains("cannot acquire /lock within 50ms"), "{text}");
    assert!(text.contains("zkctl locks /lock"), "{text}");
    contended(&mutex, 1).await;
    assert!(guard.held().is_held());
    guard.release().await.unwrap();
    let guard = mutex.acquire().timeout(SOON).await.unwrap();
    guard.release().await.unwrap();
    assert_eq!(server.watches(), 0);
}

pub async fn a_dropped_acquisition_leaves_no_contender(server: &Server) {
    let zk = server.client().await;
    let mutex = Mutex::new(&zk, "/lock").unwrap();
    // Of a free lock, at each step of its way.
    for polls in 0..12 {
        let mut acquire = Box::pin(mutex.acquire().into_future());
        for _ in 0..polls {
            if poll_once(acquire.as_mut()).is_some() {
                break;
            }
            zk.sync("/").await.unwrap();
        }
        drop(acquire);
        zk.barrier().await.unwrap();
        assert_eq!(mutex.contenders().await.unwrap(), [], "{polls} polls");
    }
    // And of a held one, at each step.
    let guard = mutex.acquire().await.unwrap();
    for polls in 0..12 {
        let mut acquire = Box::pin(mutex.acquire().into_future());
        for _ in 0..polls {
            assert!(poll_once(acquire.as_mut()).is_none());
            zk.sync("/").await.unwrap();
        }
        drop(acquire);
        contended(&mutex, 1).await;
    }
    assert!(guard.held().is_held());
    guard.release().await.unwrap();
    zk.barrier().await.unwrap();
    assert_eq!(server.watches(), 0);
    assert_eq!((zk.stats().duties, zk.stats().watches), (0, 0));
}

pub async fn contenders_are_listed_with_what_operators_ask_for(server: &Server) {
    let (zk, other) = (server.client().await, server.client().await);
    let mutex = Mutex::new(&zk, "/lock").unwrap();
    assert_eq!(mutex.contenders().await.unwrap(), [], "no such path yet");
    let guard = mutex.acquire().contender("first").await.unwrap();
    let others = Mutex::new(&other, "/lock").unwrap();
    let waiting = others.acquire().contender("second").into_future();
    let waiting = tokio::spawn(waiting);
    contended(&mutex, 2).await;
    let listed = others.contenders().await.unwrap();
    let [first, second] = listed.as_slice() else {
        panic!("{listed:?}");
    };
    assert_eq!((first.text.as_str(), first.holds), ("first", true));
    assert_eq!((second.text.as_str(), second.holds), ("second", false));
    assert_eq!(Some(first.session), zk.session_id());
    assert_eq!(Some(second.session), other.session_id());
    assert_eq!(first.node, guard.held().node());
    assert_eq!(first.token, guard.token());
    assert!(second.token > first.token);
    for contender in &listed {
        assert_eq!(contender.family, Family::Mutex);
        let stat = zk.exists(&contender.node).await.unwrap().unwrap();
        let since = SystemTime::UNIX_EPOCH + Duration::from_millis(stat.ctime as u64);
        assert_eq!(contender.since, since);
    }
    guard.release().await.unwrap();
    waiting.await.unwrap().unwrap().release().await.unwrap();
}

pub async fn eight_tasks_count_exactly_under_one_lock(server: &Server) {
    const TASKS: u64 = 8;
    const ROUNDS: u64 = 10;
    let zk = server.client().await;
    zk.create("/counter", "0").await.unwrap();
    let last = Arc::new(AtomicU64::new(0));
    let mut tasks = Vec::new();
    for number in 0..TASKS {
        // Two tasks on each of four sessions.
        let client = match number % 2 {
            0 => server.client().await,
            _ => zk.clone(),
        };
        tasks.push(tokio::spawn(count(client, Arc::clone(&last), ROUNDS)));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let counter = zk.get("/counter").await.unwrap();
    let expected = (TASKS * ROUNDS).to_string();
    assert_eq!(counter.data, expected.into_bytes());
    let left = zk.children("/lock").await.unwrap();
    assert_eq!(left, Vec::<String>::new());
    assert_eq!(server.watches(), 0);
}

/// Reads and writes the counter without any protection but the lock.
async fn count(zk: Client, last: Arc<AtomicU64>, rounds: u64) {
    let mutex = Mutex::new(&zk, "/lock").unwrap();
    for _ in 0..rounds {
        let work = |held: zk_recipes::Held| {
            let (zk, last) = (zk.clone(), Arc::clone(&last));
            async move {
                assert!(last.swap(held.token(), Ordering::SeqCst) < held.token());
                let data = zk.get("/counter").await.unwrap().data;
                let count: u64 = String::from_utf8_lossy(&data).parse().unwrap();
                let next = (count + 1).to_string();
                zk.set("/counter", next).await.unwrap();
            }
        };
        mutex.hold(work).await.unwrap();
    }
}
