//! Calls that are made, and written down for the checkers.

use std::future::IntoFuture;
use std::time::Duration;

use zk_checkers::{Function, History, Op, Outcome};
use zk_recipes::{Error, ErrorKind};

use super::scribe::{Call, code, failed};
use super::worker::Worker;

/// What is called, and what for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ask<'a> {
    /// As it is counted.
    pub(super) recipe: &'static str,
    pub(super) function: Function,
    pub(super) path: &'a str,
    /// By when it gives up.
    pub(super) limit: Option<Duration>,
}

impl Worker {
    /// The number of the client, as histories have it: 0 is nobody.
    pub(super) fn process(&self) -> u32 {
        u32::try_from(self.number + 1).unwrap_or(u32::MAX)
    }

    pub(super) fn begin(
        &self,
        function: Function,
        path: &str,
        fill: impl FnOnce(&mut Op, &mut History),
    ) -> Call {
        self.scribe
            .begin((self.process(), &self.zk), function, path, fill)
    }

    pub(super) fn end(
        &self,
        call: Call,
        outcome: Outcome,
        fill: impl FnOnce(&mut Op, &mut History),
    ) {
        self.scribe
            .end((self.process(), &self.zk), call, outcome, fill);
    }

    /// Makes a call: `asked` writes down what is asked for, `answered` what came of it. `None`: it failed.
    pub(super) async fn make<T>(
        &self,
        ask: Ask<'_>,
        future: impl IntoFuture<Output = Result<T, Error>>,
        asked: impl FnOnce(&mut Op, &mut History),
        answered: impl FnOnce(&mut Op, &mut History, &T),
    ) -> Option<T> {
        let call = self.begin(ask.function, ask.path, |op, history| {
            op.deadline = ask.limit.map(|limit| op.invoked + limit);
            asked(op, history);
        });
        match future.await {
            Ok(value) => {
                self.end(call, Outcome::Ok, |op, history| {
                    answered(op, history, &value);
                });
                Some(value)
            }
            Err(error) => {
                self.end(call, failed(&error), |op, _| op.error = code(&error));
                self.failed(ask.recipe, &error);
                None
            }
        }
    }
}

/// A wait that came to its end has found nothing.
pub(super) fn some<T>(waited: Result<T, Error>) -> Result<Option<T>, Error> {
    match waited {
        Ok(item) => Ok(Some(item)),
        Err(error) if error.kind() == ErrorKind::WaitTimedOut => Ok(None),
        Err(error) => Err(error),
    }
}
