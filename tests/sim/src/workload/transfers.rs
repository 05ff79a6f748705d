//! Transactions over several nodes: sums that move from one to another, and decisions.

use std::sync::atomic::Ordering;

use async_trait::async_trait;
use zk_checkers::{Function, Outcome};
use zk_recipes::{Bytes, Error, Stm, Tx};
use zk_wire::SessionId;

use super::Application;
use super::calls::wish;
use super::decisions::decide;
use super::family::Family;
use crate::actor::Called;
use crate::paths::node;
use crate::recorder::{OpenCall, code, failed};
use crate::schedule::{Call, Phase};

/// The workload of transactions: one handle.
#[derive(Default)]
pub(super) struct Transfers {
    stm: Option<Stm>,
}

/// How many nodes there are.
const ACCOUNTS: u64 = 4;

#[async_trait]
impl Family for Transfers {
    async fn work(&mut self, app: &mut Application) {
        if app.rng.percent(35) {
            decide(app).await;
        } else if let Some(stm) = self.open(app) {
            transfer(stm, app).await;
        }
    }

    async fn last_wishes(&mut self, app: &mut Application) -> Result<(), String> {
        let stm = self.open(app).ok_or("no transactions")?;
        loop {
            let made = transfer(stm, app).await;
            if made.is_some() || !app.asks_again() {
                wish("a transfer", made)?;
                break;
            }
        }
        // Faults that are aimed at a call may have waited for this one.
        for _ in 0..app.plan.events.len() {
            if decide(app).await.is_some() {
                return Ok(());
            }
        }
        loop {
            let made = decide(app).await;
            if made.is_some() || !app.asks_again() {
                return wish("a decision", made);
            }
        }
    }
}

impl Transfers {
    fn open(&mut self, app: &Application) -> Option<&Stm> {
        if self.stm.is_none() {
            self.stm = Stm::new(&app.client, &node(0)).ok();
        }
        self.stm.as_ref()
    }
}

/// What is in an account; a number as 8 bytes, big-endian.
fn number(data: Option<&Bytes>) -> i64 {
    let bytes = data.and_then(|data| data.as_ref().try_into().ok());
    bytes.map_or(0, i64::from_be_bytes)
}

/// Moves a sum that nobody else moves.
async fn transfer(stm: &Stm, app: &mut Application) -> Option<()> {
    let from = app.rng.below(ACCOUNTS);
    let to = (from + app.rng.between(1, ACCOUNTS - 1)) % ACCOUNTS;
    let paths = [from, to].map(|account| format!("/registers/account-{account}"));
    let sum = i64::try_from(app.rng.between(1, 1 << 40)).unwrap_or(1);
    let together = app.fresh_value();
    app.actor.enter(Phase::Writing);
    let session = app.session();
    let limit = app.plan.session * 2;
    let mut calls: Vec<OpenCall> = Vec::new();
    for (path, delta) in paths.iter().zip([-sum, sum]) {
        let recorder = &app.actor.recorder;
        let call = recorder.begin(app.process(), Function::Change, path, |op, history| {
            op.session = session;
            op.deadline = Some(op.invoked + limit);
            op.data = history.data(&delta.to_be_bytes());
            op.together = history.text(&together);
        });
        calls.push(call);
    }
    let run = stm.run(|tx: Tx| {
        let [one, other] = paths.clone();
        async move {
            let (before, beside) = (tx.get(&one).await?, tx.get(&other).await?);
            let after = number(before.as_ref()).saturating_sub(sum);
            let more = number(beside.as_ref()).saturating_add(sum);
            tx.put(&one, after.to_be_bytes().to_vec()).await?;
            tx.put(&other, more.to_be_bytes().to_vec()).await?;
            Ok::<_, Error>([(before, after), (beside, more)])
        }
    });
    let called = app.actor.call(Call::Change, run).await;
    let on = if app.session() == session {
        session
    } else {
        SessionId::NONE
    };
    let lost =
        matches!(&called, Called::Returned(Err(error), _) if failed(error) == Outcome::Unknown);
    app.undecided.store(lost, Ordering::Relaxed);
    match called {
        Called::Returned(Ok(changes), polls) => {
            for (call, (before, after)) in calls.into_iter().zip(changes) {
                call.end(polls, Outcome::Ok, |op, history| {
                    op.session = on;
                    op.from = history.data(before.as_deref().unwrap_or_default());
                    op.reply = history.data(&after.to_be_bytes());
                });
            }
            Some(())
        }
        Called::Returned(Err(error), polls) => {
            for call in calls {
                call.end(polls, failed(&error), |op, _| {
                    op.session = on;
                    op.error = code(&error);
                });
            }
            None
        }
        Called::Dropped(polls) => {
            for call in calls {
                call.end(polls, Outcome::Cancelled, |_, _| {});
            }
            None
        }
    }
}
