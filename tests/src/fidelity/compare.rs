//! A script on a real server and on an embedded one, and what differs.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use zk_embedded::Version;

use super::cells::Cells;
use super::core_peer::CorePeer;
use super::generate;
use super::play::{Played, play, who_am_i};
use super::script::Step;
use super::tcp_peer::TcpPeer;

/// A real server on a port, and an embedded one for each script.
#[derive(Debug)]
pub(super) struct Contest {
    version: Version,
    port: u16,
    address: IpAddr,
    next_root: u32,
    pub(super) cells: Cells,
    /// Frames to each server.
    pub(super) sent: u64,
    /// Frames from the real server, each compared with one of the embedded server's.
    pub(super) compared: u64,
    pub(super) steps: u64,
}

/// Where two servers said different things.
#[derive(Debug)]
pub struct Mismatch {
    seed: u64,
    script: Vec<Step>,
    at: usize,
    real: Vec<String>,
    embedded: Vec<String>,
}

impl Contest {
    /// Against a real server of this release, which nobody else writes to.
    pub(super) fn new(version: Version, port: u16) -> Self {
        Self {
            version,
            port,
            address: own_address(port),
            next_root: 0,
            cells: Cells::default(),
            sent: 0,
            compared: 0,
            steps: 0,
        }
    }

    /// Plays the script of a seed on both.
    ///
    /// # Errors
    ///
    /// A [`Mismatch`] with the shortest script that still shows it.
    pub(super) fn compare(&mut self, seed: u64) -> Result<(), Box<Mismatch>> {
        let all: Vec<usize> = (0..generate::script(seed, ROOT).len()).collect();
        let Some(mut found) = self.differ(seed, &all, true) else {
            return Ok(());
        };
        // What comes behind the difference has no part in it. Of the rest each step may be superfluous.
        let mut needed: Vec<usize> = all.into_iter().take(found.at + 1).collect();
        let mut at = needed.len();
        while at > 0 {
            at -= 1;
            let mut fewer = needed.clone();
            fewer.remove(at);
            if let Some(smaller) = self.differ(seed, &fewer, false) {
                needed = fewer;
                found = smaller;
                at = at.min(needed.len());
            }
        }
        Err(Box::new(found))
    }

    fn differ(&mut self, seed: u64, kept: &[usize], counts: bool) -> Option<Mismatch> {
        self.next_root += 1;
        let root = format!("/f{:07}", self.next_root);
        let script = generate::script(seed, &root);
        let script: Vec<Step> = kept
            .iter()
            .filter_map(|at| script.get(*at).cloned())
            .collect();
        let real = play(&mut TcpPeer::new(self.port), &root, &script);
        let embedded = play(
            &mut CorePeer::new(self.version, self.address),
            &root,
            &script,
        );
        if counts {
            self.cells.add(&real.cells);
            self.sent += real.sent;
            self.compared += real.received;
            self.steps += script.len() as u64;
        }
        first_difference(&real, &embedded).map(|at| Mismatch {
            seed,
            at,
            real: real.seen[at].clone(),
            embedded: embedded.seen[at].clone(),
            script,
        })
    }
}

/// All roots are as long as this.
const ROOT: &str = "/f0000000";

fn first_difference(real: &Played, embedded: &Played) -> Option<usize> {
    let pairs = real.seen.iter().zip(&embedded.seen);
    pairs
        .into_iter()
        .position(|(real, embedded)| real != embedded)
}

impl Mismatch {
    pub(super) const fn seed(&self) -> u64 {
        self.seed
    }

    /// The operation, and what about its answer is different.
    pub(super) fn kind(&self) -> String {
        let op = self.script.get(self.at).map_or("end", Step::op_name);
        let mut pairs = self.real.iter().zip(&self.embedded);
        let differs = pairs.find(|(real, embedded)| real != embedded);
        let what = match differs {
            Some((real, embedded)) => difference(real, embedded),
            None => "number of frames",
        };
        format!("{op}: {what}")
    }
}

