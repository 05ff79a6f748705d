//! Queues of several kinds, each with takes or with claims.

use std::time::Duration;

use async_trait::async_trait;
use zk_checkers::Function;
use zk_client::{Error, ErrorKind};
use zk_recipes::{Claimed, Entry, Queue, QueueLayout};
use zk_wire::Zxid;

use super::Application;
use super::calls::{Ask, wish, writes};
use super::family::Family;
use crate::paths::node;
use crate::recorder::zxid;
use crate::schedule::{Call, Phase};

/// The workload of queues: one handle per directory.
#[derive(Default)]
pub(super) struct Queues {
    queues: Vec<Handle>,
}

/// A queue as one process uses it.
struct Handle {
    name: String,
    path: String,
    queue: Queue,
    layout: QueueLayout,
    claims: bool,
    /// Nobody else consumes it than the first process.
    alone: bool,
}

/// The kinds of queues, and whether items are claimed.
const KINDS: [(QueueLayout, bool); 7] = [
    (QueueLayout::Fifo, true),
    (QueueLayout::Priority, false),
    (QueueLayout::KazooLocking, true),
    (QueueLayout::Delay, false),
    (QueueLayout::Simple, false),
    (QueueLayout::Priority, true),
    (QueueLayout::Id, false),
];

#[async_trait]
impl Family for Queues {
    async fn work(&mut self, app: &mut Application) {
        let Ok(()) = self.open(app) else { return };
        let at = app.pick(self.queues.len());
        let Some(handle) = self.queues.get(at) else {
            return;
        };
        let consumes = !handle.alone || app.actor.index == 0;
        if app.rng.percent(50) || !consumes {
            handle.put(app).await;
        } else if handle.claims {
            let limit = Duration::from_millis(app.rng.between(5, 2500));
            let tries = app.rng.percent(20);
            if let Some(Some(claimed)) = handle.claim(app, limit, tries).await {
                handle.work_on(app, claimed).await;
            }
        } else {
            let limit = Duration::from_millis(app.rng.between(5, 2500));
            let tries = app.rng.percent(20);
            handle.take(app, limit, tries).await;
        }
    }

    async fn last_wishes(&mut self, app: &mut Application) -> Result<(), String> {
        self.open(app)?;
        for handle in &self.queues {
            wish("a put", handle.put(app).await)?;
        }
        for handle in &self.queues {
            if !handle.alone || app.actor.index == 0 {
                handle.empty(app).await?;
            }
        }
        Ok(())
    }
}

impl Queues {
    fn open(&mut self, app: &mut Application) -> Result<(), String> {
        let turn = usize::try_from(app.plan.seed.0 % 7).unwrap_or(0);
        for at in self.queues.len()..app.plan.locks {
            let path = node(at);
            let (layout, claims) = KINDS
                .get((at + turn) % KINDS.len())
                .copied()
                .unwrap_or_default();
            let queue = Queue::new(&app.client, &path).map_err(|error| error.to_string())?;
            self.queues.push(Handle {
                name: app.fresh_value(),
                queue: queue.layout(layout),
                layout,
                claims,
                alone: app.plan.seed.stream(&path).percent(40),
                path,
            });
        }
        Ok(())
    }
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
    async fn put(&self, app: &mut Application) -> Option<()> {
        let item = format!("<{}>", app.fresh_value());
        let class = match self.layout {
            QueueLayout::Priority | QueueLayout::KazooLocking => {
                i32::try_from(app.rng.below(4)).unwrap_or(0)
            }
            _ => 0,
        };
        let delay = Duration::from_millis(app.rng.below(2500));
        let entry = Entry::new(item.clone());
        let entry = match self.layout {
            QueueLayout::Priority | QueueLayout::KazooLocking => entry.priority(class),
            QueueLayout::Delay => entry.due_in(delay),
            QueueLayout::Id => entry.id(item.trim_matches(['<', '>'])),
            _ => entry,
        };
        let delays = self.layout == QueueLayout::Delay;
        app.make(
            writes(Function::Put, &self.path),
            self.queue.put(entry),
            |op, history| {
                op.data = history.data(item.as_bytes());
                op.expected = Some(class);
                if delays {
                    let due = op.invoked + delay;
                    op.from = history.text(&(due.as_nanos() / 1_000_000).to_string());
                }
            },
            |_, _, _| {},
        )
        .await
        .map(drop)
    }

    /// In order, as long as there is one; those that wait for their time are ordered by the servers' clock.
    fn is_ordered(&self) -> bool {
        self.layout != QueueLayout::Delay
    }

    fn asks(&self, function: Function, limit: Duration) -> Ask<'_> {
        Ask {
            phase: Phase::Acquiring,
            call: Call::Wait,
            function,
            path: &self.path,
            limit: Some(limit),
        }
    }

    /// Takes an item, and says whether there was one.
    async fn take(&self, app: &Application, limit: Duration, tries: bool) -> Option<bool> {
        let take = async {
            if tries {
                self.queue.try_take().await
            } else {
                some(self.queue.take().timeout(limit).await)
            }
        };
        let taken = app
            .make(
                self.asks(Function::Take, limit),
                take,
                |op, history| {
                    op.recipe = history.text(&self.name);
                    op.sequential = self.is_ordered();
                },
                |op, history, item| match item {
                    Some(item) => op.reply = history.data(item.data()),
                    None => op.outcome = zk_checkers::Outcome::NotApplied,
                },
            )
            .await;
        taken.map(|item| item.is_some())
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
            path: &self.path,
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
    async fn empty(&self, app: &Application) -> Result<(), String> {
        let limit = app.ages();
        // What a call had under way when its session ended is told by the next one, as an error.
        let mut failures = 0;
        while failures < 3 {
            if self.claims {
                match self.claim(app, limit, false).await {
                    Some(Some(claimed)) => {
                        wish("a completion", self.complete(app, claimed).await)?;
                    }
                    Some(None) => return Ok(()),
                    None => failures += 1,
                }
            } else {
                match self.take(app, limit, false).await {
                    Some(true) => {}
                    Some(false) => return Ok(()),
                    None => failures += 1,
                }
            }
        }
        Err("nothing can be taken".to_owned())
    }
}
