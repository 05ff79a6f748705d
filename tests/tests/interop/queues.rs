//! Queues that ours and theirs put into and take from at the same time.

mod delays;
mod order;
mod shards;
mod theirs;

use std::collections::BTreeMap;
use std::time::Duration;

use zk_recipes::{Client, Queue};
use zk_tests::{Deadline, RealServer, deadline, note};

use theirs::{Kind, Theirs};

/// How many items each side takes of the other's.
const EXCHANGES: usize = 50;
/// How many each side puts while both take.
const PUT: usize = 60;

/// How ours take.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Take,
    Claim,
}

/// What both sides took, of a queue that both put into.
struct Shared {
    queue: Queue,
    mode: Mode,
    theirs: Theirs,
    limit: Deadline,
    ours: Vec<String>,
    taken_by_theirs: Vec<String>,
}

impl Shared {
    async fn new(kind: Kind, mode: Mode) -> Self {
        let connect = RealServer::shared().connect_string();
        let zk = Client::builder(&connect).connect().await.unwrap();
        let lock = (mode == Mode::Claim).then_some("locks");
        let path = format!("/queues-{}-{}", kind.word(), lock.unwrap_or("take"));
        let mut queue = Queue::new(&zk, &path).unwrap().layout(kind.layout());
        if let (Some(lock), true) = (lock, kind.is_curators()) {
            queue = queue.lock_path(&format!("{path}-{lock}")).unwrap();
        }
        Self {
            queue,
            mode,
            theirs: Theirs::start(&connect, kind, &path, lock.is_some()).await,
            limit: deadline(Duration::from_secs(60)),
            ours: Vec::new(),
            taken_by_theirs: Vec::new(),
        }
    }

    async fn put_ours(queue: &Queue, kind: Kind, n: usize) {
        queue.put(kind.entry(&format!("r{n}"), n)).await.unwrap();
    }

    /// Takes one, if there is one.
    async fn take_one(&mut self) {
        let item = match self.mode {
            Mode::Take => self
                .queue
                .try_take()
                .await
                .unwrap()
                .map(|item| item.data().to_vec()),
            Mode::Claim => match self.queue.try_claim().await.unwrap() {
                None => None,
                Some(claimed) => {
                    let data = claimed.data().to_vec();
                    claimed.complete().await.unwrap();
                    Some(data)
                }
            },
        };
        self.ours
            .extend(item.map(|data| String::from_utf8(data).unwrap()));
    }

    fn ours_of_theirs(&self) -> usize {
        self.ours
            .iter()
            .filter(|item| item.starts_with('j'))
            .count()
    }

    fn theirs_of_ours(&self) -> usize {
        self.taken_by_theirs
            .iter()
            .filter(|item| item.starts_with('r'))
            .count()
    }

    /// Both put and both take; then whoever took too little of the other's goes on alone.
    async fn exchange(kind: Kind, mode: Mode) {
        let mut shared = Self::new(kind, mode).await;
        let mut producer = shared.theirs.producer().await;
        let queue = shared.queue.clone();
        let puts = tokio::spawn(async move {
            for n in 0..PUT {
                tokio::join!(Self::put_ours(&queue, kind, n), producer.put(n));
            }
            producer
        });
        while shared.ours.len() + shared.taken_by_theirs.len() < 2 * PUT {
            assert!(!shared.limit.passed(), "{}", shared.summary());
            shared.take_one().await;
            let taken = shared.theirs.taken().await;
            shared.taken_by_theirs.extend(taken);
        }
        let mut producer = puts.await.unwrap();
        note(shared.summary());
        let mut n = PUT;
        while shared.theirs_of_ours() < EXCHANGES {
            assert!(!shared.limit.passed(), "{}", shared.summary());
            Self::put_ours(&shared.queue, kind, n).await;
            n += 1;
            let before = shared.taken_by_theirs.len();
            while shared.taken_by_theirs.len() == before {
                let taken = shared.theirs.taken().await;
                shared.taken_by_theirs.extend(taken);
            }
        }
        shared.theirs.stop().await;
        let mut m = PUT;
        while shared.ours_of_theirs() < EXCHANGES {
            assert!(!shared.limit.passed(), "{}", shared.summary());
            producer.put(m).await;
            m += 1;
            let before = shared.ours.len();
            while shared.ours.len() == before {
                shared.take_one().await;
            }
        }
        shared.taken_by_theirs.extend(shared.theirs.rest().await);
        shared.check(n, m).await;
    }

    /// Each item was taken once.
    async fn check(&self, ours: usize, theirs: usize) {
        let mut counts = BTreeMap::new();
        for item in self.ours.iter().chain(&self.taken_by_theirs) {
            *counts.entry(item.clone()).or_insert(0) += 1;
        }
        let put = (0..ours).map(|n| format!("r{n}"));
        let put = put.chain((0..theirs).map(|n| format!("j{n}")));
        let wanted: BTreeMap<String, i32> = put.map(|item| (item, 1)).collect();
        assert_eq!(counts, wanted);
        // Curator deletes what it has handed out.
        let is_empty = async || (self.queue.len().await.unwrap() == 0).then_some(());
        self.limit.until_some("an empty queue", is_empty).await;
    }

    fn summary(&self) -> String {
        format!(
            "ours took {} of theirs and {} in all, theirs {} of ours and {} in all",
            self.ours_of_theirs(),
            self.ours.len(),
            self.theirs_of_ours(),
            self.taken_by_theirs.len()
        )
    }
}

macro_rules! exchanges {
    ($($test:ident: $kind:ident, $mode:ident;)*) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $test() {
            Shared::exchange(Kind::$kind, Mode::$mode).await;
        }
    )*};
}

exchanges! {
    each_item_of_curators_queue_is_taken_once_by_ours_or_curators: Fifo, Take;
    each_item_of_curators_queue_with_locks_is_completed_once_by_ours_or_curators: Fifo, Claim;
    each_item_of_curators_priority_queue_is_taken_once_by_ours_or_curators: Priority, Take;
    each_item_of_curators_priority_queue_with_locks_is_completed_once_by_ours_or_curators: Priority, Claim;
    each_item_of_curators_delay_queue_is_taken_once_by_ours_or_curators: Delay, Take;
    each_item_of_curators_delay_queue_with_locks_is_completed_once_by_ours_or_curators: Delay, Claim;
    each_item_of_curators_id_queue_is_taken_once_by_ours_or_curators: Id, Take;
    each_item_of_curators_id_queue_with_locks_is_completed_once_by_ours_or_curators: Id, Claim;
    each_item_of_curators_simple_queue_is_taken_once_by_ours_or_curators: Simple, Take;
    each_item_of_kazoos_queue_is_taken_once_by_ours_or_kazoos: Kazoo, Take;
    each_item_of_kazoos_locking_queue_is_completed_once_by_ours_or_kazoos: KazooLocking, Claim;
}
