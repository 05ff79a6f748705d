//! What a caller asks of the session.

use zk_wire::{AddWatchMode, CreateMode, ErrorCode, Moment, Request, WatcherKind, Zxid};

use crate::config::Credential;
use crate::connection::link::Link;
use crate::connection::timers::Timer;
use crate::event::Event;
use crate::ids::{DutyId, RequestId, WatchId};
use crate::outcome::{Abandoned, FailCause, Fate, Outcome, Rejected, Submit, Submitted, WatchKind};
use crate::promises::duty::{Duty, Known};
use crate::requests::joined::joinable;
use crate::requests::purpose::Purpose;
use crate::requests::queue::Queued;
use crate::requests::request_len::request_len;
use crate::session::{Closing, Session};
use crate::state::SessionState;

impl Session {
    /// Queues a request. It leaves after everything queued before it, on this connection or a later one.
    ///
    /// A watch is registered when the reply that sets it arrives, so that no event can come before
    /// [`Event::Done`].
    ///
    /// # Errors
    ///
    /// [`Rejected`] when the queue is full, the session over or being closed, the request too large for
    /// a frame, or its parts do not fit together. Nothing is queued then.
    pub fn submit(
        &mut self,
        now: Moment,
        request: Request,
        submit: Submit,
    ) -> Result<Submitted, Rejected> {
        self.refuse_at_the_end()?;
        check_kind(&request, submit.watch)?;
        let len = request_len(&request);
        if len > self.config.max_request {
            return Err(Rejected::TooLarge {
                len,
                max: self.config.max_request,
            });
        }
        let weight = if submit.exempt { 0 } else { self.weigh(len)? };
        if let Some(duty) = submit.duty {
            self.check_duty(duty, &request)?;
        }
        let id = RequestId::from_raw(self.request_ids.next());
        let watch = submit.watch.zip(request.path()).map(|(kind, path)| {
            let watch = WatchId::from_raw(self.watch_ids.next());
            self.watches.expect(watch, path);
            (watch, kind)
        });
        if let Some(duty) = submit.duty.and_then(|duty| self.duties.get_mut(duty)) {
            duty.known = Known::Unsent(id);
            duty.ephemeral = creates_ephemeral(&request);
        }
        let deadline = submit
            .deadline
            .or_else(|| Some(now + self.config.request_timeout?));
        if let Some(deadline) = deadline {
            self.deadlines.insert((deadline, id));
        }
        let purpose = Purpose::User {
            id,
            duty: submit.duty,
        };
        let joinable = match submit.duty {
            None if self.coalescer.is_on() => joinable(&request),
            _ => None,
        };
        self.queue.push(Queued {
            request,
            purpose,
            watch,
            deadline,
            weight,
            joinable,
            again: false,
        });
        Ok(Submitted::new(id, watch.map(|(watch, _)| watch), len))
    }

    /// Gives a request up: there will be no [`Event::Done`]. Its watch is forgotten, too, unless it was
    /// registered already.
    ///
    /// A create that belongs to a duty and is on the wire goes on: when its reply arrives the duty learns
    /// the path.
    pub fn abandon(&mut self, _now: Moment, id: RequestId) -> Abandoned {
        if let Some(queued) = self.queue.remove_user(id) {
            self.unqueue(&queued);
            return Abandoned::Unsent;
        }
        if self.orphan(id) {
            return Abandoned::InFlight;
        }
        match self.auth.abandon(id) {
            Some(true) => Abandoned::InFlight,
            Some(false) => Abandoned::Unsent,
            None => Abandoned::Settled,
        }
    }

    /// Ends a watch. Once nobody wants anything on its path, the server's side is removed as well.
    pub fn forget_watch(&mut self, _now: Moment, id: WatchId) {
        let path = self.watches.recursive_path(id);
        if let Some(path) = self.watches.forget(id) {
            self.remove_from_server(path);
        } else if let Some(path) = path {
            self.replace_recursive(&path);
        }
    }

    /// The watches on exactly this path, in the order they were asked for; those whose request is under way are among
    /// them. Whoever removes them all forgets each.
    #[must_use]
    pub fn watches_at(&self, path: &str) -> Vec<WatchId> {
        self.watches.all_at(path)
    }

    /// Adds a credential: for the current connection at once, for later ones before anything else.
    /// [`Event::Done`] tells that the server accepted it; if it refuses, the session ends.
    ///
    /// # Errors
    ///
    /// [`Rejected`] when the session is over or being closed.
    pub fn add_auth(
        &mut self,
        _now: Moment,
        credential: Credential,
    ) -> Result<RequestId, Rejected> {
        self.refuse_at_the_end()?;
        let id = RequestId::from_raw(self.request_ids.next());
        if self.auth.add(credential, id) {
            let outcome = Outcome::Reply {
                zxid: Zxid::NONE,
                result: Ok(bytes::Bytes::new()),
            };
            self.events.push_back(Event::Done { id, outcome });
        }
        Ok(id)
    }

    /// Ends the session: duties that are due first, then what is queued, then closeSession, and
    /// [`SessionState::Closed`] when the server has answered.
    ///
    /// It takes no longer than [`close_grace`](crate::SessionConfig::close_grace). Without a connection
    /// the session goes on looking for a server until then; if it finds none, the servers let the session
    /// expire by themselves.
    pub fn close(&mut self, now: Moment) {
        if self.state.is_terminal() || self.closing.is_some() {
            return;
        }
        // A handshake that has left may make a session, which then has to be closed.
        let greeted = matches!(
            self.link,
            Link::Handshake {
                presented: Some(_),
                ..
            }
        );
        if self.identity.is_none() && !greeted {
            self.end(SessionState::Closed, &FailCause::Closed);
            return;
        }
        self.closing = Some(Closing::Duties);
        self.timers
            .set(Timer::CloseGrace, now + self.config.close_grace);
        self.timers.stop(Timer::Confirm);
        self.advance_close();
    }

