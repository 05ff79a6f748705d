//! Faults that wait for a frame.

use zk_wire::OpCode;

use super::frames::Frame;
use crate::schedule::{Action, Direction};

/// The frame a fault waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// The nth of the run in this direction.
    Nth(u64, Direction),
    /// The next in this direction.
    Next(Direction),
    /// The nth request of this kind whose path begins so.
    Op(OpCode, String, u64),
}

/// A frame on its way.
#[derive(Clone, Copy, Debug)]
pub struct Point<'a> {
    /// Which way.
    pub way: Direction,
    /// Whose.
    pub process: usize,
    /// The frame.
    pub frame: &'a Frame,
    /// The bytes it lies in.
    pub bytes: &'a [u8],
    /// Its number in its direction.
    pub nth: u64,
}

/// All faults that wait for a frame.
#[derive(Debug, Default)]
pub struct Armed {
    waiting: Vec<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    event: usize,
    action: Action,
    process: Option<usize>,
    reach: Reach,
    seen: u64,
}

impl Armed {
    /// Lets a fault wait. `event` names it when it has struck.
    pub fn add(&mut self, event: usize, action: Action, process: Option<usize>, reach: Reach) {
        self.waiting.push(Waiting {
            event,
            action,
            process,
            reach,
            seen: 0,
        });
    }

    /// Disarms everything.
    pub fn clear(&mut self) {
        self.waiting.clear();
    }

    /// The fault that strikes here, which no longer waits.
    pub(super) fn strike(&mut self, point: &Point<'_>) -> Option<(usize, Action)> {
        if self.waiting.is_empty() {
            return None;
        }
        let at = self
            .waiting
            .iter_mut()
            .position(|waiting| waiting.is_reached(point))?;
        let waiting = self.waiting.remove(at);
        Some((waiting.event, waiting.action))
    }
}

impl Waiting {
    fn is_reached(&mut self, point: &Point<'_>) -> bool {
        if self.process.is_some_and(|process| process != point.process) {
            return false;
        }
        match &self.reach {
            Reach::Nth(nth, way) => *way == point.way && *nth == point.nth,
            Reach::Next(way) => *way == point.way,
            Reach::Op(op, path, nth) => {
                let path_fits = || {
                    let path_there = point.frame.path_in(point.bytes).unwrap_or_default();
                    path_there.starts_with(path.as_str())
                };
                let fits = point.way == Direction::ToServer
                    && point.frame.op == Some(*op)
                    && (path == "/" || path_fits());
                self.seen += u64::from(fits);
                fits && self.seen == *nth
            }
        }
    }
}
