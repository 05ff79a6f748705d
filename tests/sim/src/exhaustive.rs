//! Every place of a script that a fault can strike, instead of places drawn by chance.
//!
//! | mode | enumerates |
//! |---|---|
//! | X1 | every frame × {cut before, cut after} it is applied |
//! | X2 | every byte of every frame, cut behind it |
//! | X4 | every pair of frames × every pair of {cut before, cut after, half-open} |
//! | X5 | the session's expiry at every frame × a cut at every frame, before and after |
//!
//! A script is a short plan without faults. Its frames are those from the beginning of the schedule, both ways.

use crate::plan::Plan;
use crate::schedule::{Action, Direction, Event, Trigger};
use crate::seed::Seed;
use crate::sweep::Harness;

/// What is enumerated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Frames.
    X1,
    /// Bytes.
    X2,
    /// Pairs of frames.
    X4,
    /// Expiry and cut.
    X5,
}

/// All cases of one script.
#[derive(Clone, Debug)]
pub struct Cases {
    mode: Mode,
    script: Plan,
    /// Direction, number and length of each frame.
    frames: Vec<(Direction, u64, u64)>,
    count: u64,
}

const CUTS: [Action; 2] = [Action::CutBeforeApply, Action::CutAfterApply];
const KINDS: [Action; 3] = [
    Action::CutBeforeApply,
    Action::CutAfterApply,
    Action::HalfOpen,
];

impl Mode {
    /// Its word on the command line.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        match word {
            "x1" => Some(Self::X1),
            "x2" => Some(Self::X2),
            "x4" => Some(Self::X4),
            "x5" => Some(Self::X5),
            _ => None,
        }
    }

    /// The cases of a script on a harness, found by running it once.
    #[must_use]
    pub fn cases(self, script: &Plan, harness: Harness) -> Cases {
        let frames = harness.run(script).lengths.reachable();
        let n = frames.len() as u64;
        let count = match self {
            Self::X1 => n * 2,
            Self::X2 => frames.iter().map(|(_, _, length)| length).sum(),
            Self::X4 => n * n.saturating_sub(1) / 2 * 9,
            Self::X5 => n * n * 2,
        };
        Cases {
            mode: self,
            script: script.clone(),
            frames,
            count,
        }
    }
}

impl Cases {
    /// How many there are.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// How many frames the script has.
    #[must_use]
    pub fn frames(&self) -> usize {
        self.frames.len()
    }

    /// The plan of one case.
    #[must_use]
    pub fn plan(&self, case: u64) -> Plan {
        let n = self.frames.len() as u64;
        let mut plan = self.script.clone();
        plan.events = match self.mode {
            Mode::X1 => vec![self.at(case / 2, pick(&CUTS, case % 2))],
            Mode::X2 => vec![self.byte(case)],
            Mode::X4 => {
                let (one, other) = pair(case / 9);
                let kinds = case % 9;
                vec![
                    self.at(one, pick(&KINDS, kinds / 3)),
                    self.at(other, pick(&KINDS, kinds % 3)),
                ]
            }
            Mode::X5 => {
                let (pair, cut) = (case / 2, case % 2);
                vec![
                    self.at(pair / n, Action::Expire),
                    self.at(pair % n, pick(&CUTS, cut)),
                ]
            }
        };
        plan
    }

    fn at(&self, frame: u64, action: Action) -> Event {
        let place = usize::try_from(frame).unwrap_or(usize::MAX);
        let known = self.frames.get(place).copied();
        let (way, number, _) = known.unwrap_or((Direction::ToServer, u64::MAX, 0));
        Event {
            trigger: Trigger::Frame(number, way),
            action,
            lasting: None,
            client: None,
        }
    }

    /// The nth byte of all frames, one after the other.
    fn byte(&self, mut nth: u64) -> Event {
        for (frame, (_, _, length)) in self.frames.iter().enumerate() {
            if nth < *length {
                return self.at(frame as u64, Action::CutAtByte(nth + 1));
            }
            nth -= length;
        }
        self.at(u64::MAX, Action::CutBeforeApply)
    }
}

fn pick(actions: &[Action], at: u64) -> Action {
    let at = usize::try_from(at).unwrap_or(0);
    actions.get(at).copied().unwrap_or(Action::CutBeforeApply)
}

/// The nth pair of two different numbers: (0, 1), (0, 2), (1, 2), (0, 3), …
const fn pair(nth: u64) -> (u64, u64) {
    let mut larger = 1;
    let mut before = 0;
    while before + larger <= nth {
        before += larger;
        larger += 1;
    }
    (nth - before, larger)
}

/// A short script: two processes and their calls on one lock and one register.
#[must_use]
pub fn script(seed: u64, servers: usize, calls: u64) -> Plan {
    let ms = std::time::Duration::from_millis;
    let mut plan = Plan::calm(Seed(seed));
    plan.servers = servers;
    plan.clients = 2;
    plan.registers = 1;
    plan.locks = 1;
    plan.lock_percent = 75;
    plan.calls = calls;
    plan.session = ms(1000);
    plan.tick = ms(100);
    plan.latency = ms(3);
    plan.jitter = ms(0);
    plan.span = ms(1500);
    plan.think = ms(5);
    plan.work = ms(5);
    plan
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_pair_comes_once() {
        let pairs: BTreeSet<(u64, u64)> = (0..45).map(pair).collect();
        assert_eq!(pairs.len(), 45);
        assert!(pairs.iter().all(|(one, other)| one < other && *other < 10));
    }

    #[test]
    fn the_cases_of_a_script_are_all_different_and_as_many_as_there_should_be() {
        let script = script(1, 1, 1);
        for mode in [Mode::X1, Mode::X2, Mode::X4, Mode::X5] {
            let mut cases = mode.cases(&script, Harness::Cores);
            assert!(cases.frames() > 20, "{cases:?}");
            // Few frames do, and the count goes with them.
            cases.frames.truncate(8);
            let bytes: u64 = cases.frames.iter().map(|(_, _, length)| length).sum();
            let count = match mode {
                Mode::X1 => 16,
                Mode::X2 => bytes,
                Mode::X4 => 28 * 9,
                Mode::X5 => 128,
            };
            let plans: BTreeSet<String> = (0..count)
                .map(|case| cases.plan(case).to_string())
                .collect();
            assert_eq!(plans.len() as u64, count, "{mode:?}");
        }
    }
}
