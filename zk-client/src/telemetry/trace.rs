//! Single requests and frames in the trace.

use std::time::Duration;

use tracing::field::{Empty, debug};
use tracing::{Level, Span, enabled, trace, trace_span};
use zk_session::{Frame, FrameWay, Outcome};
use zk_wire::Moment;

use crate::error::OpKind;

/// When a request left, and as which. Known while somebody listens.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sent {
    pub(crate) xid: i32,
    pub(crate) at: Moment,
}

/// What a request that left spent its time with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Journey {
    pub(crate) xid: i32,
    /// From being queued to leaving.
    pub(crate) queued: Duration,
    /// From leaving to its answer.
    pub(crate) wire: Duration,
}

/// The span of a request from being queued until its owner has the answer. Nothing is kept where nobody listens at TRACE.
#[derive(Debug)]
pub(crate) struct Trace(Option<Box<(Span, Moment)>>);

impl Trace {
    pub(crate) fn start(op: OpKind, path: &str, now: impl FnOnce() -> Moment) -> Self {
        let span = trace_span!(
            "zk.request",
            ?op,
            path,
            xid = Empty,
            zxid = Empty,
            code = Empty,
            fate = Empty,
            queued_us = Empty,
            wire_us = Empty
        );
        Self((!span.is_disabled()).then(|| Box::new((span, now()))))
    }

    pub(crate) fn end(
        self,
        outcome: &Outcome,
        journey: Option<&Journey>,
        now: impl FnOnce() -> Moment,
    ) {
        let Some((span, since)) = self.0.map(|traced| *traced) else {
            return;
        };
        if let Some(journey) = journey {
            span.record("xid", journey.xid);
            span.record("queued_us", micros(journey.queued));
            span.record("wire_us", micros(journey.wire));
        } else if matches!(outcome, Outcome::Failed { .. }) {
            // It never left.
            span.record("queued_us", micros(now() - since));
        }
        if let Some(fate) = outcome.fate() {
            span.record("fate", debug(fate));
        }
        if let Outcome::Reply { zxid, result } = outcome {
            span.record("zxid", zxid.as_raw());
            span.record("code", result.as_ref().err().map_or(0, |code| code.raw()));
        }
    }
}

/// Whether anybody wants to hear of single frames and of what requests spend their time with.
pub(crate) fn is_heard() -> bool {
    enabled!(Level::TRACE)
}

/// Tells of a frame: its kind and size, never what is in it.
pub(crate) fn frame(link: &Span, frame: &Frame) {
    let (xid, len) = (frame.xid, frame.len);
    let op = frame.op.map_or("none", |op| op.name());
    match frame.way {
        FrameWay::Sent => trace!(parent: link, op, xid, len, "zookeeper frame sent"),
        FrameWay::Received => trace!(parent: link, op, xid, len, "zookeeper frame received"),
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
