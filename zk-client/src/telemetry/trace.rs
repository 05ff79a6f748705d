//! One request in the trace.

use tracing::field::{Empty, debug};
use tracing::{Span, trace_span};
use zk_session::Outcome;
use zk_wire::Moment;

use crate::error::OpKind;

/// The span of a request from being queued until its owner has the answer. Nothing is kept where nobody listens at TRACE.
#[derive(Debug)]
pub(crate) struct Trace(Option<Box<(Span, Moment)>>);

impl Trace {
    pub(crate) fn start(op: OpKind, path: &str, now: impl FnOnce() -> Moment) -> Self {
        let span = trace_span!(
            "zk.request",
            ?op,
            path,
            zxid = Empty,
            code = Empty,
            fate = Empty,
            us = Empty
        );
        Self((!span.is_disabled()).then(|| Box::new((span, now()))))
    }

    pub(crate) fn end(self, outcome: &Outcome, now: impl FnOnce() -> Moment) {
        let Some((span, since)) = self.0.map(|traced| *traced) else {
            return;
        };
        let us = u64::try_from((now() - since).as_micros()).unwrap_or(u64::MAX);
        span.record("us", us);
        if let Some(fate) = outcome.fate() {
            span.record("fate", debug(fate));
        }
        if let Outcome::Reply { zxid, result } = outcome {
            span.record("zxid", zxid.as_raw());
            span.record("code", result.as_ref().err().map_or(0, |code| code.raw()));
        }
    }
}
