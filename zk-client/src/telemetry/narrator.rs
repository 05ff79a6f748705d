//! What the client tells whoever listens with `tracing`: little, and never secrets or data.
//!
//! Events are collected while the core is locked and told afterwards, because a subscriber is foreign code.

use std::sync::Arc;
use std::time::Duration;

use tracing::{Span, debug, debug_span, info, info_span, warn};
use zk_session::{ConnId, Frame, Settlement};
use zk_wire::{Moment, SessionId};

use crate::expiry::Expiry;
use crate::state::State;
use crate::telemetry::limiter::Limiter;
use crate::telemetry::trace;
use crate::transport::ServerAddr;

/// Something to tell.
#[derive(Debug)]
pub(crate) enum Note {
    /// A connection is being opened.
    Dialling { conn: ConnId, server: ServerAddr },
    /// An attempt failed; why no server can be reached, if by now none of them could.
    Failed { outage: Option<String> },
    /// The session is in another state.
    State(Box<Stage>),
    /// A node that was to be cleaned up stays.
    NotCleaned(Settlement),
    /// A frame was sent or received.
    Frame(Frame),
}

/// The state of a session and what belongs to it.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) state: State,
    pub(crate) session: Option<SessionId>,
    pub(crate) timeout: Duration,
    pub(crate) generation: u64,
    pub(crate) server: Option<String>,
    pub(crate) expiry: Option<Arc<Expiry>>,
}

/// How often the same trouble is told.
const EVERY: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(crate) struct Narrator {
    client: Span,
    session: Option<(SessionId, Span)>,
    link: Span,
    servers: u64,
    /// Since the last connection.
    attempts: u64,
    outages: Limiter,
    returns: Limiter,
}

impl Narrator {
    pub(crate) fn new(name: &str, servers: &[ServerAddr], chroot: &str) -> Self {
        let names: Vec<String> = servers.iter().map(ToString::to_string).collect();
        let ensemble = names.join(",");
        Self {
            client: info_span!("zk.client", client = name, ensemble, chroot),
            session: None,
            link: Span::none(),
            servers: servers.len() as u64,
            attempts: 0,
            outages: Limiter::new(EVERY),
            returns: Limiter::new(EVERY),
        }
    }

    pub(crate) fn tell(&mut self, now: Moment, note: Note) {
        match note {
            Note::Dialling { conn, server } => {
                self.attempts += 1;
                let attempt = self.attempts;
                let conn = conn.as_raw();
                self.link =
                    debug_span!(parent: self.innermost(), "zk.link", conn, %server, attempt);
                debug!(parent: &self.link, "connecting to zookeeper");
            }
            Note::Failed { outage } => {
                debug!(parent: &self.link, "zookeeper connection attempt failed");
                if let Some(servers) = outage.filter(|_| self.attempts >= self.servers) {
                    if let Some(suppressed) = self.outages.speak(now) {
                        let attempts = self.attempts;
                        warn!(
                            parent: self.innermost(), servers, attempts, suppressed,
                            "no zookeeper server can be reached"
                        );
                    }
                }
            }
            Note::State(stage) => self.state(now, &stage),
            Note::Frame(frame) => trace::frame(&self.link, &frame),
            Note::NotCleaned(why) => {
                warn!(parent: self.innermost(), ?why, "zookeeper node could not be cleaned up");
            }
        }
    }

    fn state(&mut self, now: Moment, stage: &Stage) {
        let server = stage.server.as_deref().unwrap_or_default();
        match stage.state {
            State::Connecting => {}
            State::Connected { read_only, .. } => {
                self.attempts = 0;
                let id = stage.session.unwrap_or(SessionId::NONE);
                if self.session.as_ref().is_some_and(|(known, _)| *known == id) {
                    self.resumed(now, server, read_only);
                } else {
                    self.established(id, stage, server, read_only);
                }
            }
            State::Suspended { .. } => {
                debug!(parent: self.innermost(), server, "zookeeper connection lost");
            }
            State::Expired { generation } => {
                if let Some(expiry) = &stage.expiry {
                    warn!(parent: self.innermost(), generation, %expiry, "zookeeper session expired");
                }
                self.session = None;
            }
            State::AuthFailed => {
                warn!(parent: self.innermost(), server, "zookeeper refused the credentials");
            }
            State::Closed => info!(parent: self.innermost(), "zookeeper session closed"),
        }
    }

    fn established(&mut self, id: SessionId, stage: &Stage, server: &str, read_only: bool) {
        let timeout_ms = u64::try_from(stage.timeout.as_millis()).unwrap_or(u64::MAX);
        let generation = stage.generation;
        let span =
            info_span!(parent: &self.client, "zk.session", session = %id, timeout_ms, generation);
        info!(parent: &span, server, read_only, "zookeeper session established");
        self.session = Some((id, span));
    }

    /// A server that accepts and drops us again and again must not fill the log.
    fn resumed(&mut self, now: Moment, server: &str, read_only: bool) {
        match self.returns.speak(now) {
            Some(suppressed) => info!(
                parent: self.innermost(), server, read_only, suppressed,
                "zookeeper session resumed"
            ),
            None => {
                debug!(parent: self.innermost(), server, read_only, "zookeeper session resumed");
            }
        }
    }

    fn innermost(&self) -> &Span {
        self.session.as_ref().map_or(&self.client, |(_, span)| span)
    }
}
