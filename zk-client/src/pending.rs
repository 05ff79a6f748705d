//! The future of every operation.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use zk_session::{
    DutyId, FailCause, Fate, Outcome, Rejected, SessionState, Submit, WatchId, WatchKind,
};
use zk_wire::{Chroot, DecodeError, ErrorCode, Moment, OpCode, Reader, Request, Response, Zxid};

use crate::error::{Asked, Error, ErrorKind, OpKind};
use crate::explain::{explain, is_explained};
use crate::node::Fence;
use crate::shared::queues::{QueueId, Route, WatchTag};
use crate::shared::raw::RawCall;
use crate::shared::scope::Scope;
use crate::telemetry::trace::Trace;
use crate::unreachable::outage;
use crate::watch::{Watch, WatchSet};

/// An operation on its way: queued by `.submit()`, or at the first poll of an operation that is awaited.
///
/// # Errors
///
/// As the operation that made it.
///
/// # Cancel safety
///
/// Uncertain for a write, inert for a read, as the operation that made it. A request that was not written to the
/// socket yet is taken out of the queue.
///
/// # Ordering
///
/// The requests of a client are answered in the order in which they were queued.
///
/// # On session events
///
/// While suspended an unsent request waits; a sent one fails with `ConnectionLost`, except a read, which is
/// asked again. After an expiry everything fails with `SessionExpired`.
#[must_use = "an operation does nothing until it is awaited or submitted"]
pub struct Pending<T> {
    scope: Scope,
    plan: Plan<T>,
    /// Set when the request is first queued; asking again does not extend it.
    deadline: Option<Option<Moment>>,
    stage: Stage,
}

/// What to send and how to read the answer.
pub(crate) struct Plan<T> {
    pub(crate) op: OpKind,
    pub(crate) path: String,
    pub(crate) request: Result<Request, Error>,
    pub(crate) watch: Option<(WatchKind, WatchTarget)>,
    pub(crate) duty: Option<(u64, DutyId)>,
    /// The only session that it may be sent in.
    pub(crate) generation: Option<u64>,
    /// Asked again when the answer was lost: set for reads, which change nothing.
    pub(crate) repeatable: bool,
    /// The holds whose checks a multi starts with.
    pub(crate) fences: Vec<Fence>,
    /// The operations of a multi behind those checks, to name the one that failed.
    pub(crate) parts: Vec<(OpCode, String)>,
    pub(crate) decode: fn(Answer<'_>) -> Result<T, Refusal>,
}

/// Where the events of a requested watch go.
#[derive(Debug, Clone, Copy)]
pub(crate) enum WatchTarget {
    /// A set of its own.
    Own,
    /// A set of its own whose events name nodes as the servers do, whatever the chroot.
    OwnOfServers,
    /// A queue of the caller.
    Set(QueueId),
}

/// The answer to decode.
pub(crate) struct Answer<'a> {
    pub(crate) scope: &'a Scope,
    pub(crate) op: OpCode,
    pub(crate) zxid: Zxid,
    pub(crate) fences: &'a [Fence],
    pub(crate) parts: &'a [(OpCode, String)],
    pub(crate) result: Result<Bytes, ErrorCode>,
    pub(crate) registered: Registered,
}

/// The watch that the request asked for.
#[derive(Debug)]
pub(crate) enum Registered {
    Nothing,
    Watch(Watch),
    Tag(WatchTag),
}

/// Why an answer is not a result.
#[derive(Debug)]
pub(crate) enum Refusal {
    Code(ErrorCode),
    Malformed(DecodeError),
    Error(Error),
}

impl Answer<'_> {
    /// The decoded body of a successful answer.
    pub(crate) fn response(&mut self) -> Result<Response, Refusal> {
        let body = std::mem::replace(&mut self.result, Ok(Bytes::new())).map_err(Refusal::Code)?;
        Response::decode(self.op, &mut Reader::new(body)).map_err(Refusal::Malformed)
    }
}

impl Refusal {
    /// The server sent another body than the operation has.
    pub(crate) fn unexpected() -> Self {
        Self::Error(Error::new(
            ErrorKind::Bug,
            "the answer was decoded as another operation's",
        ))
    }
}

enum Stage {
    Planned,
    Sent {
        call: RawCall,
        asked: Asked,
        registered: Registered,
        trace: Trace,
    },
    Failed(Error),
    Explaining(Pin<Box<dyn Future<Output = Error> + Send>>),
    Done,
}

impl<T> Pending<T> {
    pub(crate) fn new(scope: Scope, plan: Plan<T>) -> Self {
        Self {
            scope,
            plan,
            deadline: None,
            stage: Stage::Planned,
        }
    }

