//! What goes wrong in a run, and when: a list of events with a text form.
//!
//! ```text
//! at 1200ms cut-after-apply on client 1
//! at 3000ms pause for 2500ms on client 0
//! frame 17 to-server cut-before-apply
//! frame 9 to-client cut-at-byte 3
//! applied create2 /locks #2 expire
//! poll 1 acquire #4 cancel
//! when holding #3 leak-guard
//! at 5000ms one-way to-client for 900ms on client 2
//! at 9000ms restore-old
//! applied create2 /locks #3 stand-still 1 for 900ms on client 2
//! ```

mod random;
mod text;

use std::time::Duration;

pub use random::{Profile, Scale};
pub use text::ParseError;
pub(crate) use text::parse_ms;
use zk_wire::OpCode;

/// One fault and the moment at which it strikes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub trigger: Trigger,
    /// What.
    pub action: Action,
    /// For how long, of what lasts.
    pub lasting: Option<Duration>,
    /// Whom it strikes; `None` is whoever set it off, or everybody.
    pub client: Option<usize>,
}

/// When a fault strikes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// That long after the start.
    At(Duration),
    /// At the nth frame (from 1) of the run in this direction.
    Frame(u64, Direction),
    /// At the nth request of this kind below the path, as the server applies it.
    Applied(OpCode, String, u64),
    /// At the kth poll (from 1) of the client's next call of this function.
    Poll(usize, Call, u64),
    /// At the nth time (from 1) that a client, or the one that is struck, is in this phase.
    When(Phase, u64),
}

/// The way a frame goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// A request.
    ToServer,
    /// A reply or an event.
    ToClient,
}

/// A function of the library that a workload calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Call {
    /// `get`
    Get,
    /// `set`, unconditional or of a version
    Set,
    /// `get` with a watch, and the wait for its event
    Watch,
    /// `Mutex::acquire`, with or without a timeout
    Acquire,
    /// `Mutex::try_acquire`
    TryAcquire,
    /// `Mutex::hold`
    Hold,
    /// `LockGuard::release`
    Release,
    /// `set` with `fenced_by`
    FencedSet,
    /// `LockGuard::lost`
    Lost,
    /// `barrier`
    Barrier,
    /// `LockGuard::downgrade`
    Downgrade,
    /// `ReentrantMutex::acquire` of whoever holds
    Reenter,
    /// `Leadership::name_successor`
    HandOver,
    /// `Leaders::next`
    Observe,
    /// a change of a counter, value, barrier or latch
    Change,
    /// `Changes::next`
    Follow,
    /// `RateLimiter::acquire`
    Spend,
    /// the wait of a barrier, flag or latch
    Wait,
    /// `DoubleBarrier::enter`
    Enter,
    /// `BarrierMember::leave`
    Leave,
    /// `CyclicBarrier::arrive`
    Arrive,
}

/// Something that is used and what its users are doing: a column of the table of faults.
pub type Column = (&'static str, Phase);

/// What a client is doing when a fault strikes it: one side of the coverage table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Nothing.
    Idle,
    /// Reads a register.
    Reading,
    /// Writes a register.
    Writing,
    /// Waits for a watch's event.
    Watching,
    /// Acquires a lock.
    Acquiring,
    /// Holds a lock.
    Holding,
    /// Releases a lock.
    Releasing,
}

