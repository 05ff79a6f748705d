//! One session core on the simulated wire.

use std::time::Duration;

use bytes::BytesMut;
use zk_session::{Action, ConnId, LinkFailure, RequestId, Session, Submit, WatchId, WatchKind};
use zk_wire::{Moment, Request};

use crate::world::{LinkId, World};

/// A session and its connection; what a driver is in the library.
pub(super) struct Client {
    pub(super) session: Session,
    index: usize,
    /// How far the process's clock is ahead of the world's.
    offset: Duration,
    link: Option<(ConnId, LinkId)>,
    input: BytesMut,
    output: Vec<u8>,
}

impl Client {
    pub(super) fn new(session: Session, index: usize, offset: Duration) -> Self {
        Self {
            session,
            index,
            offset,
            link: None,
            input: BytesMut::new(),
            output: Vec::new(),
        }
    }

    /// The same process with another session.
    pub(super) fn renew(&mut self, session: Session, world: &mut World) {
        self.hang_up(world);
        self.session = session;
    }

    /// What the process's clock shows.
    pub(super) fn local(&self, now: Moment) -> Moment {
        now + self.offset
    }

    /// When the session has to be woken, in the world's time.
    pub(super) fn deadline(&self) -> Option<Moment> {
        let at = self.session.poll_timeout()?;
        Some(at - self.offset)
    }

    /// Hands the session what time and wire have brought.
    pub(super) fn arrive(&mut self, now: Moment, world: &mut World) {
        let local = self.local(now);
        if self.session.poll_timeout().is_some_and(|at| at <= local) {
            self.session.handle_timeout(local);
        }
        let Some((conn, link)) = self.link else {
            return;
        };
        let ended = world.take(link, &mut self.input);
        if !self.input.is_empty() {
            self.session.handle_bytes(local, conn, &mut self.input);
        }
        if ended {
            self.hang_up(world);
            let why = LinkFailure::new("connection reset");
            self.session.handle_disconnected(local, conn, why);
        }
    }

    /// Lets what the session wants take effect.
    pub(super) fn flush(&mut self, now: Moment, world: &mut World) {
        let local = self.local(now);
        loop {
            while let Some(action) = self.session.poll_action() {
                match action {
                    Action::Dial { conn, server, .. } => {
                        self.hang_up(world);
                        match world.connect(self.index, server.index()) {
                            Ok(link) => {
                                self.link = Some((conn, link));
                                self.session.handle_connected(local, conn);
                            }
                            Err(error) => {
                                let why = LinkFailure::new(error.to_string());
                                self.session.handle_disconnected(local, conn, why);
                            }
                        }
                    }
                    Action::Hangup { conn }
                        if self.link.is_some_and(|(current, _)| current == conn) =>
                    {
                        self.hang_up(world);
                    }
                    _ => {}
                }
            }
            self.output.clear();
            let Some(transmit) = self.session.poll_transmit(local, &mut self.output) else {
                break;
            };
            let link = self.link.filter(|(conn, _)| *conn == transmit.conn);
            let written = link.map(|(_, link)| world.write(link, &self.output));
            if let Some(Err(error)) = written {
                self.hang_up(world);
                let why = LinkFailure::new(error.to_string());
                self.session.handle_disconnected(local, transmit.conn, why);
            }
        }
    }

    /// Submits a request; `None` if the session takes none any more.
    pub(super) fn submit(
        &mut self,
        now: Moment,
        request: Request,
        submit: Submit,
    ) -> Option<RequestId> {
        let submitted = self.session.submit(self.local(now), request, submit).ok()?;
        Some(submitted.id)
    }

    /// Reads a node and watches it.
    pub(super) fn get_watched(&mut self, now: Moment, path: &str) -> Option<(RequestId, WatchId)> {
        let request = Request::GetData {
            path: path.to_owned(),
            watch: true,
        };
        let submit = Submit::new().watch(WatchKind::Data);
        let submitted = self.session.submit(self.local(now), request, submit).ok()?;
        Some((submitted.id, submitted.watch?))
    }

    /// The process is gone, and its connection with it.
    pub(super) fn hang_up(&mut self, world: &mut World) {
        if let Some((_, link)) = self.link.take() {
            world.hang_up(link);
        }
        self.input.clear();
    }
}
