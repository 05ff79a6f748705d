//! One case: which rule is broken, how, and what has to come of it.

use std::time::Duration;

use zk_session::{
    Credential, ExpiryCause, FailCause, Fate, Outcome, SessionConfig, SessionState, Submit,
    WatchKind,
};
use zk_wire::{AddWatchMode, Request};

use crate::allocator::growth_of;
use crate::rig::{LIMIT, Report, Rig};
use crate::server::{Attack, Heard, Say};

/// How long every case is watched.
const WATCHED: Duration = Duration::from_secs(60);

/// How far memory may grow: 8 MiB and twice the largest frame.
const GROWTH: usize = 8 * 1024 * 1024 + 2 * LIMIT;

/// How often a session may dial in the time watched, and how much it may send besides what it was asked for.
const DIALS: usize = 200;
const SENT: u64 = 256 * 1024;

pub(crate) struct Case {
    /// The rule that is broken.
    pub(crate) rule: &'static str,
    /// How.
    pub(crate) how: String,
    pub(crate) attack: Attack,
    /// What the application does; the time until it is over counts.
    pub(crate) victim: fn(&mut Rig),
    pub(crate) expect: Expect,
    pub(crate) config: fn(&mut SessionConfig),
}

/// How the request of the case ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// There is none, or how does not matter.
    Any,
    Answered,
    /// Answered with a body that its owner cannot decode.
    Undecodable,
    /// Answered with an error.
    Refused,
    Protocol,
    Lost,
    TooLarge,
    TimedOut,
    Expired,
    AuthFailed,
    Closed,
}

/// Where the session is in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finally {
    Connected,
    Substituted,
    Unknown,
    ExpiredReply,
    AuthFailed,
    Closed,
    /// Without a connection, because no server behaves.
    Searching,
}

/// What has to come of a case.
pub(crate) struct Expect {
    pub(crate) end: End,
    /// Words of the reason for which the connection is given up; `None` if it is kept.
    pub(crate) dropped: Option<&'static str>,
    pub(crate) finally: Finally,
    pub(crate) also: fn(&Report) -> bool,
}

impl Expect {
    const fn new(end: End, dropped: Option<&'static str>) -> Self {
        Self {
            end,
            dropped,
            finally: Finally::Connected,
            also: |_| true,
        }
    }

    pub(crate) const fn finally(self, finally: Finally) -> Self {
        Self { finally, ..self }
    }

    pub(crate) fn also(self, also: fn(&Report) -> bool) -> Self {
        Self { also, ..self }
    }
}

/// The connection is kept and the request ends like this.
pub(crate) const fn kept(end: End) -> Expect {
    Expect::new(end, None)
}

/// The server broke the protocol: the connection is given up, and what was under way is told why.
pub(crate) const fn protocol(words: &'static str) -> Expect {
    Expect::new(End::Protocol, Some(words))
}

/// The connection is given up, and the fate of what was under way is unknown.
pub(crate) const fn lost(words: &'static str) -> Expect {
    Expect::new(End::Lost, Some(words))
}

/// The server is given up before it has a session; the next one answers the request.
pub(crate) const fn passed_over(words: &'static str) -> Expect {
    Expect::new(End::Answered, Some(words))
}

/// Asks for a node's data, at once.
pub(crate) fn reads(rig: &mut Rig) {
    let path = "/a".to_owned();
    rig.ask(Request::GetData { path, watch: false }, Submit::new());
}

/// Sets a recursive watch on the root.
pub(crate) fn watches_all(rig: &mut Rig) {
    let request = Request::AddWatch {
        path: "/".to_owned(),
        mode: AddWatchMode::PersistentRecursive,
    };
    rig.ask(request, Submit::new().watch(WatchKind::Recursive));
}

pub(crate) fn case(
    rule: &'static str,
    how: impl Into<String>,
    attack: impl Fn(usize, &Heard) -> Option<Vec<Say>> + 'static,
    expect: Expect,
) -> Case {
    Case {
        rule,
        how: how.into(),
        attack: Box::new(attack),
        victim: reads,
        expect,
        config: |_| (),
    }
}

impl Case {
    pub(crate) fn victim(self, victim: fn(&mut Rig)) -> Self {
        Self { victim, ..self }
    }

    pub(crate) fn config(self, config: fn(&mut SessionConfig)) -> Self {
        Self { config, ..self }
    }

