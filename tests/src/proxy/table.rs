//! The rules in force, and what they make of a frame.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::rule::{Direction, Frame, Reaction, Rule, When};

/// What is done with one frame.
#[derive(Debug)]
pub(super) enum Act {
    Pass,
    /// It passes, and the connection ends instead of its reply.
    PassAndEnd,
    /// So many bytes pass, and the connection ends.
    End {
        after: u64,
    },
    Delay(Duration),
    Hold(watch::Receiver<bool>),
    Drip(Duration),
}

/// All rules, in the order in which they were given.
#[derive(Debug, Default)]
pub(super) struct Table {
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    when: When,
    then: Reaction,
    fitted: u64,
    hits: watch::Sender<u64>,
    released: Arc<watch::Sender<bool>>,
}

impl Table {
    pub(super) fn add(&mut self, when: When, then: Reaction) -> Rule {
        let hits = watch::Sender::new(0);
        let released = Arc::new(watch::Sender::new(false));
        let rule = Rule {
            hits: hits.subscribe(),
            released: Arc::clone(&released),
        };
        self.entries.push(Entry {
            when,
            then,
            fitted: 0,
            hits,
            released,
        });
        rule
    }

    pub(super) fn clear(&mut self) {
        self.entries.clear();
    }

    /// The first rule that means this frame decides; each counts the frames that fit it.
    pub(super) fn judge(&mut self, frame: &Frame) -> Act {
        let mut act = Act::Pass;
        for entry in self.entries.iter_mut().filter(|e| e.when.fits(frame)) {
            entry.fitted += 1;
            if matches!(act, Act::Pass) && entry.when.means(entry.fitted) {
                act = entry.act(frame);
                entry.hits.send_modify(|hits| *hits += 1);
            }
        }
        act
    }
}

impl Entry {
    fn act(&self, frame: &Frame) -> Act {
        match self.then {
            Reaction::CutAfter if frame.direction == Direction::ToServer => Act::PassAndEnd,
            Reaction::Cut | Reaction::CutAfter => Act::End { after: 0 },
            Reaction::CutAt(after) => Act::End { after },
            Reaction::CutAtByte => Act::End {
                after: self.when.offset_in(frame).unwrap_or(0),
            },
            Reaction::Delay(pause) => Act::Delay(pause),
            Reaction::Hold => Act::Hold(self.released.subscribe()),
            Reaction::Drip(pause) => Act::Drip(pause),
        }
    }
}

#[cfg(test)]
mod tests {
    use zk_wire::OpCode;

    use super::super::rule::Kind;
    use super::*;

    fn request(op: OpCode, path: &str, start: u64) -> Frame {
        Frame {
            direction: Direction::ToServer,
            kind: Kind::Op(op),
            paths: Arc::from([path.to_owned()]),
            start,
            len: 10,
        }
    }

    #[test]
    fn the_nth_fitting_frame_alone_is_meant() {
        let mut table = Table::default();
        let when = When::request(OpCode::SetData).path("/a").nth(2);
        let rule = table.add(when, Reaction::Cut);
        let others = [
            (OpCode::GetData, "/a"),
            (OpCode::SetData, "/b"),
            (OpCode::SetData, "/a"),
        ];
        for (op, path) in others {
            assert!(matches!(table.judge(&request(op, path, 0)), Act::Pass));
        }
        assert_eq!(rule.hits(), 0);
        let second = request(OpCode::SetData, "/a/b", 0);
        assert!(matches!(table.judge(&second), Act::End { after: 0 }));
        assert!(matches!(table.judge(&second), Act::Pass));
        assert_eq!(rule.hits(), 1);
    }

    #[test]
    fn every_fitting_frame_from_the_nth_on_is_meant_if_so_asked() {
        let mut table = Table::default();
        let when = When::request(OpCode::GetData).nth(2).every();
        let rule = table.add(when, Reaction::CutAfter);
        let acts = [(); 4].map(|()| table.judge(&request(OpCode::GetData, "/", 0)));
        let passed = acts.iter().filter(|act| matches!(act, Act::Pass)).count();
        assert_eq!((passed, rule.hits()), (1, 3));
    }

    #[test]
    fn each_third_fitting_frame_is_meant_if_so_asked() {
        let mut table = Table::default();
        let rule = table.add(When::request(OpCode::GetData).nth(2).each(3), Reaction::Cut);
        let meant = [(); 9].map(|()| {
            let act = table.judge(&request(OpCode::GetData, "/", 0));
            !matches!(act, Act::Pass)
        });
        let expected = [1, 4, 7].map(|at| meant[at]);
        assert_eq!((expected, rule.hits()), ([true; 3], 3));
    }

    #[test]
    fn a_byte_of_the_connection_is_found_in_its_frame() {
        let mut table = Table::default();
        let rule = table.add(When::byte(Direction::ToServer, 25), Reaction::CutAtByte);
        assert!(matches!(
            table.judge(&request(OpCode::GetData, "/", 10)),
            Act::Pass
        ));
        assert!(matches!(
            table.judge(&request(OpCode::GetData, "/", 20)),
            Act::End { after: 5 }
        ));
        assert_eq!(rule.hits(), 1);
    }
}
