//! Atomic numbers of both sizes, and atomic values.

use async_trait::async_trait;
use zk_checkers::{Function, Outcome};
use zk_recipes::{AtomicInt, AtomicLong, AtomicNumber, AtomicValue, Bytes, CompareAndSet, Number};

use super::bytes;
use crate::paths::node;
use crate::schedule::{Call, Phase};
use crate::workload::Application;
use crate::workload::calls::{Ask, refused, wish, writes};
use crate::workload::family::Family;

/// The workload of counters and atomic values: one handle per directory.
#[derive(Default)]
pub(in crate::workload) struct Counters {
    handles: Vec<Handle>,
}

enum Handle {
    Long(AtomicLong),
    Int(AtomicInt),
    Value(AtomicValue),
}

#[async_trait]
impl Family for Counters {
    async fn work(&mut self, app: &mut Application) {
        let Ok(()) = self.open(app) else { return };
        let at = app.pick_node();
        match self.handles.get(at) {
            Some(Handle::Long(number)) => use_number(number, app).await,
            Some(Handle::Int(number)) => use_number(number, app).await,
            Some(Handle::Value(value)) => use_value(value, app).await,
            None => {}
        }
    }

    async fn last_wishes(&mut self, app: &mut Application) -> Result<(), String> {
        self.open(app)?;
        for handle in &self.handles {
            loop {
                let made = match handle {
                    Handle::Long(number) => add(number, app, 1).await,
                    Handle::Int(number) => add(number, app, 1).await,
                    Handle::Value(value) => update(value, app).await,
                };
                if made || !app.asks_again() {
                    wish("a change", made.then_some(()))?;
                    break;
                }
            }
        }
        Ok(())
    }
}

impl Counters {
    /// Makes the handles, which live as long as the process has its client.
    fn open(&mut self, app: &Application) -> Result<(), String> {
        let turn = usize::try_from(app.plan.seed.0 % 3).unwrap_or(0);
        for at in self.handles.len()..app.plan.locks {
            let (client, path) = (&app.client, node(at));
            let handle = match (at + turn) % 3 {
                0 => AtomicLong::new(client, &path).map(Handle::Long),
                1 => AtomicInt::new(client, &path).map(Handle::Int),
                _ => AtomicValue::new(client, &path).map(Handle::Value),
            };
            self.handles
                .push(handle.map_err(|error| error.to_string())?);
        }
        Ok(())
    }
}

async fn use_number<N: Number>(number: &AtomicNumber<N>, app: &mut Application) {
    match app.rng.below(12) {
        0..5 => {
            add(number, app, 1).await;
        }
        5 => {
            add(number, app, -3).await;
        }
        6 => try_add(number, app).await,
        7 | 8 => compare_and_set(number, app).await,
        9 => {
            let Some(new) = draw(app) else { return };
            let set = number.set(new);
            app.make(
                writes(Function::Replace, number.path()),
                set,
                |op, history| {
                    op.data = history.data(&bytes(new.into()));
                },
                |_, _, ()| {},
            )
            .await;
        }
        10 => {
            let Some(new) = draw(app) else { return };
            let make = number.initialize(new);
            app.make(
                writes(Function::ReplaceIf, number.path()),
                make,
                |op, history| {
                    op.data = history.data(&bytes(new.into()));
                },
                |op, _, made| {
                    if !made {
                        op.outcome = Outcome::NotApplied;
                    }
                },
            )
            .await;
        }
        _ => {
            look(number, app).await;
        }
    }
}

/// A number that fits into both sizes, if there is one.
fn draw<N: Number>(app: &mut Application) -> Option<N> {
    let drawn = i64::try_from(app.rng.below(1 << 20)).ok()?;
    N::try_from(drawn).ok()
}

async fn add<N: Number>(number: &AtomicNumber<N>, app: &Application, delta: i64) -> bool {
    let Ok(size) = N::try_from(delta.abs()) else {
        return false;
    };
    let change = async {
        if delta < 0 {
            number.subtract(size).await
        } else {
            number.add(size).await
        }
    };
    let made = app
        .make(
            writes(Function::Change, number.path()),
            change,
            |op, history| {
                op.data = history.data(&bytes(delta));
            },
            |op, history, change| {
                op.from = history.data(&bytes(change.before.into()));
                op.reply = history.data(&bytes(change.after.into()));
            },
        )
        .await;
    made.is_some()
}