    /// Runs it; what is wrong with what came of it, if anything is.
    pub(crate) fn run(self) -> Result<(), String> {
        let mut config = SessionConfig::default();
        config.servers = 2;
        config.max_frame = LIMIT;
        config.request_timeout = Some(Duration::from_secs(8));
        (self.config)(&mut config);
        let (attack, victim) = (self.attack, self.victim);
        let (report, growth) = growth_of(move || {
            let mut rig = Rig::new(config, attack);
            victim(&mut rig);
            rig.run(WATCHED, |_| false);
            rig.finish()
        });
        let complaint = if growth > GROWTH {
            Some(format!("memory grew by {growth} bytes"))
        } else {
            complaint(&self.expect, &report)
        };
        match complaint {
            None => Ok(()),
            Some(complaint) => Err(format!(
                "{} ({}): {complaint}\n{report:?}",
                self.rule, self.how
            )),
        }
    }
}

fn complaint(expect: &Expect, report: &Report) -> Option<String> {
    let (end, fate) = end_of(report);
    if expect.end != End::Any && end != expect.end {
        return Some(format!("the request ended {end:?}, not {:?}", expect.end));
    }
    // What was handed to a hostile server may have been applied.
    let open = matches!(end, End::Protocol | End::Lost | End::TooLarge);
    if open && fate != Some(Fate::Unknown) {
        return Some(format!("the fate of what was sent is {fate:?}"));
    }
    let finally = finally(report);
    if finally != Some(expect.finally) {
        return Some(format!("in the end {finally:?}, not {:?}", expect.finally));
    }
    match expect.dropped {
        None if !report.failures.is_empty() => {
            return Some("the connection was given up".to_owned());
        }
        Some(words) if !report.failures.iter().any(|text| text.contains(words)) => {
            return Some(format!("no connection was given up because it {words:?}"));
        }
        _ => {}
    }
    let another = report.dials.iter().any(|server| *server != report.dials[0]);
    if expect.dropped.is_some() && expect.finally == Finally::Connected && !another {
        return Some("no other server was tried".to_owned());
    }
    if report.dials.len() > DIALS {
        return Some(format!("dialled {} times", report.dials.len()));
    }
    if report.bytes_sent > SENT && report.done < 1_000 {
        return Some(format!("sent {} bytes", report.bytes_sent));
    }
    (!(expect.also)(report)).then(|| "what was expected besides is not so".to_owned())
}

fn end_of(report: &Report) -> (End, Option<Fate>) {
    let Some(outcome) = &report.outcome else {
        return (End::Any, None);
    };
    let end = match outcome {
        Outcome::Reply { result: Ok(_), .. } if report.undecodable => End::Undecodable,
        Outcome::Reply { result: Ok(_), .. } => End::Answered,
        Outcome::Reply { result: Err(_), .. } => End::Refused,
        Outcome::Failed { cause, .. } => match cause {
            FailCause::Protocol(_) => End::Protocol,
            FailCause::ConnectionLost => End::Lost,
            FailCause::FrameTooLarge { .. } => End::TooLarge,
            FailCause::TimedOut => End::TimedOut,
            FailCause::SessionExpired => End::Expired,
            FailCause::AuthFailed => End::AuthFailed,
            FailCause::Closed => End::Closed,
            other => panic!("no server can cause {other:?}"),
        },
    };
    (end, outcome.fate())
}

fn finally(report: &Report) -> Option<Finally> {
    match (report.state?, report.cause) {
        (SessionState::Connected { .. }, _) => Some(Finally::Connected),
        (SessionState::Connecting | SessionState::Suspended { .. }, _) => Some(Finally::Searching),
        (SessionState::AuthFailed, _) => Some(Finally::AuthFailed),
        (SessionState::Closed, _) => Some(Finally::Closed),
        (SessionState::Expired, Some(ExpiryCause::Substituted { .. })) => {
            Some(Finally::Substituted)
        }
        (SessionState::Expired, Some(ExpiryCause::Handshake)) => Some(Finally::Unknown),
        (SessionState::Expired, Some(ExpiryCause::Reply)) => Some(Finally::ExpiredReply),
        (SessionState::Expired, _) => None,
    }
}

/// A client with a credential.
pub(crate) fn with_credential(config: &mut SessionConfig) {
    config.auth.push(Credential::new("digest", "user:password"));
}
