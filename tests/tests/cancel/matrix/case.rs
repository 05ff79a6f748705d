//! The dimensions of the matrix, and the name of each case.

use std::fmt;
use std::str::FromStr;

use super::recipe::What;
use crate::polls::Stop;

/// What is cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    Acquire,
    /// Its parents are missing.
    AcquireCold,
    /// The holder releases while it waits.
    AcquireBehindHolder,
    /// Somebody waits ahead of it and gives up; then the holder releases.
    AcquireBehindWaiter,
    /// The holder stays.
    AcquireTooLate,
    TryAcquire,
    TryAcquireHeld,
    Hold,
    Release,
    /// Somebody waits for the lock.
    ReleaseToWaiter,
}

pub(super) const OPS: [Op; 10] = [
    Op::Acquire,
    Op::AcquireCold,
    Op::AcquireBehindHolder,
    Op::AcquireBehindWaiter,
    Op::AcquireTooLate,
    Op::TryAcquire,
    Op::TryAcquireHeld,
    Op::Hold,
    Op::Release,
    Op::ReleaseToWaiter,
];

/// What happens to the connection before the frame that is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weather {
    Calm,
    /// It is down when the operation begins, whose first frame is the handshake of the next one.
    Down,
    /// It breaks with the answer to the operation's first write, so that the frames are those of settling it.
    WriteLost,
}

pub(super) const WEATHERS: [Weather; 3] = [Weather::Calm, Weather::Down, Weather::WriteLost];

/// Which frame of the session something happens at, counted from the operation's beginning: requests, handshakes,
/// events of watches, and what cleans up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cut {
    pub(super) frame: u64,
    pub(super) how: How,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// The connection breaks, and the frame has no effect.
    Before,
    /// The frame takes effect, and the connection breaks instead of the answer.
    After,
    /// The frame takes effect, and the session expires.
    Expired,
}

impl How {
    pub(super) const ALL: [Self; 3] = [Self::Before, Self::After, Self::Expired];

    fn name(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::After => "after",
            Self::Expired => "expired",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Case {
    pub(super) what: What,
    pub(super) op: Op,
    pub(super) weather: Weather,
    pub(super) cut: Option<Cut>,
    pub(super) stop: Stop,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{:?}/{:?}/", self.what, self.op, self.weather)?;
        match self.cut {
            None => f.write_str("uncut")?,
            Some(Cut { frame, how }) => write!(f, "{}-{frame}", how.name())?,
        }
        write!(f, "/{}", self.stop)
    }
}

impl FromStr for Case {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no case; one is Mutex/AcquireCold/Calm/after-3/2-late");
        let parts: Vec<&str> = text.split('/').collect();
        let &[what, op, weather, cut, stop] = parts.as_slice() else {
            return Err(wrong());
        };
        let what = What::ALL
            .into_iter()
            .find(|known| known.to_string() == what);
        let op = OPS.into_iter().find(|known| format!("{known:?}") == op);
        let weather = WEATHERS
            .into_iter()
            .find(|known| format!("{known:?}") == weather);
        let cut = match cut.split_once('-') {
            None if cut == "uncut" => None,
            None => return Err(wrong()),
            Some((how, frame)) => {
                let how = How::ALL.into_iter().find(|known| known.name() == how);
                Some(Cut {
                    frame: frame.parse().map_err(|_| wrong())?,
                    how: how.ok_or_else(wrong)?,
                })
            }
        };
        let polls = stop.strip_suffix("-late").unwrap_or(stop);
        Ok(Self {
            what: what.ok_or_else(wrong)?,
            op: op.ok_or_else(wrong)?,
            weather: weather.ok_or_else(wrong)?,
            cut,
            stop: Stop {
                polls: polls.parse().map_err(|_| wrong())?,
                late: stop.ends_with("-late"),
            },
        })
    }
}

#[test]
fn a_case_is_replayed_by_its_name() {
    for name in [
        "Mutex/Acquire/Calm/uncut/0",
        "Permit/AcquireBehindWaiter/WriteLost/after-12/7-late",
        "Reader/ReleaseToWaiter/Down/before-1/2",
    ] {
        assert_eq!(name.parse::<Case>().unwrap().to_string(), name);
    }
    assert!("Mutex/Acquire/Calm/after/0".parse::<Case>().is_err());
}