/// A fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// The next request of the client has no effect; its connection is closed.
    CutBeforeApply,
    /// The next request of the client takes effect; its connection is closed instead of an answer.
    CutAfterApply,
    /// The connection ends after so many more bytes in the direction of the trigger (`at`: to the server).
    CutAtByte(u64),
    /// Bytes of the client go nowhere in both directions, and nobody is told.
    HalfOpen,
    /// New connections are refused.
    Refuse,
    /// What goes in this direction is lost until the connection is closed; nothing is told.
    Blackhole(Direction),
    /// Everything takes this much longer.
    Delay(Duration),
    /// All tasks of the process stand still.
    Pause,
    /// The session's task stands still; the application goes on.
    Starve,
    /// The process ends without a word, and starts again.
    Kill,
    /// The session expires.
    Expire,
    /// Nothing is committed.
    NoQuorum,
    /// The next requests of the client are refused for want of room.
    Throttle,
    /// Empty containers are collected.
    ReapContainers,
    /// The sequence counters below all locks go on from this number.
    SetSuffix(i32),
    /// The client's clock runs at so many thousandths of the right rate.
    Rate(u64),
    /// The client's next call is dropped after so many polls.
    Cancel(u64),
    /// The guard is dropped instead of released.
    DropGuard,
    /// The guard is leaked.
    LeakGuard,
    /// The task panics while it holds the guard.
    PanicHolding,
    /// The client is closed in the middle of everything, and a new one takes its place.
    Close,
    /// The leader crashes; the others elect another.
    CrashLeader,
    /// A server that is not the leader crashes and comes back.
    CrashFollower,
    /// A server that is not the leader applies what is committed this much later.
    Lag(Duration),
    /// The leader loses what no other server has when it crashes.
    LoseTail,
    /// The nodes of sessions that end stay visible on a server that is not the leader.
    LingerEphemerals(Duration),
    /// The server of the client is cut off from the others.
    Partition,
    /// The server of the client hears nothing from the others any more (`to-server`), or is not heard by them.
    OneWay(Direction),
    /// What the client sends and gets comes through at so many bytes per second.
    Drip(u64),
    /// The client's clock stands still.
    Stall,
    /// The application's tasks stand still; the session's task goes on.
    Busy,
    /// An operator deletes the node of the client in a lock.
    Evict,
    /// Whoever comes back with a session that is gone is given another one and told nothing.
    NewSessionSilently,
    /// All servers go back to what they had some seconds before: hostile.
    RestoreOld,
    /// The client gets these bytes from its server, between two frames: hostile.
    Bytes(Junk),
    /// The server of the client stands still. With the next write that it has got from the client the connection is lost, and then
    /// a handshake with the same server is given up. When the server goes on it passes on so many requests before that
    /// handshake, and the others behind it.
    StandStill(u64),
}

/// A few bytes that no server means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Junk {
    bytes: [u8; Self::LONGEST],
    len: u8,
}

impl Junk {
    /// How many there are at most.
    pub const LONGEST: usize = 32;

    /// None at all.
    pub const NONE: Self = Self {
        bytes: [0; Self::LONGEST],
        len: 0,
    };

    /// These bytes; `None` if they are too many.
    #[must_use]
    pub fn new(from: &[u8]) -> Option<Self> {
        let mut bytes = [0; Self::LONGEST];
        bytes.get_mut(..from.len())?.copy_from_slice(from);
        let len = u8::try_from(from.len()).ok()?;
        Some(Self { bytes, len })
    }

    /// The bytes.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }
}

impl Action {
    /// At how many thousandths of the right rate it lets the client's clock run, if it does that.
    #[must_use]
    pub const fn rate(self) -> Option<u64> {
        match self {
            Self::Rate(rate) => Some(rate),
            Self::Stall => Some(0),
            _ => None,
        }
    }

