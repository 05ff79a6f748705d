//! One queue, as one process uses it.

use std::time::Duration;

use zk_checkers::Function;
use zk_client::{Error, ErrorKind};
use zk_recipes::{Claimed, Entry, Item, Queue, QueueLayout};
use zk_wire::Zxid;

use super::kinds::{Kind, Room};
use crate::recorder::zxid;
use crate::schedule::{Call, Phase};
use crate::workload::Application;
use crate::workload::calls::{Ask, wish, writes};

/// A queue as one process uses it.
pub(super) struct Handle {
    name: String,
    queue: Queue,
    kind: Kind,
    /// Nobody else consumes it than the first process.
    alone: bool,
}

/// What is put of an item.
struct Wanted {
    item: String,
    class: i32,
    delay: Duration,
}

/// A wait that came to its end has found nothing.
fn some<T>(waited: Result<T, Error>) -> Result<Option<T>, Error> {
    match waited {
        Ok(item) => Ok(Some(item)),
        Err(error) if error.kind() == ErrorKind::WaitTimedOut => Ok(None),
        Err(error) => Err(error),
    }
}

impl Handle {
    pub(super) fn new(app: &mut Application, queue: Queue, kind: Kind) -> Self {
        let alone = app.plan.seed.stream(queue.path()).percent(40);
        Self {
            name: app.fresh_value(),
            queue,
            kind,
            alone,
        }
    }

    pub(super) fn path(&self) -> &str {
        self.queue.path()
    }

    pub(super) fn consumes(&self, app: &Application) -> bool {
        !self.alone || app.actor.index == 0
    }

    /// How many items there may be.
    fn bound(&self) -> Option<usize> {
        match self.kind.room {
            Room::Bound(items) | Room::Strict(items) => Some(items),
            Room::Endless | Room::Parts(_) => None,
        }
    }

    /// Puts, or consumes if it may.
    pub(super) async fn work(&self, app: &mut Application) {
        if app.rng.percent(50) || !self.consumes(app) {
            self.put(app).await;
        } else {
            self.consume(app).await;
        }
    }

    /// Puts an item, or several at once. Where there is no room it waits a while.
    pub(super) async fn put(&self, app: &mut Application) -> Option<()> {
        let count = if app.rng.percent(25) {
            app.rng.between(2, 3)
        } else {
            1
        };
        let limit = Duration::from_millis(app.rng.between(5, 2500));
        self.put_within(app, count, self.bound().map(|_| limit))
            .await
    }

    async fn put_within(
        &self,
        app: &mut Application,
        count: u64,
        limit: Option<Duration>,
    ) -> Option<()> {
        let wanted: Vec<Wanted> = (0..count).map(|_| self.wanted(app)).collect();
        let together = if count > 1 {
            app.fresh_value()
        } else {
            String::new()
        };
        let bound = self.bound().map(|items| items.to_string());
        let entries: Vec<Entry> = wanted.iter().map(|one| self.entry(one)).collect();
        let ask = Ask {
            limit,
            ..writes(Function::Put, self.path())
        };
        let put = self.queue.put_all(entries);
        let put = match limit {
            Some(limit) => put.timeout(limit),
            None => put,
        };
        let delays = self.kind.layout == QueueLayout::Delay;
        let made = app.make_each(
            ask,
            wanted.len(),
            put,
            |number, op, history| {
                let Some(one) = wanted.get(number) else {
                    return;
                };
                op.data = history.data(one.item.as_bytes());
                op.expected = Some(one.class);
                op.together = history.text(&together);
                op.capacity = history.text(bound.as_deref().unwrap_or_default());
                op.sequential = matches!(self.kind.room, Room::Strict(_));
                if delays {
                    let due = op.invoked + one.delay;
                    op.from = history.text(&(due.as_nanos() / 1_000_000).to_string());
                }
            },
            |_, _, _| {},
        );
        made.await.map(drop)
    }

    fn wanted(&self, app: &mut Application) -> Wanted {
        let item = format!("<{}>", app.fresh_value());
        let class = match self.kind.layout {
            QueueLayout::Priority | QueueLayout::KazooLocking => {
                i32::try_from(app.rng.below(4)).unwrap_or(0)
            }
            _ => 0,
        };
        let delay = Duration::from_millis(app.rng.below(2500));
        Wanted { item, class, delay }
    }

    fn entry(&self, wanted: &Wanted) -> Entry {
        let entry = Entry::new(wanted.item.clone());
        match self.kind.layout {
            QueueLayout::Priority | QueueLayout::KazooLocking => entry.priority(wanted.class),
            QueueLayout::Delay => entry.due_in(wanted.delay),
            QueueLayout::Id => entry.id(wanted.item.trim_matches(['<', '>'])),
            _ => entry,
        }
    }

    /// Takes or claims an item, if there is one within a while, and works on it.
    pub(super) async fn consume(&self, app: &mut Application) {
        let limit = Duration::from_millis(app.rng.between(5, 2500));
        let tries = app.rng.percent(20);
        if !self.kind.claims {
            let wanted = if app.rng.percent(25) && !tries { 3 } else { 1 };
            self.take(app, limit, tries, wanted).await;
        } else if let Some(Some(claimed)) = self.claim(app, limit, tries).await {
            self.work_on(app, claimed).await;
        }
    }