    /// Queues the request now, unless it is queued already.
    pub fn submit(mut self) -> Self {
        if matches!(self.stage, Stage::Planned) {
            self.send();
        }
        self
    }

    /// Sets how long the request may take from being queued to its answer, instead of the client's request timeout.
    /// Without effect once it is queued.
    pub fn timeout(mut self, limit: Duration) -> Self {
        if matches!(self.stage, Stage::Planned) {
            let now = self.scope.shared().clock.now();
            self.deadline = Some(Some(now + limit));
        }
        self
    }

    /// As [`timeout`](Self::timeout), by a moment.
    pub(crate) fn until(mut self, deadline: Option<Moment>) -> Self {
        if matches!(self.stage, Stage::Planned) {
            self.deadline = Some(deadline);
        }
        self
    }

    fn send(&mut self) {
        let last = !self.plan.repeatable;
        let placeholder = || Error::new(ErrorKind::Bug, "the request was sent already");
        let request = match &mut self.plan.request {
            Ok(request) if !last => Ok(request.clone()),
            request => std::mem::replace(request, Err(placeholder())),
        };
        self.stage = match request {
            Err(error) => Stage::Failed(error.about(self.plan.op, &self.plan.path)),
            Ok(request) => {
                let mut asked = Asked::new(&request);
                match self.queue(request) {
                    Ok((call, registered, len)) => {
                        asked.len = len;
                        let now = || self.scope.shared().clock.now();
                        Stage::Sent {
                            call,
                            asked,
                            registered,
                            trace: Trace::start(self.plan.op, &self.plan.path, now),
                        }
                    }
                    Err(rejected) => Stage::Failed(self.origin(Error::from_rejection(
                        &rejected,
                        self.plan.op,
                        &self.plan.path,
                    ))),
                }
            }
        };
    }

    fn queue(&mut self, request: Request) -> Result<(RawCall, Registered, usize), Rejected> {
        let shared = self.scope.shared();
        let deadline = *self.deadline.get_or_insert_with(|| self.scope.deadline());
        let target = self.plan.watch.map(|(_, target)| target);
        let own = match target {
            Some(WatchTarget::Own) => {
                Some(WatchSet::new(shared.clone(), self.scope.chroot().clone()))
            }
            Some(WatchTarget::OwnOfServers) => {
                Some(WatchSet::new(shared.clone(), Chroot::default()))
            }
            Some(WatchTarget::Set(_)) | None => None,
        };
        let kind = self.plan.watch.map(|(kind, _)| kind);
        let one_shot = !matches!(kind, Some(WatchKind::Persistent | WatchKind::Recursive));
        let mut options = Submit::new();
        options.watch = kind;
        options.deadline = deadline;
        let queue = match target {
            Some(WatchTarget::Set(queue)) => Some(queue),
            _ => own.as_ref().map(WatchSet::queue),
        };
        let accepted = shared.with(|inner, now| {
            let generation = self.plan.generation;
            if generation.is_some_and(|generation| generation != inner.generation) {
                return Err(Rejected::Terminal(SessionState::Expired));
            }
            let duty = self.plan.duty;
            let duty = duty
                .filter(|(generation, _)| *generation == inner.generation)
                .map(|(_, d)| d);
            if self.plan.duty.is_some() && duty.is_none() {
                return Err(Rejected::Terminal(SessionState::Expired));
            }
            options.duty = duty;
            let accepted = inner.submit(now, request, options)?;
            if let Some(id) = accepted.watch {
                inner.queues.route(
                    id,
                    Route {
                        queue,
                        claim: None,
                        one_shot,
                    },
                );
            }
            Ok(accepted)
        })?;
        let registered = registered(target, own, accepted.watch, one_shot);
        Ok((RawCall::waiting(shared, accepted), registered, accepted.len))
    }

    /// The error as its caller has to read it: where it comes from, and what it means for a hold that fences it.
    fn origin(&self, error: Error) -> Error {
        let error = self.placed(error);
        // A hold never outlives its session.
        if !self.plan.fences.is_empty() && error.kind() == ErrorKind::SessionExpired {
            match self.plan.fences.as_slice() {
                [fence] => error.of_lost_hold(fence.hold.clone()),
                _ => error.of_lost_hold(None),
            }
        } else {
            error
        }
    }