/// In which respect two lines differ, of `session N: reply xid N zxid N CODE …` or others.
fn difference(real: &str, embedded: &str) -> &'static str {
    let words = |line: &str| -> Vec<String> { line.split(' ').map(str::to_owned).collect() };
    let (real, embedded) = (words(real), words(embedded));
    let is =
        |what: &str| [&real, &embedded].map(|words| words.get(2).is_some_and(|word| word == what));
    match (is("reply"), is("event")) {
        (_, [true, true]) => "what an event tells",
        (_, [false, true] | [true, false]) => "an event, or the order of events",
        ([true, true], _) => match (0..real.len()).find(|at| real.get(*at) != embedded.get(*at)) {
            Some(0..=4) => "order of answers",
            Some(5..=6) => "zxid",
            Some(7) => "error code",
            _ => "content",
        },
        _ => "handshake, or who hangs up",
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "seed {}, step {} of what is left of the script:",
            self.seed, self.at
        )?;
        for (at, step) in self.script.iter().enumerate() {
            writeln!(f, "  {at:2}  session {} {:?}", step.who, step.action)?;
        }
        writeln!(f, "the real server:")?;
        for line in &self.real {
            writeln!(f, "  {line}")?;
        }
        writeln!(f, "the embedded server:")?;
        for line in &self.embedded {
            writeln!(f, "  {line}")?;
        }
        write!(
            f,
            "again: cargo xtask campaign fidelity --from {} --scripts 1",
            self.seed
        )
    }
}

/// The address that the server sees, which the engine's translation decides.
fn own_address(port: u16) -> IpAddr {
    who_am_i(&mut TcpPeer::new(port)).unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST))
}

#[cfg(test)]
mod tests {
    use zk_wire::Request;

    use super::*;
    use crate::fidelity::script::Action;

    const HOME: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn embedded(version: Version, seed: u64) -> Played {
        let script = generate::script(seed, ROOT);
        play(&mut CorePeer::new(version, HOME), ROOT, &script)
    }

    #[test]
    fn two_servers_of_one_release_say_the_same_and_those_of_two_do_not() {
        let mut differ = 0;
        for seed in 0..40 {
            let newer = embedded(Version::V3_9, seed);
            assert_eq!(
                first_difference(&newer, &embedded(Version::V3_9, seed)),
                None
            );
            let older = embedded(Version::V3_8_DEBIAN, seed);
            differ += usize::from(first_difference(&newer, &older).is_some());
        }
        assert!(differ > 30, "{differ} of 40 show the release");
    }

    #[test]
    fn every_script_has_thirty_steps_two_sessions_a_multi_and_a_watch_in_most() {
        let mut watching = 0;
        for seed in 0..200 {
            let script = generate::script(seed, ROOT);
            assert!(script.len() >= 30, "{seed}");
            assert!(
                [0, 1]
                    .iter()
                    .all(|who| script.iter().any(|step| step.who == *who))
            );
            let is_multi = |step: &Step| matches!(step.action, Action::Ask(Request::Multi(_)));
            assert!(script.iter().any(is_multi), "{seed}");
            watching += usize::from(script.iter().any(|step| {
                matches!(
                    step.action,
                    Action::Watch(_)
                        | Action::Return(_)
                        | Action::Ask(
                            Request::AddWatch { .. }
                                | Request::GetData { watch: true, .. }
                                | Request::Exists { watch: true, .. }
                                | Request::GetChildren { watch: true, .. }
                        )
                )
            }));
        }
        assert!(watching > 190, "{watching} of 200");
    }

    #[test]
    fn a_difference_is_named_after_the_first_thing_that_differs() {
        for (real, embedded, what) in [
            (
                "reply xid 1 zxid +1 ok",
                "reply xid 2 zxid +1 ok",
                "order of answers",
            ),
            ("reply xid 1 zxid +1 ok", "reply xid 1 zxid +2 ok", "zxid"),
            (
                "reply xid 1 zxid +1 ok",
                "reply xid 1 zxid +1 NoNode(-101)",
                "error code",
            ),
            (
                "reply xid 1 zxid +1 ok 3 bytes: x",
                "reply xid 1 zxid +1 ok 3 bytes: y",
                "content",
            ),
            (
                "event NodeDeleted \"/a\"",
                "reply xid 1 zxid +1 ok",
                "an event, or the order of events",
            ),
            (
                "event NodeDeleted \"/a\"",
                "event NodeDeleted \"/b\"",
                "what an event tells",
            ),
            (
                "closed",
                "reply xid 1 zxid +1 ok",
                "handshake, or who hangs up",
            ),
        ] {
            let line = |text: &str| format!("session 0: {text}");
            assert_eq!(
                difference(&line(real), &line(embedded)),
                what,
                "{real} {embedded}"
            );
        }
    }
}
