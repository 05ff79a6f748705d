//! Permits per span of time.

use std::time::Duration;

use async_trait::async_trait;
use zk_checkers::{Function, Outcome};
use zk_recipes::RateLimiter;

use super::bytes;
use crate::schedule::{Call, Phase};
use crate::workload::Application;
use crate::workload::calls::{Ask, wish};
use crate::workload::family::Family;
use crate::workload::node;

/// The workload of rate limiters: one handle per directory.
#[derive(Default)]
pub(in crate::workload) struct Limits {
    handles: Vec<(String, RateLimiter)>,
}

/// What all who share a path say of it.
struct Terms {
    permits: u32,
    per: Duration,
}

impl Terms {
    fn of(app: &Application) -> Self {
        let mut rng = app.plan.seed.stream("limit");
        Self {
            permits: u32::try_from(rng.between(4, 12)).unwrap_or(4),
            per: Duration::from_millis(rng.between(3, 15) * 100),
        }
    }
}

#[async_trait]
impl Family for Limits {
    async fn work(&mut self, app: &mut Application) {
        let at = app.pick_node();
        let Ok(()) = self.open(app) else { return };
        let Some((path, limiter)) = self.handles.get(at) else {
            return;
        };
        let tries = app.rng.percent(30);
        let count = u32::try_from(app.rng.between(1, 3)).unwrap_or(1);
        acquire((path, limiter), app, count, tries).await;
    }

    async fn last_wishes(&mut self, app: &mut Application) -> Result<(), String> {
        self.open(app)?;
        for (path, limiter) in &self.handles {
            let granted = acquire((path, limiter), app, 1, false).await;
            wish("a permit", granted.then_some(()))?;
        }
        Ok(())
    }
}

impl Limits {
    fn open(&mut self, app: &mut Application) -> Result<(), String> {
        let Terms { permits, per } = Terms::of(app);
        for at in self.handles.len()..app.plan.locks {
            let path = node(at);
            let limiter = RateLimiter::new(&app.client, &path, permits, per);
            let block = u32::try_from(app.rng.between(1, 4)).unwrap_or(1);
            let limiter = limiter.map_err(|error| error.to_string())?.block(block);
            self.handles.push((path, limiter));
        }
        Ok(())
    }
}

/// Whether so many permits were granted.
async fn acquire(
    (path, limiter): (&str, &RateLimiter),
    app: &Application,
    count: u32,
    tries: bool,
) -> bool {
    let Terms { permits, per } = Terms::of(app);
    let ask = Ask {
        phase: Phase::Acquiring,
        call: Call::Spend,
        function: Function::Spend,
        path,
        // Everybody may be in front, in window after window.
        limit: Some(app.plan.session * 2 + per * 16),
    };
    let granted = async {
        if tries {
            limiter.try_acquire(count).await
        } else {
            limiter.acquire(count).await.map(|()| true)
        }
    };
    let millis = i64::try_from(per.as_millis()).unwrap_or(0);
    let made = app
        .make(
            ask,
            granted,
            |op, history| {
                op.data = history.data(&bytes(count.into()));
                op.from = history.data(&bytes(millis));
                op.expected = i32::try_from(permits).ok();
            },
            |op, _, granted| {
                if !granted {
                    op.outcome = Outcome::NotApplied;
                }
            },
        )
        .await;
    made == Some(true)
}
