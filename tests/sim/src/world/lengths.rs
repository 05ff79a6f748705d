//! The frames of a run, so that every place in them can be cut.

use super::frames::Frame;
use crate::schedule::Direction;

/// How long each frame was, in both directions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lengths {
    to_server: Vec<usize>,
    to_client: Vec<usize>,
    /// How many there had been when the schedule began.
    before: (usize, usize),
    /// And when it was over.
    until: Option<(usize, usize)>,
}

impl Lengths {
    pub(super) fn add(&mut self, way: Direction, frame: &Frame) {
        let lane = match way {
            Direction::ToServer => &mut self.to_server,
            Direction::ToClient => &mut self.to_client,
        };
        lane.push(frame.end - frame.begin);
    }

    /// Faults may strike from here on.
    pub fn begin(&mut self) {
        self.before = (self.to_server.len(), self.to_client.len());
    }

    /// No fault strikes any more.
    pub fn end(&mut self) {
        self.until = Some((self.to_server.len(), self.to_client.len()));
    }

    /// Every frame that a fault could have struck: its direction, its number from 1, its length in bytes.
    #[must_use]
    pub fn reachable(&self) -> Vec<(Direction, u64, u64)> {
        let until = self.until.unwrap_or((usize::MAX, usize::MAX));
        let lanes = [
            (Direction::ToServer, &self.to_server, self.before.0, until.0),
            (Direction::ToClient, &self.to_client, self.before.1, until.1),
        ];
        let mut reachable = Vec::new();
        for (way, lane, before, until) in lanes {
            for (place, length) in lane.iter().enumerate().take(until).skip(before) {
                reachable.push((way, place as u64 + 1, *length as u64));
            }
        }
        reachable
    }
}
