//! Latches that open when they were counted down.

use std::future::IntoFuture;
use std::time::Duration;

use async_trait::async_trait;
use zk_checkers::Function;
use zk_recipes::CountDownLatch;

use crate::paths::node;
use crate::schedule::{Call, Phase};
use crate::workload::Application;
use crate::workload::calls::{Ask, wish};
use crate::workload::family::Family;

/// The workload of latches: one handle per directory.
#[derive(Default)]
pub(in crate::workload) struct Latches {
    latches: Vec<Latch>,
}

struct Latch {
    path: String,
    count: u16,
    latch: CountDownLatch,
}

#[async_trait]
impl Family for Latches {
    async fn work(&mut self, app: &mut Application) {
        let Ok(()) = self.open(app) else { return };
        let at = app.pick(app.plan.locks);
        let Some(latch) = self.latches.get(at) else {
            return;
        };
        match app.rng.below(10) {
            0..6 => {
                latch.count_down(app).await;
            }
            // As long as it takes: in the end somebody who does not wait so counts for all.
            6 if app.actor.index > 0 => {
                latch.wait(app, None).await;
            }
            _ => {
                let limit = Duration::from_millis(app.rng.between(5, 3000));
                latch.wait(app, Some(limit)).await;
            }
        }
    }

    async fn last_wishes(&mut self, app: &mut Application) -> Result<(), String> {
        self.open(app)?;
        for latch in &self.latches {
            loop {
                let left = latch.count_down(app).await;
                if left.is_none() && app.asks_again() {
                    continue;
                }
                if wish("a count", left)? == 0 {
                    break;
                }
            }
            wish("a wait", latch.wait(app, None).await)?;
        }
        Ok(())
    }
}

impl Latches {
    /// The first latches open early, the last one may not before the end.
    fn open(&mut self, app: &Application) -> Result<(), String> {
        for at in self.latches.len()..app.plan.locks {
            let path = node(at);
            let mut rng = app.plan.seed.stream(&path);
            let count = u16::try_from(rng.between(1, 8 << (2 * at))).unwrap_or(1);
            let latch = CountDownLatch::new(&app.client, &path, count);
            self.latches.push(Latch {
                path,
                count,
                latch: latch.map_err(|error| error.to_string())?,
            });
        }
        Ok(())
    }
}

impl Latch {
    async fn count_down(&self, app: &Application) -> Option<i32> {
        let ask = Ask {
            phase: Phase::Writing,
            call: Call::Change,
            function: Function::CountDown,
            path: &self.path,
            limit: None,
        };
        app.make(
            ask,
            self.latch.count_down(),
            |op, history| {
                op.data = history.data(&i64::from(self.count).to_be_bytes());
            },
            |op, history, left| {
                op.reply = history.data(&left.to_be_bytes());
            },
        )
        .await
    }

    async fn wait(&self, app: &Application, limit: Option<Duration>) -> Option<()> {
        let wait = match limit {
            Some(limit) => self.latch.wait().timeout(limit),
            None => self.latch.wait(),
        };
        let ask = Ask {
            phase: Phase::Watching,
            call: Call::Wait,
            function: Function::AwaitZero,
            path: &self.path,
            limit: Some(limit.unwrap_or_else(|| app.plan.span + app.ages())),
        };
        app.make(ask, wait.into_future(), |_, _| {}, |_, _, ()| {})
            .await
    }
}
