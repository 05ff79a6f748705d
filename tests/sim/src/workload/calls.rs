//! Calls of recipes that hold nothing: made, and written down.

use std::future::IntoFuture;
use std::sync::atomic::Ordering;
use std::time::Duration;

use zk_checkers::{Function, History, Op, Outcome};
use zk_client::Error;
use zk_wire::SessionId;

use super::Application;
use crate::actor::Called;
use crate::recorder::{OpenCall, code, failed};
use crate::schedule::{Call, Phase};

/// What is called, and what for.
pub(super) struct Ask<'a> {
    pub(super) phase: Phase,
    pub(super) call: Call,
    pub(super) function: Function,
    pub(super) path: &'a str,
    /// By when it is to be over; `None`: as long as a request may take.
    pub(super) limit: Option<Duration>,
}

/// A change of what is at `path`.
pub(super) const fn writes(function: Function, path: &str) -> Ask<'_> {
    Ask {
        phase: Phase::Writing,
        call: Call::Change,
        function,
        path,
        limit: None,
    }
}

impl Application {
    /// Makes a call: `asked` writes down what is asked for, `answered` what came of it. `None`: there is no answer.
    pub(super) async fn make<T>(
        &self,
        ask: Ask<'_>,
        future: impl IntoFuture<Output = Result<T, Error>>,
        asked: impl FnOnce(&mut Op, &mut History),
        answered: impl FnOnce(&mut Op, &mut History, &T),
    ) -> Option<T> {
        let (mut asked, mut answered) = (Some(asked), Some(answered));
        self.make_each(
            ask,
            1,
            future,
            |_, op, history| {
                if let Some(asked) = asked.take() {
                    asked(op, history);
                }
            },
            |op, history, value| {
                if let Some(answered) = answered.take() {
                    answered(op, history, value);
                }
            },
        )
        .await
    }

    /// The same of a call that is about `count` things, each of which is written down as a call.
    pub(super) async fn make_each<T>(
        &self,
        ask: Ask<'_>,
        count: usize,
        future: impl IntoFuture<Output = Result<T, Error>>,
        mut asked: impl FnMut(usize, &mut Op, &mut History),
        mut answered: impl FnMut(&mut Op, &mut History, &T),
    ) -> Option<T> {
        self.actor.enter(ask.phase);
        let session = self.session();
        let limit = ask.limit.unwrap_or(self.plan.session * 2);
        let recorder = &self.actor.recorder;
        let mut calls: Vec<OpenCall> = Vec::with_capacity(count);
        for number in 0..count {
            let call = recorder.begin(self.process(), ask.function, ask.path, |op, history| {
                op.session = session;
                op.deadline = Some(op.invoked + limit);
                asked(number, op, history);
            });
            calls.push(call);
        }
        let called = self.actor.call(ask.call, future).await;
        let current = self.session();
        // Which of two sessions answered nobody knows; what is answered without asking a server is no session's.
        let cached = matches!(ask.function, Function::Next | Function::Spend);
        let on = |op: &mut Op| {
            if cached || session != current {
                op.session = SessionId::NONE;
            }
        };
        let lost =
            matches!(&called, Called::Returned(Err(error), _) if failed(error) == Outcome::Unknown);
        self.undecided.store(lost, Ordering::Relaxed);
        for call in calls {
            match &called {
                Called::Returned(Ok(value), polls) => {
                    call.end(*polls, Outcome::Ok, |op, history| {
                        on(op);
                        answered(op, history, value);
                    });
                }
                Called::Returned(Err(error), polls) => {
                    call.end(*polls, failed(error), |op, _| {
                        on(op);
                        op.error = code(error);
                    });
                }
                Called::Dropped(polls) => call.end(*polls, Outcome::Cancelled, |_, _| {}),
            }
        }
        match called {
            Called::Returned(Ok(value), _) => Some(value),
            _ => None,
        }
    }

    /// The first of the plan's directories more often than the others: somebody has to meet.
    pub(super) fn pick_node(&mut self) -> usize {
        if self.rng.percent(60) {
            0
        } else {
            self.pick(self.plan.locks)
        }
    }

    /// Longer than anything may take once everything was healed.
    pub(super) fn ages(&self) -> Duration {
        let plan = &self.plan;
        plan.session * 2 + plan.tick * 8 + plan.round_trip() * 60 + Duration::from_secs(4)
    }
}

/// Something else was found than the call asked for.
pub(super) fn refused(op: &mut Op) {
    op.outcome = Outcome::NotApplied;
    op.error = zk_wire::ErrorCode::BadVersion.raw();
}

/// What has to succeed once everything was healed.
///
/// # Errors
///
/// If it did not.
pub(super) fn wish<T>(what: &str, made: Option<T>) -> Result<T, String> {
    made.ok_or_else(|| format!("{what} failed"))
}
