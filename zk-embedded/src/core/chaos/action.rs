//! What can be done to servers.

use std::time::Duration;

use zk_wire::SessionId;

use crate::core::server_id::ServerId;

/// To whom something is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Who {
    /// This server.
    Server(ServerId),
    /// Whoever leads when it is done.
    Leader,
    /// The follower with the lowest number when it is done.
    Follower,
    /// Every server.
    All,
}

/// Something that can be done to an ensemble, or to a single server.
///
/// Written in words as [`FaultPlan`](crate::test::FaultPlan) says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// Servers reach only those of their own group.
    Partition(Vec<Vec<Who>>),
    /// What the first says does not reach the second.
    OneWay(Who, Who),
    /// Everybody reaches everybody again.
    Heal,
    /// Committed transactions are carried out that much later.
    Lag(Who, Duration),
    /// The process ends.
    Kill(Who),
    /// The process starts again.
    Restart(Who),
    /// The process stops, or goes on.
    Pause(Who, bool),
    /// Nothing gets through between a server and its clients, or does again.
    Deafen(Who, bool),
    /// The leader steps down.
    Election,
    /// Nothing is committed, or is again.
    Freeze(bool),
    /// What is proposed and not committed is lost in an election, or survives where it was logged.
    LoseTails(bool),
    /// Each ephemeral node of a session that ends takes that long to go.
    Linger(Who, Duration),
    /// Proposals take that long to be logged.
    SlowLog(Who, Duration),
    /// What a server has on its disk now is kept, instead of what was kept before.
    Backup(Who),
    /// Servers restart with what was kept last. If they are a quorum, acknowledged writes are lost.
    Restore(Who),
    /// Servers without a leader answer reads, after a while, or not any more.
    ReadOnlyMode(bool),
    /// Messages between servers take that long.
    Latency(Duration),
    /// A session ends as if its time had come; all of them if none is named.
    Expire(Option<SessionId>),
    /// What clients send keeps no session alive, or does again.
    DropTouches(Who, bool),
    /// New connections are closed at once, or not any more.
    Refuse(Who, bool),
    /// All connections are closed.
    Cut(Who),
    /// Sessions that are gone are silently replaced, or not any more.
    Substitute(Who, bool),
    /// Every answer leaves that much later, until rules are cleared.
    Delay(Who, Duration),
    /// All rules and held answers go.
    Clear,
    /// Abandoned containers and outlived TTL nodes are collected now.
    Reap,
    /// The next sequence number among the children of a node.
    SetSequence(String, i32),
}

impl Action {
    /// What takes it back, if it is a state that something can be in.
    pub(in crate::core) fn undone(&self) -> Option<Self> {
        Some(match self {
            Self::Partition(_) | Self::OneWay(..) => Self::Heal,
            Self::Lag(who, _) => Self::Lag(*who, Duration::ZERO),
            Self::Kill(who) => Self::Restart(*who),
            Self::Pause(who, on) => Self::Pause(*who, !on),
            Self::Deafen(who, on) => Self::Deafen(*who, !on),
            Self::Freeze(on) => Self::Freeze(!on),
            Self::LoseTails(on) => Self::LoseTails(!on),
            Self::Linger(who, _) => Self::Linger(*who, Duration::ZERO),
            Self::SlowLog(who, _) => Self::SlowLog(*who, Duration::ZERO),
            Self::ReadOnlyMode(on) => Self::ReadOnlyMode(!on),
            Self::Latency(_) => Self::Latency(Duration::ZERO),
            Self::DropTouches(who, on) => Self::DropTouches(*who, !on),
            Self::Refuse(who, on) => Self::Refuse(*who, !on),
            Self::Substitute(who, on) => Self::Substitute(*who, !on),
            Self::Delay(..) => Self::Clear,
            Self::Heal
            | Self::Restart(_)
            | Self::Election
            | Self::Backup(_)
            | Self::Restore(_)
            | Self::Expire(_)
            | Self::Cut(_)
            | Self::Clear
            | Self::Reap
            | Self::SetSequence(..) => return None,
        })
    }

    /// The same, done to exactly this server wherever it names a part that somebody plays.
    pub(in crate::core) fn fixed(&self, fix: impl Fn(Who) -> Who) -> Self {
        let mut fixed = self.clone();
        match &mut fixed {
            Self::Lag(who, _)
            | Self::Kill(who)
            | Self::Backup(who)
            | Self::Restore(who)
            | Self::Restart(who)
            | Self::Pause(who, _)
            | Self::Deafen(who, _)
            | Self::Linger(who, _)
            | Self::SlowLog(who, _)
            | Self::DropTouches(who, _)
            | Self::Refuse(who, _)
            | Self::Cut(who)
            | Self::Substitute(who, _)
            | Self::Delay(who, _) => *who = fix(*who),
            _ => {}
        }
        fixed
    }
}
