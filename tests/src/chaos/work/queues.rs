//! Queues of all layouts, with takes or with claims.

use std::time::Duration;

use zk_checkers::{Function, Outcome};
use zk_recipes::{Claimed, Entry, Item, Queue, QueueLayout};

use super::super::calls::{Ask, some};
use super::super::scribe::{code, failed, zxid};
use super::super::worker::{PATIENCE, Worker};

/// One queue.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Kind {
    /// As what is had of it is counted.
    pub(in super::super) name: &'static str,
    pub(in super::super) path: &'static str,
    layout: QueueLayout,
    claims: bool,
    batches: bool,
    /// How many items it may have.
    bound: Option<usize>,
}

const fn kind(name: &'static str, path: &'static str, layout: QueueLayout, claims: bool) -> Kind {
    Kind {
        name,
        path,
        layout,
        claims,
        batches: false,
        bound: None,
    }
}

pub(in super::super) const KINDS: [Kind; 9] = [
    kind("fifo", "/chaos/fifo", QueueLayout::Fifo, true),
    kind("ids", "/chaos/ids", QueueLayout::Id, false),
    kind(
        "priorities",
        "/chaos/priorities",
        QueueLayout::Priority,
        true,
    ),
    kind("delays", "/chaos/delays", QueueLayout::Delay, false),
    kind("simple", "/chaos/simple", QueueLayout::Simple, false),
    kind("kazoo", "/chaos/kazoo", QueueLayout::Kazoo, false),
    kind("locking", "/chaos/locking", QueueLayout::KazooLocking, true),
    Kind {
        batches: true,
        ..kind("batches", "/chaos/batches", QueueLayout::Fifo, false)
    },
    Kind {
        bound: Some(4),
        ..kind("bounded", "/chaos/bounded", QueueLayout::Fifo, false)
    },
];

/// No item waits longer for its time.
const LONGEST: usize = 2000;
/// Who has waited for so long without any, and nobody puts, has emptied the queue.
const EMPTY: Duration = Duration::from_millis(LONGEST as u64 + 1000);

/// Puts and consumes, and empties the queue when nobody puts any more.
pub(super) async fn queue(mut worker: Worker, kind: Kind) {
    let queue = Queue::new(&worker.zk, kind.path).expect("a path");
    let queue = queue.layout(kind.layout);
    let user = User {
        kind,
        queue: match kind.bound {
            Some(items) => queue.strict_bound(items),
            None => queue,
        },
    };
    while worker.lives() {
        match worker.dice.below(10) {
            0..5 if kind.batches => user.put_batch(&mut worker).await,
            0..5 => user.put(&mut worker).await,
            _ => {
                let limit = worker.millis(5, 2500);
                user.consume(&mut worker, limit).await;
            }
        }
        worker.rest().await;
    }
    worker.end_writing().await;
    while user.consume(&mut worker, EMPTY).await {}
}

struct User {
    kind: Kind,
    queue: Queue,
}

