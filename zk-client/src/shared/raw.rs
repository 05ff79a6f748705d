//! One submitted request as a future of the core's outcome.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use zk_session::{Outcome, Rejected, Submit};
use zk_wire::Request;

use crate::shared::handle::Shared;
use crate::shared::inner::{Accepted, RequestKey};
use crate::telemetry::trace::Journey;

/// Waits for one request; dropped early, it takes the request out of the queue or discards the answer.
#[derive(Debug)]
pub(crate) struct RawCall {
    shared: Arc<Shared>,
    key: Option<RequestKey>,
    journey: Option<Box<Journey>>,
}

impl RawCall {
    /// Queues `request` and the future of its outcome.
    pub(crate) fn submit(
        shared: &Arc<Shared>,
        request: Request,
        options: Submit,
    ) -> Result<Self, Rejected> {
        let accepted = shared.submit(request, options)?;
        Ok(Self::waiting(shared, accepted))
    }

    /// The future of a request that is queued already.
    pub(crate) fn waiting(shared: &Arc<Shared>, accepted: Accepted) -> Self {
        Self {
            shared: Arc::clone(shared),
            key: Some(accepted.key),
            journey: None,
        }
    }

    /// What the request spent its time with, once it is answered and if somebody listens.
    pub(crate) fn journey(&self) -> Option<&Journey> {
        self.journey.as_deref()
    }
}

impl Future for RawCall {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        let Some(key) = self.key else {
            return Poll::Pending;
        };
        let (outcome, journey) = std::task::ready!(self.shared.poll_outcome(key, cx));
        self.key = None;
        self.journey = journey;
        Poll::Ready(outcome)
    }
}

impl Drop for RawCall {
    fn drop(&mut self) {
        if let Some(key) = self.key.take() {
            self.shared.abandon(key);
        }
    }
}
