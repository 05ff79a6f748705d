//! Everything outside the processes: the wire, the servers, and the time in which both happen.
//!
//! No runtime, no clock: the harnesses say what time it is.

mod armed;
mod frames;
mod late;
mod lengths;
mod link;
mod seen;
mod servers;
mod trace;

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::task::{Poll, Waker};
use std::time::Duration;

use bytes::{Buf as _, BytesMut};
use zk_embedded::{ConnKey, Witnessed};
use zk_wire::{Moment, OpCode, SessionId, Zxid};

pub use armed::{Armed, Point, Reach};
pub use frames::Frame;
pub use lengths::Lengths;
pub use link::LinkId;
pub use seen::Seen;
pub use servers::{SELDOM, Servers, ServersConfig};
pub use trace::Trace;

use crate::schedule::{Action, Direction};
use crate::seed::Rng;
use late::Late;
use link::{Delivery, Link};
use seen::Reads;

/// What went over the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Requests, handshakes and pings.
    pub to_server: u64,
    /// Replies and events.
    pub to_client: u64,
    /// Connections made.
    pub connections: u64,
}

/// Situations that a campaign has to have been in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Met {
    /// Creates that took effect and whose connection was cut instead of an answer.
    pub cuts_after_create: u64,
    /// Connections to a server that was behind the others.
    pub reconnected_behind: u64,
    /// Lists of a lock's children that were asked of a server on which a dead session's node was still there.
    pub lingering_seen: u64,
    /// Requests that were carried out although a later one of their session had been answered.
    pub late: u64,
}

/// The way between one process and the servers.
#[derive(Clone, Debug, Default)]
struct Route {
    refuses: bool,
    delay: Duration,
    /// Bytes per second, if they are few.
    drip: Option<u64>,
}

/// A fault that was armed has struck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Struck {
    /// Which.
    pub event: usize,
    /// The process whose frame it was.
    pub process: usize,
}

/// The wire and the servers.
#[derive(Debug)]
pub struct World {
    now: Moment,
    /// The servers, for the director's faults and the questions of checks.
    pub servers: Servers,
    links: BTreeMap<LinkId, Link>,
    by_key: BTreeMap<ConnKey, LinkId>,
    wire: BTreeMap<(Moment, u64), (LinkId, Delivery)>,
    sequence: u64,
    last_link: u64,
    routes: Vec<Route>,
    late: Late,
    seen: Vec<Seen>,
    reads: Vec<Reads>,
    latency: Duration,
    jitter: Duration,
    rng: Rng,
    /// Faults that wait for a frame.
    pub armed: Armed,
    struck: VecDeque<Struck>,
    wakers: Vec<Waker>,
    /// What went over the wire.
    pub counters: Counters,
    /// How long each frame was.
    pub lengths: Lengths,
    /// The fingerprint of everything that arrived.
    pub trace: Trace,
    /// What has been met.
    pub met: Met,
    scratch: Vec<u8>,
}

/// Whether a list of children is among the requests, of which the first is looked at alone.
fn asks_children(bytes: &[u8]) -> bool {
    let op = bytes.get(8..12).and_then(|op| op.try_into().ok());
    let op = op.map(i32::from_be_bytes).and_then(OpCode::from_raw);
    op == Some(OpCode::GetChildren)
}

impl World {
    /// A wire between `processes` and `servers`.
    #[must_use]
    pub fn new(
        servers: Servers,
        processes: usize,
        latency: Duration,
        jitter: Duration,
        rng: Rng,
    ) -> Self {
        Self {
            now: Moment::ZERO,
            servers,
            links: BTreeMap::new(),
            by_key: BTreeMap::new(),
            wire: BTreeMap::new(),
            sequence: 0,
            last_link: 0,
            routes: vec![Route::default(); processes],
            late: Late::default(),
            seen: vec![Seen::default(); processes],
            reads: (0..processes).map(|_| Reads::default()).collect(),
            latency,
            jitter,
            rng,
            armed: Armed::default(),
            struck: VecDeque::new(),
            wakers: Vec::new(),
            counters: Counters::default(),
            lengths: Lengths::default(),
            trace: Trace::default(),
            met: Met::default(),
            scratch: Vec::new(),
        }
    }