    fn placed(&self, error: Error) -> Error {
        let shared = self.scope.shared();
        let inner = shared.lock();
        let server = shared.server_name(&inner);
        match (error.kind(), &inner.expiry) {
            // The session at hand may be the next one already.
            (ErrorKind::SessionExpired, Some(expiry)) => {
                let expiry = Arc::clone(expiry);
                drop(inner);
                error
                    .because_expired(&expiry)
                    .with_origin(server, Some(expiry.session))
            }
            (ErrorKind::AuthFailed, _) if inner.core.state() == SessionState::AuthFailed => {
                let why = inner.core.auth_failure();
                let refusal = shared.identity.refusal(why, server.as_deref());
                error
                    .because(&refusal.text)
                    .with_origin(server, inner.core.session_id())
            }
            (kind, _) if kind == ErrorKind::TimedOut || never_left(&error) => {
                let error = error.with_origin(server, inner.core.session_id());
                match outage(shared, &inner) {
                    Some(outage) => error.with_hint(outage),
                    None => error,
                }
            }
            _ => error.with_origin(server, inner.core.session_id()),
        }
    }

    fn fail(&mut self, error: Error) -> Stage {
        let error = self.origin(error);
        if self.scope.explains() && is_explained(error.kind()) {
            Stage::Explaining(Box::pin(explain(self.scope.clone(), error)))
        } else {
            Stage::Failed(error)
        }
    }

    fn answered(&mut self, outcome: Outcome, asked: Asked, registered: Registered) -> Option<T> {
        let (kind, path) = (self.plan.op, &self.plan.path);
        let tag = match &registered {
            Registered::Tag(tag) => Some(*tag),
            _ => None,
        };
        let error = match outcome {
            Outcome::Reply { zxid, result } => {
                let answer = Answer {
                    scope: &self.scope,
                    op: asked.code,
                    zxid,
                    fences: &self.plan.fences,
                    parts: &self.plan.parts,
                    result,
                    registered,
                };
                match (self.plan.decode)(answer) {
                    Ok(value) => return Some(value),
                    Err(Refusal::Code(code)) => Error::from_code(code, kind, path, asked),
                    Err(Refusal::Error(error)) => error.about(kind, path),
                    Err(Refusal::Malformed(error)) => Error::malformed(error, kind, path),
                }
            }
            Outcome::Failed {
                cause: FailCause::ConnectionLost,
                fate: Fate::Unknown,
            } if self.plan.repeatable => {
                self.unregister(tag);
                drop(registered);
                self.send();
                return None;
            }
            Outcome::Failed { cause, fate } => Error::from_failure(&cause, fate, kind, path, asked),
        };
        self.unregister(tag);
        self.stage = self.fail(error);
        None
    }

    /// A watch of a set that was not set: the set must not keep a place for each.
    fn unregister(&self, tag: Option<WatchTag>) {
        if let Some(tag) = tag {
            self.scope.shared().with(|inner, now| {
                if inner.queues.unroute(tag.0) {
                    inner.core.forget_watch(now, tag.0);
                }
            });
        }
    }
}

/// Whether it waited for a connection in vain.
fn never_left(error: &Error) -> bool {
    error.kind() == ErrorKind::ConnectionLost && error.fate() == Fate::NotApplied
}

fn registered(
    target: Option<WatchTarget>,
    own: Option<WatchSet>,
    id: Option<WatchId>,
    one_shot: bool,
) -> Registered {
    match (target, own, id) {
        (Some(WatchTarget::Own | WatchTarget::OwnOfServers), Some(set), _) => {
            Registered::Watch(Watch::new(set, one_shot))
        }
        (Some(WatchTarget::Set(_)), _, Some(id)) => Registered::Tag(WatchTag(id)),
        _ => Registered::Nothing,
    }
}

impl<T> Future for Pending<T> {
    type Output = Result<T, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            match &mut self.stage {
                Stage::Planned => self.send(),
                Stage::Sent { call, .. } => {
                    let outcome = std::task::ready!(Pin::new(call).poll(cx));
                    if let Stage::Sent {
                        call,
                        asked,
                        registered,
                        trace,
                    } = std::mem::replace(&mut self.stage, Stage::Done)
                    {
                        trace.end(&outcome, call.journey(), || self.scope.shared().clock.now());
                        if let Some(value) = self.answered(outcome, asked, registered) {
                            return Poll::Ready(Ok(value));
                        }
                    }
                }
                Stage::Explaining(explaining) => {
                    let error = std::task::ready!(explaining.as_mut().poll(cx));
                    self.stage = Stage::Failed(error);
                }
                Stage::Failed(_) => {
                    if let Stage::Failed(error) = std::mem::replace(&mut self.stage, Stage::Done) {
                        return Poll::Ready(Err(error));
                    }
                }
                // Polled after completion, which Future leaves open: stay pending rather than panic.
                Stage::Done => return Poll::Pending,
            }
        }
    }
}

impl<T> Unpin for Pending<T> {}

impl<T> fmt::Debug for Pending<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending")
            .field("op", &self.plan.op)
            .field("path", &self.plan.path)
            .finish_non_exhaustive()
    }
}