    /// Whether [`close`](Self::close) was called and the session goes on until it is done. What the server says of
    /// ephemeral nodes from here on is the close's own doing.
    #[must_use]
    pub fn is_closing(&self) -> bool {
        self.closing.is_some()
    }

    /// Queues closeSession when nothing has to come before it any more.
    pub(crate) fn advance_close(&mut self) {
        if self.closing == Some(Closing::Duties) && !self.duties.any_due() {
            self.closing = Some(Closing::Queued);
            self.queue
                .push(Queued::internal(Request::CloseSession, Purpose::Close));
        }
    }

    /// Tells the server that nobody wants anything on this path. Whether it knew of anything does not
    /// matter, so the answer is ignored.
    pub(crate) fn remove_from_server(&mut self, path: String) {
        // Before the connection is ready the server knows of no watch: they are registered again then.
        self.implied.unset(&path);
        if self.link.is_ready() && !self.no_remove_watches {
            let request = Request::RemoveWatches {
                path,
                kind: WatcherKind::Any,
            };
            self.queue.push(Queued::internal(request, Purpose::Unwatch));
        }
    }

    /// The deadline of a request passed.
    pub(crate) fn time_out(&mut self, id: RequestId) {
        let fate = if let Some(queued) = self.queue.remove_user(id) {
            self.unqueue(&queued);
            Fate::NotApplied
        } else if self.orphan(id) {
            Fate::Unknown
        } else {
            return;
        };
        let outcome = Outcome::Failed {
            cause: FailCause::TimedOut,
            fate,
        };
        self.events.push_back(Event::Done { id, outcome });
    }

    /// Takes the owner from a request on the wire, and says whether it had one. The slot stays: the
    /// reply has to be matched all the same.
    fn orphan(&mut self, id: RequestId) -> bool {
        if let Some(read) = self.in_flight.find_joined(id) {
            let deadline = read.deadline.take();
            if let Some(deadline) = deadline {
                self.deadlines.remove(&(deadline, id));
            }
            return !std::mem::replace(&mut read.abandoned, true);
        }
        let Some(slot) = self.in_flight.find_user(id).filter(|slot| !slot.abandoned) else {
            return false;
        };
        slot.abandoned = true;
        if let Some(deadline) = slot.deadline.take() {
            self.deadlines.remove(&(deadline, id));
        }
        if let Some(watch) = &slot.watch {
            self.watches.forget(watch.id);
        }
        true
    }

    fn refuse_at_the_end(&self) -> Result<(), Rejected> {
        if self.state.is_terminal() {
            return Err(Rejected::Terminal(self.state));
        }
        if self.closing.is_some() {
            Err(Rejected::Closing)
        } else {
            Ok(())
        }
    }

    fn weigh(&self, len: usize) -> Result<usize, Rejected> {
        // What a server accepts and does not answer counts as well, or a silent one could make us remember for ever.
        let queued = self.queue.counted() + self.in_flight.len();
        let bytes = self.queue.bytes();
        if queued >= self.config.max_queue || bytes + len > self.config.max_queue_bytes {
            return Err(Rejected::Full { queued, bytes });
        }
        Ok(len)
    }

    fn check_duty(&self, id: DutyId, request: &Request) -> Result<(), Rejected> {
        if !matches!(request, Request::Create(_)) {
            return Err(Rejected::Misuse("only a create can come with a duty"));
        }
        if self.duties.get(id).is_some_and(Duty::takes_create) {
            Ok(())
        } else {
            Err(Rejected::BadDuty(id))
        }
    }
}

/// Which table a watch lands in when the request that sets it was answered; `None` if it was not set.
pub(crate) const fn table_for(kind: WatchKind, error: Option<ErrorCode>) -> Option<WatchKind> {
    match (kind, error) {
        (WatchKind::Exist, None) => Some(WatchKind::Data),
        // Asking for a node that does not exist watches for its creation.
        (WatchKind::Exist, Some(ErrorCode::NoNode)) => Some(WatchKind::Exist),
        (kind, None) => Some(kind),
        (_, Some(_)) => None,
    }
}

fn check_kind(request: &Request, watch: Option<WatchKind>) -> Result<(), Rejected> {
    let sets = match request {
        Request::GetData { watch: true, .. } => Some(WatchKind::Data),
        Request::Exists { watch: true, .. } => Some(WatchKind::Exist),
        Request::GetChildren { watch: true, .. } | Request::GetChildren2 { watch: true, .. } => {
            Some(WatchKind::Child)
        }
        Request::AddWatch {
            mode: AddWatchMode::Persistent,
            ..
        } => Some(WatchKind::Persistent),
        Request::AddWatch { .. } => Some(WatchKind::Recursive),
        Request::Ping
        | Request::Auth { .. }
        | Request::SetWatches(_)
        | Request::RemoveWatches { .. }
        | Request::CloseSession => {
            return Err(Rejected::Misuse("the session itself sends these requests"));
        }
        _ => None,
    };
    if sets == watch {
        Ok(())
    } else {
        Err(Rejected::Misuse(
            "the watch wanted is not the one this request sets",
        ))
    }
}

fn creates_ephemeral(request: &Request) -> bool {
    let Request::Create(create) = request else {
        return false;
    };
    create.mode().is_some_and(CreateMode::is_ephemeral)
}