    /// The time up to which everything has happened.
    #[must_use]
    pub const fn now(&self) -> Moment {
        self.now
    }

    /// When something happens next.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Moment> {
        let wire = self.wire.keys().next().map(|(at, _)| *at);
        wire.into_iter().chain(self.servers.poll_timeout()).min()
    }

    /// Lets everything happen that happens until `now`, in its order.
    pub fn advance(&mut self, now: Moment) {
        while let Some(at) = self.next_deadline().filter(|at| *at <= now) {
            self.now = self.now.max(at);
            let delivery = self.wire.first_entry().filter(|entry| entry.key().0 <= at);
            match delivery.map(|entry| entry.remove()) {
                Some((link, delivery)) => self.arrive(link, delivery),
                None => self.servers.handle_timeout(self.now),
            }
            self.pump();
        }
        self.now = self.now.max(now);
    }

    /// A process connects to a server.
    ///
    /// # Errors
    ///
    /// If connections are refused.
    pub fn connect(&mut self, process: usize, server: usize) -> io::Result<LinkId> {
        let server = self.late.leads(process, server);
        let refused = self.routes.get(process).is_none_or(|route| route.refuses);
        if refused || !self.servers.accepts(server) {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        let key = self.servers.accept(self.now, server);
        self.last_link += 1;
        self.counters.connections += 1;
        let id = LinkId(self.last_link);
        self.met.reconnected_behind += u64::from(self.servers.is_behind(server));
        self.links.insert(id, Link::new(process, server, key));
        self.by_key.insert(key, id);
        self.late.dialled(process, id);
        self.pump();
        Ok(id)
    }

    /// A process writes.
    ///
    /// # Errors
    ///
    /// If the connection is gone.
    pub fn write(&mut self, id: LinkId, bytes: &[u8]) -> io::Result<()> {
        let Some(link) = self.links.get_mut(&id).filter(|link| link.is_open()) else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        if link.broken {
            return Ok(());
        }
        let process = link.process;
        let mut begin = 0;
        let frames = link.up.frames.split(bytes, link.up.first);
        for frame in &frames {
            let mut paths = frame.reads_in(bytes);
            paths.retain(|path| path.starts_with("/registers/"));
            if let Some(xid) = frame.xid_in(bytes).filter(|_| !paths.is_empty()) {
                link.replies.asks(xid, paths);
            }
        }
        for frame in frames {
            self.counters.to_server += 1;
            self.lengths.add(Direction::ToServer, &frame);
            let point = Point {
                way: Direction::ToServer,
                process,
                frame: &frame,
                bytes,
                nth: self.counters.to_server,
            };
            if let Some((event, action)) = self.armed.strike(&point) {
                self.struck.push_back(Struck { event, process });
                if self.cut(id, Direction::ToServer, action, &frame, bytes, &mut begin) {
                    return Ok(());
                }
            }
        }
        if let Some(link) = self.links.get_mut(&id) {
            link.up.first = false;
        }
        self.send(
            id,
            Direction::ToServer,
            bytes.get(begin..).unwrap_or_default(),
        );
        Ok(())
    }

    /// A process reads what has arrived; `Ready(0)` is the end.
    pub fn read(
        &mut self,
        id: LinkId,
        into: &mut impl bytes::BufMut,
        waker: &Waker,
    ) -> Poll<usize> {
        let Some(link) = self.links.get_mut(&id) else {
            return Poll::Ready(0);
        };
        if link.inbox.is_empty() {
            if link.ended {
                return Poll::Ready(0);
            }
            link.reader = Some(waker.clone());
            return Poll::Pending;
        }
        let len = link.inbox.len().min(into.remaining_mut());
        let read = link.inbox.get(..len).unwrap_or_default();
        let process = link.process;
        if let (Some(seen), Some(reads)) = (self.seen.get_mut(process), self.reads.get_mut(process))
        {
            link.replies.read(read, seen, reads);
        }
        into.put_slice(read);
        link.inbox.advance(len);
        Poll::Ready(len)
    }

    /// The newest transaction that the process has read of.
    #[must_use]
    pub fn seen(&self, process: usize) -> Seen {
        self.seen.get(process).copied().unwrap_or_default()
    }

    /// The first reply to the process that was older than what its session had seen: the session, that, and the reply's.
    #[must_use]
    pub fn went_back(&self, process: usize) -> Option<(SessionId, Zxid, Zxid)> {
        self.reads.get(process)?.back()
    }

    /// Which session answered the process's last read of that register, and where its answer stands.
    #[must_use]
    pub fn last_read(&self, process: usize, path: &str) -> Option<(SessionId, Zxid)> {
        self.reads.get(process)?.last(path)
    }

    /// Takes all that has arrived, and says whether the connection has ended: for a harness without a runtime.
    pub fn take(&mut self, id: LinkId, into: &mut BytesMut) -> bool {
        let Some(link) = self.links.get_mut(&id) else {
            return true;
        };
        into.unsplit(link.inbox.split());
        link.ended
    }

    /// A process hangs up, or is gone.
    pub fn hang_up(&mut self, id: LinkId) {
        if let Some(link) = self.links.get_mut(&id).filter(|link| !link.client_gone) {
            link.client_gone = true;
            if link.deaf {
                return;
            }
            self.deliver(id, Direction::ToServer, Delivery::EndToServer);
        }
    }

    /// The process is gone, with all its connections.
    pub fn process_died(&mut self, process: usize) {
        for id in self.links_of(process) {
            self.hang_up(id);
        }
    }

    /// Whether a fault that waited for a frame has struck.
    #[must_use]
    pub fn has_struck(&self) -> bool {
        !self.struck.is_empty()
    }

    /// Faults that waited for a frame and have struck.
    pub fn poll_struck(&mut self) -> Option<Struck> {
        self.struck.pop_front()
    }

    /// Tasks to wake, once the world is unlocked.
    pub fn take_wakers(&mut self) -> Vec<Waker> {
        std::mem::take(&mut self.wakers)
    }

    /// Connections of the process are refused, or no longer.
    pub fn refuse(&mut self, process: usize, refuses: bool) {
        if let Some(route) = self.routes.get_mut(process) {
            route.refuses = refuses;
        }
    }

    /// What the process sends and gets takes this much longer.
    pub fn delay(&mut self, process: usize, delay: Duration) {
        if let Some(route) = self.routes.get_mut(process) {
            route.delay = delay;
        }
    }

    /// What the process sends and gets comes through at so many bytes per second, or as usual again.
    pub fn drip(&mut self, process: usize, rate: Option<u64>) {
        if let Some(route) = self.routes.get_mut(process) {
            route.drip = rate;
        }
    }

    /// The process gets these bytes on its connection, behind what is on its way.
    pub fn inject(&mut self, process: usize, bytes: &[u8]) {
        let open = self.links_of(process).into_iter().rev();
        let mut open = open.filter(|id| self.links.get(id).is_some_and(Link::is_open));
        if let Some(id) = open.next() {
            self.send(id, Direction::ToClient, bytes);
        }
    }

    /// What goes this way on the open connections of the process is lost; with both ways silent, hang-ups too.
    pub fn silence(&mut self, process: usize, ways: &[Direction]) {
        for id in self.links_of(process) {
            if let Some(link) = self.links.get_mut(&id) {
                for way in ways {
                    link.lane_mut(*way).lost = true;
                }
                link.deaf = link.up.lost && link.down.lost;
            }
        }
    }

    /// The server of a process stands still. Each process has one such server at a time.
    pub fn stand_still(&mut self, process: usize) {
        if let Some(server) = self.server_of(process) {
            if self.late.stands_still(process, server) {
                self.servers.stand_still(self.now, server);
            }
        }
    }

    /// The server goes on, unless it stands still for another process besides: so many requests go before the handshakes.
    pub fn go_on(&mut self, process: usize, ahead: u64) {
        if let Some(server) = self.late.goes_on(process) {
            let ahead = usize::try_from(ahead).unwrap_or(usize::MAX);
            self.servers.go_on(self.now, server, ahead);
            self.pump();
        }
    }

    /// Notes what servers have carried out.
    pub fn witness(&mut self, facts: &[Witnessed]) {
        self.met.late += self.late.witness(facts, &self.seen);
    }

    /// Breaks every connection that something was lost on: the kernels find out once the way is open again.
    pub fn mend(&mut self) {
        let broken: Vec<LinkId> = self
            .links
            .iter()
            .filter(|(_, link)| link.up.lost || link.down.lost)
            .map(|(id, _)| *id)
            .collect();
        for id in broken {
            self.break_link(id);
        }
    }

    /// How many connections processes have open.
    #[must_use]
    pub fn open_links(&self) -> usize {
        self.links.values().filter(|link| link.is_open()).count()
    }

    /// The server that a process has an open connection to.
    #[must_use]
    pub fn server_of(&self, process: usize) -> Option<usize> {
        let mut links = self.links.values().rev();
        let open = links.find(|link| link.process == process && link.is_open());
        open.map(|link| link.server)
    }

    fn links_of(&self, process: usize) -> Vec<LinkId> {
        let links = self.links.iter();
        let of = links.filter(|(_, link)| link.process == process);
        of.map(|(id, _)| *id).collect()
    }

    /// Cuts a connection in the middle of `bytes`; `begin` is where what was not sent yet begins. False if the fault
    /// is none of the wire's.
    fn cut(
        &mut self,
        id: LinkId,
        way: Direction,
        action: Action,
        frame: &Frame,
        bytes: &[u8],
        begin: &mut usize,
    ) -> bool {
        let (upto, applied) = match action {
            Action::CutBeforeApply => (frame.begin, false),
            Action::CutAfterApply => (frame.end, true),
            Action::CutAtByte(n) => {
                let n = usize::try_from(n).unwrap_or(usize::MAX);
                (frame.begin.saturating_add(n).min(frame.end), false)
            }
            _ => return false,
        };
        if applied && way == Direction::ToServer {
            let creates = matches!(
                frame.op,
                Some(OpCode::Create | OpCode::Create2 | OpCode::CreateTtl)
            );
            self.met.cuts_after_create += u64::from(creates);
            // What came before is answered as usual; the answer to this frame is not.
            self.send(id, way, bytes.get(*begin..frame.begin).unwrap_or_default());
            let last = bytes.get(frame.begin..upto).unwrap_or_default();
            self.deliver(id, way, Delivery::LastToServer(last.to_vec()));
        } else {
            self.send(id, way, bytes.get(*begin..upto).unwrap_or_default());
        }
        *begin = upto;
        if let Some(link) = self.links.get_mut(&id) {
            link.broken = true;
        }
        if !(applied && way == Direction::ToServer) {
            self.deliver(id, Direction::ToServer, Delivery::EndToServer);
            self.deliver(id, Direction::ToClient, Delivery::EndToClient);
        }
        true
    }

    fn break_link(&mut self, id: LinkId) {
        if let Some(link) = self.links.get_mut(&id) {
            link.broken = true;
            link.up.lost = false;
            link.down.lost = false;
            self.deliver(id, Direction::ToServer, Delivery::EndToServer);
            self.deliver(id, Direction::ToClient, Delivery::EndToClient);
        }
    }

    fn send(&mut self, id: LinkId, way: Direction, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let delivery = match way {
            Direction::ToServer => Delivery::ToServer(bytes.to_vec()),
            Direction::ToClient => Delivery::ToClient(bytes.to_vec()),
        };
        self.deliver(id, way, delivery);
    }

    fn deliver(&mut self, id: LinkId, way: Direction, delivery: Delivery) {
        let Some(link) = self.links.get_mut(&id) else {
            return;
        };
        let jitter = u64::try_from(self.jitter.as_micros()).unwrap_or(0);
        let jitter = Duration::from_micros(self.rng.below(jitter + 1));
        let route = self.routes.get(link.process).cloned().unwrap_or_default();
        let takes = route.drip.map_or(Duration::ZERO, |rate| {
            Duration::from_micros(delivery.len() * 1_000_000 / rate.max(1))
        });
        let lane = link.lane_mut(way);
        if lane.lost {
            return;
        }
        // Nothing overtakes on one connection.
        lane.newest = lane
            .newest
            .max(self.now + self.latency + jitter + route.delay)
            + takes;
        self.sequence += 1;
        self.wire
            .insert((lane.newest, self.sequence), (id, delivery));
    }

    fn arrive(&mut self, id: LinkId, delivery: Delivery) {
        let Some(link) = self.links.get_mut(&id) else {
            return;
        };
        let key = link.key;
        self.trace.arrived(self.now, id, &delivery);
        match delivery {
            Delivery::ToServer(bytes) => {
                let lists = self.servers.is_lingering(link.server);
                self.met.lingering_seen += u64::from(lists && asks_children(&bytes));
                self.servers.handle_bytes(self.now, key, &bytes);
                if let Some(link) = self.links.get(&id) {
                    if self.late.is_lost_with(id, link, &bytes) {
                        self.deliver(id, Direction::ToClient, Delivery::EndToClient);
                    }
                }
            }
            Delivery::LastToServer(bytes) => {
                link.down.lost = true;
                self.servers.handle_bytes(self.now, key, &bytes);
                self.pump();
                self.break_link(id);
            }
            Delivery::EndToServer => {
                self.servers.handle_disconnected(self.now, key);
                self.by_key.remove(&key);
                link.server_gone = true;
                self.forget_if_over(id);
            }
            Delivery::ToClient(bytes) => {
                link.inbox.extend_from_slice(&bytes);
                self.wakers.extend(link.reader.take());
            }
            Delivery::EndToClient => {
                link.ended = true;
                self.wakers.extend(link.reader.take());
                self.forget_if_over(id);
            }
        }
    }

    fn forget_if_over(&mut self, id: LinkId) {
        if self
            .links
            .get(&id)
            .is_some_and(|link| link.client_gone && link.server_gone)
        {
            self.links.remove(&id);
        }
    }

    /// Sends what the servers have to say.
    fn pump(&mut self) {
        while let Some(key) = self.servers.poll_ready() {
            let mut bytes = std::mem::take(&mut self.scratch);
            bytes.clear();
            self.servers.poll_transmit(self.now, key, &mut bytes);
            let closed = self.servers.poll_closed(key);
            if let Some(&id) = self.by_key.get(&key) {
                self.server_says(id, &bytes);
                if closed {
                    self.deliver(id, Direction::ToClient, Delivery::EndToClient);
                    self.servers.handle_disconnected(self.now, key);
                    self.by_key.remove(&key);
                    if let Some(link) = self.links.get_mut(&id) {
                        link.server_gone = true;
                    }
                    self.forget_if_over(id);
                }
            }
            self.scratch = bytes;
        }
    }

    fn server_says(&mut self, id: LinkId, bytes: &[u8]) {
        let Some(link) = self.links.get_mut(&id) else {
            return;
        };
        if link.broken {
            return;
        }
        let process = link.process;
        let mut begin = 0;
        for frame in link.down.frames.split(bytes, false) {
            self.counters.to_client += 1;
            self.lengths.add(Direction::ToClient, &frame);
            let point = Point {
                way: Direction::ToClient,
                process,
                frame: &frame,
                bytes,
                nth: self.counters.to_client,
            };
            if let Some((event, action)) = self.armed.strike(&point) {
                self.struck.push_back(Struck { event, process });
                if self.cut(id, Direction::ToClient, action, &frame, bytes, &mut begin) {
                    return;
                }
            }
        }
        self.send(
            id,
            Direction::ToClient,
            bytes.get(begin..).unwrap_or_default(),
        );
    }
}
