//! Many scripts on a real server and on embedded ones, and what differs.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use zk_embedded::Version;

use super::cells::Cells;
use super::core_peer::CorePeer;
use super::generate;
use super::play::{Played, play, who_am_i};
use super::reachable;
use super::script::Step;
use super::tcp_peer::TcpPeer;

/// Scripts of consecutive seeds against the server on a port.
#[derive(Debug)]
pub struct Campaign {
    version: Version,
    port: u16,
    address: IpAddr,
    next_root: u32,
    cells: Cells,
    frames: u64,
    steps: u64,
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

impl Campaign {
    /// Against a real server of this release, which nobody else writes to.
    #[must_use]
    pub fn new(version: Version, port: u16) -> Self {
        Self {
            version,
            port,
            address: own_address(port),
            next_root: 0,
            cells: Cells::default(),
            frames: 0,
            steps: 0,
        }
    }

    /// Goes on with another server of the same release.
    pub fn move_to(&mut self, port: u16) {
        self.port = port;
        self.address = own_address(port);
        self.next_root = 0;
    }

    /// Plays the script of a seed on both.
    ///
    /// # Errors
    ///
    /// A [`Mismatch`] with the shortest script that still shows it.
    pub fn compare(&mut self, seed: u64) -> Result<(), Box<Mismatch>> {
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
            self.frames += real.frames + embedded.frames;
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

    /// What the real server answered with.
    #[must_use]
    pub fn cells(&self) -> &Cells {
        &self.cells
    }

    /// How many frames both servers have exchanged.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// How many steps the scripts had.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Cells that can be reached and were not.
    #[must_use]
    pub fn unreached(&self) -> Vec<String> {
        reachable::missing(&self.cells)
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
            "again: ZK_FIDELITY_SEED={} ZK_FIDELITY_SCRIPTS=1",
            self.seed
        )
    }
}

/// The address that the server sees, which the engine's translation decides.
fn own_address(port: u16) -> IpAddr {
    who_am_i(&mut TcpPeer::new(port)).unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST))
}
