//! Numbers that are handed out once.

use async_trait::async_trait;
use zk_checkers::Function;
use zk_recipes::{AtomicLong, BlockCounter};

use super::bytes;
use crate::paths::node;
use crate::schedule::{Call, Phase};
use crate::workload::Application;
use crate::workload::calls::{Ask, wish};
use crate::workload::family::Family;

/// The workload of block counters: one handle per directory, and now and then another one.
#[derive(Default)]
pub(in crate::workload) struct Blocks {
    handles: Vec<Handle>,
}

struct Handle {
    name: String,
    path: String,
    ids: BlockCounter,
}

#[async_trait]
impl Family for Blocks {
    async fn work(&mut self, app: &mut Application) {
        let at = app.pick_node();
        if app.rng.percent(10) {
            // Whatever is left of its blocks is lost.
            self.handles.clear();
        }
        let Ok(()) = self.open(app) else { return };
        for _ in 0..app.rng.between(1, 4) {
            let Some(handle) = self.handles.get(at) else {
                return;
            };
            take(handle, app).await;
        }
    }

    async fn last_wishes(&mut self, app: &mut Application) -> Result<(), String> {
        self.open(app)?;
        for handle in &self.handles {
            let mut made = take(handle, app).await;
            while made.is_none() && app.asks_again() {
                made = take(handle, app).await;
            }
            wish("a number", made)?;
        }
        Ok(())
    }
}

impl Blocks {
    fn open(&mut self, app: &mut Application) -> Result<(), String> {
        for at in self.handles.len()..app.plan.locks {
            let path = node(at);
            let counter = AtomicLong::new(&app.client, &path);
            let ids = counter.and_then(|counter| BlockCounter::new(counter, app.rng.between(1, 5)));
            self.handles.push(Handle {
                name: app.fresh_value(),
                path,
                ids: ids.map_err(|error| error.to_string())?,
            });
        }
        Ok(())
    }
}

async fn take(handle: &Handle, app: &Application) -> Option<i64> {
    let ask = Ask {
        phase: Phase::Writing,
        call: Call::Change,
        function: Function::Next,
        path: &handle.path,
        limit: None,
    };
    app.make(
        ask,
        handle.ids.next(),
        |op, history| {
            op.recipe = history.text(&handle.name);
        },
        |op, history, taken| {
            op.reply = history.data(&bytes(*taken));
        },
    )
    .await
}