async fn try_add<N: Number>(number: &AtomicNumber<N>, app: &Application) {
    let Ok(delta) = N::try_from(7) else { return };
    app.make(
        writes(Function::Change, number.path()),
        number.try_add(delta),
        |op, history| {
            op.data = history.data(&bytes(7));
        },
        |op, history, change| match change {
            Some(change) => {
                op.from = history.data(&bytes(change.before.into()));
                op.reply = history.data(&bytes(change.after.into()));
            }
            // Somebody else was faster.
            None => op.outcome = Outcome::NotApplied,
        },
    )
    .await;
}

async fn look<N: Number>(number: &AtomicNumber<N>, app: &Application) -> Option<N> {
    app.make(
        reads(number.path()),
        number.get(),
        |_, _| {},
        |op, history, found| {
            op.reply = history.data(&bytes((*found).into()));
        },
    )
    .await
}

async fn compare_and_set<N: Number>(number: &AtomicNumber<N>, app: &mut Application) {
    let (Some(expected), Some(new)) = (look(number, app).await, draw::<N>(app)) else {
        return;
    };
    let set = number.compare_and_set(expected, new);
    app.make(
        writes(Function::ReplaceIf, number.path()),
        set,
        |op, history| {
            op.from = history.data(&bytes(expected.into()));
            op.data = history.data(&bytes(new.into()));
        },
        |op, history, ended| {
            if let CompareAndSet::Found(found) = ended {
                refused(op);
                op.reply = history.data(&bytes((*found).into()));
            }
        },
    )
    .await;
}

async fn use_value(value: &AtomicValue, app: &mut Application) {
    match app.rng.below(8) {
        0..4 => {
            update(value, app).await;
        }
        4 => {
            let new = app.fresh_value();
            let set = value.set(new.clone());
            app.make(
                writes(Function::Replace, value.path()),
                set,
                |op, history| {
                    op.data = history.data(new.as_bytes());
                },
                |_, _, ()| {},
            )
            .await;
        }
        5 => {
            let new = app.fresh_value();
            let make = value.initialize(new.clone());
            app.make(
                writes(Function::ReplaceIf, value.path()),
                make,
                |op, history| {
                    op.data = history.data(new.as_bytes());
                },
                |op, _, made| {
                    if !made {
                        op.outcome = Outcome::NotApplied;
                    }
                },
            )
            .await;
        }
        _ => {
            let get = value.get();
            let found = app
                .make(
                    reads(value.path()),
                    get,
                    |_, _| {},
                    |op, history, found| {
                        op.reply = history.data(found.as_deref().unwrap_or_default());
                    },
                )
                .await;
            let Some(Some(expected)) = found else { return };
            let new = app.fresh_value();
            let set = value.compare_and_set(&expected, new.clone());
            app.make(
                writes(Function::ReplaceIf, value.path()),
                set,
                |op, history| {
                    op.from = history.data(&expected);
                    op.data = history.data(new.as_bytes());
                },
                |op, history, ended| {
                    if let CompareAndSet::Found(found) = ended {
                        refused(op);
                        op.reply = history.data(found.as_deref().unwrap_or_default());
                    }
                },
            )
            .await;
        }
    }
}

async fn update(value: &AtomicValue, app: &mut Application) -> bool {
    let new = Bytes::from(app.fresh_value());
    let made = app
        .make(
            writes(Function::Change, value.path()),
            value.update(|_| new.clone()),
            |_, _| {},
            |op, history, ended| {
                op.from = history.data(ended.before.as_deref().unwrap_or_default());
                op.reply = history.data(&ended.after);
            },
        )
        .await;
    made.is_some()
}

fn reads(path: &str) -> Ask<'_> {
    Ask {
        phase: Phase::Reading,
        call: Call::Get,
        function: Function::Look,
        path,
        limit: None,
    }
}