impl User {
    fn ask(&self, function: Function, limit: Option<Duration>) -> Ask<'_> {
        Ask {
            recipe: self.kind.name,
            function,
            path: self.queue.path(),
            limit,
        }
    }

    /// In order, as long as there is one; those that wait for their time are ordered by the servers' clock.
    fn is_ordered(&self) -> bool {
        self.kind.layout != QueueLayout::Delay
    }

    async fn put(&self, worker: &mut Worker) {
        let id = worker.id();
        let item = format!("<{id}>");
        let class = i32::try_from(worker.dice.below(4)).unwrap_or_default();
        let delay = worker.millis(1, LONGEST);
        let entry = Entry::new(item.clone());
        let (entry, class) = match self.kind.layout {
            QueueLayout::Priority | QueueLayout::Kazoo | QueueLayout::KazooLocking => {
                (entry.priority(class), class)
            }
            QueueLayout::Delay => (entry.due_in(delay), 0),
            QueueLayout::Id => (entry.id(id), 0),
            _ => (entry, 0),
        };
        let delays = self.kind.layout == QueueLayout::Delay;
        let put = async { some(self.queue.put(entry).timeout(PATIENCE).await) };
        let placed = worker.make(
            self.ask(Function::Put, None),
            put,
            |op, history| {
                op.data = history.data(item.as_bytes());
                op.expected = Some(class);
                if let Some(bound) = self.kind.bound {
                    (op.capacity, op.sequential) = (history.text(&bound.to_string()), true);
                }
                if delays {
                    let due = (op.invoked + delay).as_nanos() / 1_000_000;
                    op.from = history.text(&due.to_string());
                }
            },
            |op, _, placed| {
                if placed.is_none() {
                    op.outcome = Outcome::NotApplied;
                }
            },
        );
        match placed.await {
            Some(Some(_)) => worker.diary.count("items put"),
            Some(None) => worker.diary.count("puts without room"),
            None => {}
        }
    }

    /// Several together, or none.
    async fn put_batch(&self, worker: &mut Worker) {
        let together = worker.id();
        let items: Vec<String> = (0..3).map(|_| format!("<{}>", worker.id())).collect();
        let calls: Vec<_> = (items.iter())
            .map(|item| {
                worker.begin(Function::Put, self.queue.path(), |op, history| {
                    op.data = history.data(item.as_bytes());
                    op.expected = Some(0);
                    op.together = history.text(&together);
                })
            })
            .collect();
        let put = self.queue.put_all(items.clone()).await;
        for call in calls {
            let outcome = put.as_ref().err().map_or(Outcome::Ok, failed);
            worker.end(call, outcome, |op, _| {
                op.error = put.as_ref().err().map_or(0, code);
            });
        }
        match put {
            Ok(_) => worker.diary.count("batches put"),
            Err(error) => worker.failed(self.kind.name, &error),
        }
    }

    /// False if there was nothing to be had.
    async fn consume(&self, worker: &mut Worker, limit: Duration) -> bool {
        if self.kind.claims {
            return match self.claim(worker, limit).await {
                Some(Some(claimed)) => {
                    self.work_on(worker, claimed).await;
                    true
                }
                had => had.is_none(),
            };
        }
        let taken = if self.kind.batches {
            self.take_some(worker, limit).await
        } else {
            self.take(worker, limit).await
        };
        // Whoever failed tries again.
        taken.is_none_or(|count| count > 0)
    }

    /// How many it took.
    async fn take(&self, worker: &Worker, limit: Duration) -> Option<usize> {
        let take = async { some(self.queue.take().timeout(limit).await) };
        let taken = worker.make(
            self.ask(Function::Take, Some(limit)),
            take,
            |op, history| {
                op.recipe = history.text(&worker.who);
                op.sequential = self.is_ordered();
            },
            |op, history, item| match item {
                Some(item) => op.reply = history.data(item.data()),
                None => op.outcome = Outcome::NotApplied,
            },
        );
        let taken = taken.await?;
        taken
            .iter()
            .for_each(|_| worker.diary.count(self.kind.name));
        Some(taken.iter().len())
    }

    /// The same, several at once.
    async fn take_some(&self, worker: &Worker, limit: Duration) -> Option<usize> {
        let call = worker.begin(Function::Take, self.queue.path(), |op, history| {
            op.recipe = history.text(&worker.who);
            op.expected = Some(2);
            op.deadline = Some(op.invoked + limit);
        });
        let taken: Vec<Item> = match some(self.queue.take_many(2).timeout(limit).await) {
            Ok(taken) => taken.unwrap_or_default(),
            Err(error) => {
                worker.end(call, failed(&error), |op, _| op.error = code(&error));
                worker.failed(self.kind.name, &error);
                return None;
            }
        };
        let Some((first, others)) = taken.split_first() else {
            worker.end(call, Outcome::NotApplied, |_, _| {});
            return Some(0);
        };
        let others: Vec<_> = (others.iter())
            .map(|item| (worker.scribe.again(call), item))
            .collect();
        for (call, item) in [(call, first)].into_iter().chain(others) {
            worker.diary.count(self.kind.name);
            worker.end(call, Outcome::Ok, |op, history| {
                op.reply = history.data(item.data());
            });
        }
        Some(taken.len())
    }

    async fn claim(&self, worker: &Worker, limit: Duration) -> Option<Option<Claimed>> {
        let claim = async { some(self.queue.claim().timeout(limit).await) };
        worker
            .make(
                self.ask(Function::Claim, Some(limit)),
                claim,
                |op, history| {
                    op.recipe = history.text(&worker.who);
                    op.sequential = self.is_ordered();
                },
                |op, history, claimed| match claimed {
                    Some(claimed) => {
                        op.reply = history.data(claimed.data());
                        op.guard = history.text(claimed.held().node());
                        op.token = zxid(claimed.token());
                    }
                    None => op.outcome = Outcome::NotApplied,
                },
            )
            .await
    }

    /// Completes it, gives it back, or lets go of it.
    async fn work_on(&self, worker: &mut Worker, claimed: Claimed) {
        worker.work().await;
        let (item, token) = (claimed.data().to_vec(), zxid(claimed.token()));
        let chance = if worker.lives() { 10 } else { 7 };
        let (function, what) = match worker.dice.below(chance) {
            0..7 => (Function::Complete, self.kind.name),
            7 | 8 => (Function::GiveBack, "items given back"),
            _ => {
                worker.diary.count("items let go of");
                return drop(claimed);
            }
        };
        let end = async {
            match function {
                Function::Complete => claimed.complete().await,
                _ => claimed.release().await,
            }
        };
        let ended = worker.make(
            self.ask(function, None),
            end,
            |op, history| {
                op.data = history.data(&item);
                op.token = token;
            },
            |_, _, ()| {},
        );
        if ended.await.is_some() {
            worker.diary.count(what);
        }
    }
}
