//! Several mutexes at once, and one alone in between.

use std::time::Duration;

use async_trait::async_trait;
use zk_checkers::Function;
use zk_recipes::{AcquireAll, MultiLock};

use super::Application;
use super::family::Family;
use super::rw_lock::How;
use crate::paths::lock_path;
use crate::recorder::OpenCall;
use crate::schedule::{Call, Phase};

/// The workload of locks that are taken together.
pub(super) struct MultiLocks;

#[async_trait]
impl Family for MultiLocks {
    async fn work(&mut self, app: &mut Application) {
        if app.rng.percent(30) {
            return app.use_lock().await;
        }
        // Any two or more of them, in any order.
        let mut locks: Vec<usize> = (0..app.plan.locks).collect();
        let turn = app.pick(locks.len());
        locks.rotate_left(turn);
        if app.rng.percent(50) {
            locks.reverse();
        }
        locks.truncate(2 + app.pick(locks.len() - 1));
        let paths: Vec<String> = locks.iter().map(|lock| lock_path(*lock)).collect();
        let Ok(multi) = MultiLock::new(&app.client, &paths) else {
            return;
        };
        let how = How::draw(app);
        app.actor.enter(Phase::Acquiring);
        let all = multi.acquire().contender(app.name());
        let guard = match how {
            How::Tries => {
                let calls = begin(app, Function::TryAcquire, &paths, None);
                let called = app.actor.call(Call::TryAcquire, all.if_free()).await;
                app.acquired(calls, called)
            }
            How::Waits | How::Within(_) => {
                let calls = begin(app, Function::Acquire, &paths, how.limit());
                let called = app
                    .actor
                    .call(Call::Acquire, limited(all, how.limit()))
                    .await;
                app.acquired(calls, called.map(|taken| taken.map(Some)))
            }
        };
        if let Some(guard) = guard {
            app.work_with(guard).await;
        }
    }

    async fn last_wishes(&mut self, app: &mut Application) -> Result<(), String> {
        let paths: Vec<String> = (0..app.plan.locks).map(lock_path).collect();
        let multi = MultiLock::new(&app.client, &paths).map_err(|error| error.to_string())?;
        let calls = begin(app, Function::Acquire, &paths, None);
        let guard = app
            .insist_on_all(calls, multi.acquire().contender(app.name()))
            .await?;
        app.give_back_at_last(guard).await
    }
}

/// One call for each path, in the order in which they are granted, with one word for all.
fn begin(
    app: &mut Application,
    function: Function,
    paths: &[String],
    limit: Option<Duration>,
) -> Vec<OpenCall> {
    let word = format!("together {}", app.fresh_value());
    let mut paths = paths.to_vec();
    paths.sort();
    let begin = |path: &String| {
        let call = app.begin_acquire(function, path, limit);
        app.actor.recorder.amend(&call, |op, history| {
            op.together = history.text(&word);
        });
        call
    };
    paths.iter().map(begin).collect()
}

fn limited(all: AcquireAll, limit: Option<Duration>) -> AcquireAll {
    match limit {
        Some(limit) => all.timeout(limit),
        None => all,
    }
}
