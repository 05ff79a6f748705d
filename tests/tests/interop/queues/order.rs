//! In which order both sides take what both have put.

use std::time::Duration;

use zk_recipes::{Client, Queue};
use zk_tests::{RealServer, deadline};

use super::theirs::{Kind, Theirs};
use super::{EXCHANGES, Shared};

/// Puts items of both sides in turns.
async fn put_in_turns(queue: &Queue, kind: Kind, theirs: &Theirs) {
    let mut producer = theirs.producer().await;
    for n in 0..EXCHANGES {
        Shared::put_ours(queue, kind, 2 * n).await;
        producer.put(2 * n + 1).await;
    }
}

/// All of them in the order of the queue.
fn in_order(kind: Kind) -> Vec<String> {
    let mut all: Vec<usize> = (0..2 * EXCHANGES).collect();
    if !matches!(kind, Kind::Fifo | Kind::Id | Kind::Simple) {
        all.sort_by_key(|n| kind.rank(*n));
    }
    let name = |n: usize| format!("{}{n}", if n % 2 == 0 { 'r' } else { 'j' });
    all.into_iter().map(name).collect()
}

async fn taken_in_order(kind: Kind) {
    let connect = RealServer::shared().connect_string();
    let zk = Client::builder(&connect).connect().await.unwrap();
    let path = format!("/queues-order-{}", kind.word());
    let queue = Queue::new(&zk, &path).unwrap().layout(kind.layout());
    let mut theirs = Theirs::new(&connect, kind, &path, false).await;
    let limit = deadline(Duration::from_secs(60));

    put_in_turns(&queue, kind, &theirs).await;
    let mut taken = Vec::new();
    while let Some(item) = queue.try_take().await.unwrap() {
        taken.push(String::from_utf8(item.data().to_vec()).unwrap());
    }
    assert_eq!(taken, in_order(kind), "taken by ours");

    put_in_turns(&queue, kind, &theirs).await;
    theirs.begin().await;
    let mut taken = Vec::new();
    while taken.len() < 2 * EXCHANGES {
        assert!(!limit.passed(), "{taken:?}");
        taken.extend(theirs.taken().await);
    }
    assert_eq!(taken, in_order(kind), "taken by theirs");
}

macro_rules! orders {
    ($($test:ident: $kind:ident;)*) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $test() {
            taken_in_order(Kind::$kind).await;
        }
    )*};
}

orders! {
    ours_and_curators_take_from_its_queue_in_one_order: Fifo;
    ours_and_curators_take_from_its_priority_queue_in_one_order: Priority;
    ours_and_curators_take_from_its_delay_queue_in_one_order: Delay;
    ours_and_curators_take_from_its_id_queue_in_one_order: Id;
    ours_and_curators_take_from_its_simple_queue_in_one_order: Simple;
    ours_and_kazoos_take_from_its_queue_in_one_order: Kazoo;
    ours_and_kazoos_take_from_its_locking_queue_in_one_order: KazooLocking;
}
