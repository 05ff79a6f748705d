//! One piece of work that a caller waits for, or starts and hears of later.

use std::ffi::c_void;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;

use ::zk_client::{Client, Fate, Pending};

use crate::args::Out;
use crate::deadline::Deadline;
use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::runtime;
use crate::session::Session;

/// The work, and what is known of its effect if it is given up.
pub(crate) struct Operation {
    work: Pin<Box<dyn Future<Output = Outcome> + Send>>,
    if_given_up: Fate,
}

impl Operation {
    /// Work that changes nothing, or undoes what it did, when it is given up.
    pub(crate) fn new(work: impl Future<Output = Outcome> + Send + 'static) -> Self {
        Self {
            work: Box::pin(work),
            if_given_up: Fate::NotApplied,
        }
    }

    /// Work whose effect nobody knows when it is given up.
    pub(crate) fn uncertain(work: impl Future<Output = Outcome> + Send + 'static) -> Self {
        Self {
            if_given_up: Fate::Unknown,
            ..Self::new(work)
        }
    }

    /// Does the work while the caller waits.
    pub(crate) fn wait(self) -> Outcome {
        runtime::wait(self.work)?
    }

    /// Does the work in the background; its end goes to the completions of the session.
    pub(crate) fn start(
        self,
        session: &Arc<Session>,
        tag: *mut c_void,
        number: Out<u64>,
    ) -> Result<(), Failure> {
        let given = session
            .queue()
            .start(&runtime::handle()?, self.work, self.if_given_up, tag)?;
        number.put(given);
        Ok(())
    }
}

/// Queues a request now, so that requests leave in the order of the calls, and waits for its answer in the future
/// that is returned. An error is explained as far as the deadline allows.
pub(crate) fn request<O, T>(
    zk: &Client,
    operation: O,
    deadline: Deadline,
) -> impl Future<Output = Result<T, Failure>> + Send + use<O, T>
where
    O: IntoFuture<IntoFuture = Pending<T>, Output = Result<T, ::zk_client::Error>>,
    T: Send + 'static,
{
    let zk = zk.clone();
    let pending = operation.into_future();
    let pending = match deadline.left() {
        Some(left) => pending.timeout(left),
        None => pending,
    };
    let pending = pending.submit();
    async move {
        match pending.await {
            Ok(value) => Ok(value),
            Err(error) => {
                let explained = deadline.bound(zk.explain(error.clone())).await;
                Err(explained.unwrap_or(error).into())
            }
        }
    }
}