    /// After everything was healed it can be put into; whoever may makes room.
    pub(super) async fn put_last(&self, app: &mut Application) -> Result<(), String> {
        if self.bound().is_none() {
            return wish("a put", self.put_within(app, 1, None).await);
        }
        let soon = Duration::from_millis(300);
        let attempts = if self.consumes(app) { 100 } else { 400 };
        for _ in 0..attempts {
            if self.put_within(app, 1, Some(soon)).await.is_some() {
                return Ok(());
            }
            if !self.consumes(app) {
                continue;
            }
            if !self.kind.claims {
                self.take(app, soon, false, 1).await;
            } else if let Some(Some(claimed)) = self.claim(app, soon, false).await {
                wish("a completion", self.complete(app, claimed).await)?;
            }
        }
        Err("there is no room for a put".to_owned())
    }

    /// In order, as long as there is one; those that wait for their time are ordered by the servers' clock.
    fn is_ordered(&self) -> bool {
        self.kind.layout != QueueLayout::Delay
    }

    fn asks(&self, function: Function, limit: Duration) -> Ask<'_> {
        Ask {
            phase: Phase::Acquiring,
            call: Call::Wait,
            function,
            path: self.path(),
            limit: Some(limit),
        }
    }

    /// Takes an item, or up to so many at once, and says whether there was one.
    async fn take(
        &self,
        app: &Application,
        limit: Duration,
        tries: bool,
        wanted: usize,
    ) -> Option<bool> {
        let take = async {
            if tries {
                return Ok(Vec::from_iter(self.queue.try_take().await?));
            }
            let taken: Result<Vec<Item>, Error> = if wanted > 1 {
                self.queue.take_many(wanted).timeout(limit).await
            } else {
                self.queue
                    .take()
                    .timeout(limit)
                    .await
                    .map(|item| vec![item])
            };
            Ok(some(taken)?.unwrap_or_default())
        };
        let taken = app
            .make(
                self.asks(Function::Take, limit),
                take,
                |op, history| {
                    op.recipe = history.text(&self.name);
                    op.sequential = self.is_ordered();
                    op.expected = i32::try_from(wanted).ok();
                },
                |op, history, items| match items.split_first() {
                    Some((first, others)) => {
                        op.reply = history.data(first.data());
                        // Each of the others is an answer of its own.
                        for other in others {
                            let mut also = *op;
                            also.reply = history.data(other.data());
                            history.begin(also);
                        }
                    }
                    None => op.outcome = zk_checkers::Outcome::NotApplied,
                },
            )
            .await;
        taken.map(|items| !items.is_empty())
    }

    /// Claims an item; nothing if there was none.
    async fn claim(
        &self,
        app: &Application,
        limit: Duration,
        tries: bool,
    ) -> Option<Option<Claimed>> {
        let claim = async {
            if tries {
                self.queue.try_claim().await
            } else {
                some(self.queue.claim().timeout(limit).await)
            }
        };
        app.make(
            self.asks(Function::Claim, limit),
            claim,
            |op, history| {
                op.recipe = history.text(&self.name);
                op.sequential = self.is_ordered();
            },
            |op, history, claimed| match claimed {
                Some(claimed) => {
                    op.reply = history.data(claimed.data());
                    op.guard = history.text(claimed.held().node());
                    op.token = zxid(claimed.token());
                }
                None => op.outcome = zk_checkers::Outcome::NotApplied,
            },
        )
        .await
    }

    /// Works on an item, and completes it, gives it back, or lets go of it.
    async fn work_on(&self, app: &mut Application, claimed: Claimed) {
        app.actor.enter(Phase::Holding);
        let work = app.plan.work;
        app.pause(work).await;
        match app.rng.below(10) {
            0..6 => {
                self.complete(app, claimed).await;
            }
            6..8 => {
                let (item, token) = (claimed.data().to_vec(), zxid(claimed.token()));
                let release = claimed.release();
                self.end(app, Function::GiveBack, (&item, token), release)
                    .await;
            }
            _ => drop(claimed),
        }
    }

    async fn complete(&self, app: &Application, claimed: Claimed) -> Option<()> {
        let (item, token) = (claimed.data().to_vec(), zxid(claimed.token()));
        self.end(app, Function::Complete, (&item, token), claimed.complete())
            .await
    }

    async fn end(
        &self,
        app: &Application,
        function: Function,
        (item, token): (&[u8], Zxid),
        end: impl Future<Output = Result<(), Error>>,
    ) -> Option<()> {
        let ask = Ask {
            phase: Phase::Releasing,
            call: Call::Release,
            function,
            path: self.path(),
            limit: None,
        };
        app.make(
            ask,
            end,
            |op, history| {
                op.data = history.data(item);
                op.token = token;
            },
            |_, _, ()| {},
        )
        .await
    }

    /// Until nothing more comes: the others put their last one, and give back what they had.
    pub(super) async fn empty(&self, app: &Application) -> Result<(), String> {
        if !self.consumes(app) {
            return Ok(());
        }
        let limit = app.ages();
        // What a call had under way when its session ended is told by the next one, as an error.
        let mut failures = 0;
        while failures < 3 {
            if self.kind.claims {
                match self.claim(app, limit, false).await {
                    Some(Some(claimed)) => {
                        wish("a completion", self.complete(app, claimed).await)?;
                    }
                    Some(None) => return Ok(()),
                    None => failures += 1,
                }
            } else {
                match self.take(app, limit, false, 1).await {
                    Some(true) => {}
                    Some(false) => return Ok(()),
                    None => failures += 1,
                }
            }
        }
        Err("nothing can be taken".to_owned())
    }
}