    /// Its word in the text, and in tables.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::CutBeforeApply => "cut-before-apply",
            Self::CutAfterApply => "cut-after-apply",
            Self::CutAtByte(_) => "cut-at-byte",
            Self::HalfOpen => "half-open",
            Self::Refuse => "refuse",
            Self::Blackhole(_) => "blackhole",
            Self::Delay(_) => "delay",
            Self::Pause => "pause",
            Self::Starve => "starve",
            Self::Kill => "kill",
            Self::Expire => "expire",
            Self::NoQuorum => "no-quorum",
            Self::Throttle => "throttle",
            Self::ReapContainers => "reap-containers",
            Self::SetSuffix(_) => "set-suffix",
            Self::Rate(_) => "rate",
            Self::Cancel(_) => "cancel",
            Self::DropGuard => "drop-guard",
            Self::LeakGuard => "leak-guard",
            Self::PanicHolding => "panic-holding",
            Self::Close => "close",
            Self::CrashLeader => "crash-leader",
            Self::CrashFollower => "crash-follower",
            Self::Lag(_) => "lag",
            Self::LoseTail => "lose-tail",
            Self::LingerEphemerals(_) => "linger-ephemerals",
            Self::Partition => "partition",
            Self::OneWay(_) => "one-way",
            Self::Drip(_) => "drip",
            Self::Stall => "stall",
            Self::Busy => "busy",
            Self::Evict => "evict",
            Self::NewSessionSilently => "new-session-silently",
            Self::RestoreOld => "restore-old",
            Self::Bytes(_) => "bytes",
            Self::StandStill(_) => "stand-still",
        }
    }

    /// Whether it lasts for a while and has to be healed.
    #[must_use]
    pub const fn lasts(self) -> bool {
        matches!(
            self,
            Self::Refuse
                | Self::Delay(_)
                | Self::Pause
                | Self::Starve
                | Self::Kill
                | Self::NoQuorum
                | Self::Rate(_)
                | Self::CrashLeader
                | Self::CrashFollower
                | Self::Lag(_)
                | Self::LoseTail
                | Self::LingerEphemerals(_)
                | Self::Partition
                | Self::OneWay(_)
                | Self::Drip(_)
                | Self::Stall
                | Self::Busy
                | Self::NewSessionSilently
                | Self::StandStill(_)
        )
    }

    /// Whether it strikes one client.
    #[must_use]
    pub const fn strikes_client(self) -> bool {
        !matches!(
            self,
            Self::NoQuorum
                | Self::ReapContainers
                | Self::SetSuffix(_)
                | Self::CrashLeader
                | Self::CrashFollower
                | Self::LoseTail
                | Self::NewSessionSilently
                | Self::RestoreOld
        )
    }

    /// Whether it needs more than one server.
    #[must_use]
    pub const fn needs_ensemble(self) -> bool {
        matches!(
            self,
            Self::CrashLeader
                | Self::CrashFollower
                | Self::Lag(_)
                | Self::LoseTail
                | Self::LingerEphemerals(_)
                | Self::Partition
                | Self::OneWay(_)
                | Self::StandStill(_)
        )
    }

    /// Whether it breaks what every ensemble keeps, so that little can be asked of a client.
    #[must_use]
    pub const fn is_hostile(self) -> bool {
        matches!(self, Self::RestoreOld | Self::Bytes(_))
    }
}

impl Call {
    /// Every call.
    pub const ALL: [Self; 21] = [
        Self::Get,
        Self::Set,
        Self::Watch,
        Self::Acquire,
        Self::TryAcquire,
        Self::Hold,
        Self::Release,
        Self::FencedSet,
        Self::Lost,
        Self::Barrier,
        Self::Downgrade,
        Self::Reenter,
        Self::HandOver,
        Self::Observe,
        Self::Change,
        Self::Follow,
        Self::Spend,
        Self::Wait,
        Self::Enter,
        Self::Leave,
        Self::Arrive,
    ];

    /// Its word in the text.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Set => "set",
            Self::Watch => "watch",
            Self::Acquire => "acquire",
            Self::TryAcquire => "try-acquire",
            Self::Hold => "hold",
            Self::Release => "release",
            Self::FencedSet => "fenced-set",
            Self::Lost => "lost",
            Self::Barrier => "barrier",
            Self::Downgrade => "downgrade",
            Self::Reenter => "reenter",
            Self::HandOver => "hand-over",
            Self::Observe => "observe",
            Self::Change => "change",
            Self::Follow => "follow",
            Self::Spend => "spend",
            Self::Wait => "wait",
            Self::Enter => "enter",
            Self::Leave => "leave",
            Self::Arrive => "arrive",
        }
    }
}

impl Phase {
    /// Every phase.
    pub const ALL: [Self; 7] = [
        Self::Idle,
        Self::Reading,
        Self::Writing,
        Self::Watching,
        Self::Acquiring,
        Self::Holding,
        Self::Releasing,
    ];

    /// Its word in the text, and in tables.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Reading => "reading",
            Self::Writing => "writing",
            Self::Watching => "watching",
            Self::Acquiring => "acquiring",
            Self::Holding => "holding",
            Self::Releasing => "releasing",
        }
    }
}
