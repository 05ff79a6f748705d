//! Many scripts, on as many real servers at a time as the machine has use for.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use zk_embedded::Version;

use super::acls::SUPER_DIGEST;
use super::cells::Cells;
use super::compare::{Contest, Mismatch};
use super::reachable;
use crate::{RealServer, note};

/// Scripts of consecutive seeds on real servers of one release.
#[derive(Clone, Copy, Debug)]
#[expect(
    clippy::exhaustive_structs,
    reason = "whoever starts one decides on all of it"
)]
pub struct Campaign {
    /// [`Version::V3_9`] or [`Version::V3_8_DEBIAN`]: these there are images of.
    pub version: Version,
    /// The first seed.
    pub from: u64,
    /// How many seeds.
    pub scripts: u64,
    /// How many real servers are asked at a time.
    pub servers: usize,
}

/// What came of a campaign.
#[derive(Debug)]
pub struct Sum {
    campaign: Campaign,
    cells: Cells,
    sent: u64,
    compared: u64,
    steps: u64,
    scripts: u64,
    mismatches: Vec<Mismatch>,
    wall: Duration,
}

impl Campaign {
    /// Plays the scripts. `progress` hears how many are done and how many of them differed.
    ///
    /// # Panics
    ///
    /// If a real server cannot be started.
    #[must_use]
    pub fn run(self, progress: &(dyn Fn(u64, usize) + Sync)) -> Sum {
        let begun = Instant::now();
        let sum = Mutex::new(Sum {
            campaign: self,
            cells: Cells::default(),
            sent: 0,
            compared: 0,
            steps: 0,
            scripts: 0,
            mismatches: Vec::new(),
            wall: Duration::ZERO,
        });
        let next = Mutex::new(self.from);
        thread::scope(|scope| {
            for _ in 0..self.servers.max(1) {
                scope.spawn(|| while self.life_of_a_server(&next, &sum, progress) {});
            }
        });
        let mut sum = sum.into_inner().expect("no worker has panicked");
        sum.wall = begun.elapsed();
        sum.mismatches.sort_by_key(Mismatch::seed);
        sum
    }

    /// Plays as many scripts as one server is used for. `false` if none is left.
    fn life_of_a_server(
        self,
        next: &Mutex<u64>,
        sum: &Mutex<Sum>,
        progress: &(dyn Fn(u64, usize) + Sync),
    ) -> bool {
        let draw = || {
            let mut next = next.lock().expect("no worker has panicked");
            let seed = *next;
            let is_left = seed < self.from + self.scripts;
            *next += u64::from(is_left);
            is_left.then_some(seed)
        };
        let Some(mut seed) = draw() else {
            return false;
        };
        let server = start(self.version);
        let mut contest = Contest::new(self.version, server.port());
        let mut played = 0;
        loop {
            let found = contest.compare(seed).err();
            played += 1;
            if let Some(mismatch) = &found {
                note(format_args!("{}: {mismatch}", self.version));
            }
            let enough = {
                let mut sum = sum.lock().expect("no worker has panicked");
                sum.scripts += 1;
                sum.mismatches.extend(found.map(|found| *found));
                progress(sum.scripts, sum.mismatches.len());
                sum.mismatches.len() >= ENOUGH
            };
            if enough {
                *next.lock().expect("no worker has panicked") = self.from + self.scripts;
            }
            let following = (played < SERVER_LIFE).then(draw);
            match following {
                Some(Some(following)) => seed = following,
                ended => {
                    let mut sum = sum.lock().expect("no worker has panicked");
                    sum.cells.add(&contest.cells);
                    sum.sent += contest.sent;
                    sum.compared += contest.compared;
                    sum.steps += contest.steps;
                    return ended.is_none();
                }
            }
        }
    }
}

impl Sum {
    /// Where the servers said different things, by seed.
    #[must_use]
    pub fn mismatches(&self) -> &[Mismatch] {
        &self.mismatches
    }

    /// Cells that can be reached and were not.
    #[must_use]
    pub fn unreached(&self) -> Vec<String> {
        reachable::missing(self.campaign.version, &self.cells)
    }
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.wall.as_secs_f64();
        writeln!(
            f,
            "ZooKeeper {}: {} scripts from seed {}, {} steps, {} frames sent to each server, {} frames compared, \
             {} real servers at a time, {seconds:.0} s, {:.0} scripts/s",
            self.campaign.version,
            self.scripts,
            self.campaign.from,
            self.steps,
            self.sent,
            self.compared,
            self.campaign.servers,
            self.scripts as f64 / seconds,
        )?;
        let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
        for mismatch in &self.mismatches {
            *kinds.entry(mismatch.kind()).or_default() += 1;
        }
        for (kind, count) in &kinds {
            writeln!(f, "  {count} differ in {kind}")?;
        }
        let unreached = self.unreached();
        if !unreached.is_empty() {
            writeln!(f, "  not reached: {}", unreached.join(", "))?;
        }
        writeln!(f, "{} differences", self.mismatches.len())?;
        write!(f, "{}", self.cells)
    }
}

/// Nothing happens by itself (containers are left alone), nothing waits for a disk, and little of the machine goes
/// to the virtual machine's own affairs.
fn start(version: Version) -> RealServer {
    let flags = format!(
        "-Xmx384m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dzookeeper.forceSync=no \
         -Dzookeeper.snapCount=10000000 -Dznode.container.checkIntervalMs=86400000 \
         -Dzookeeper.enforceQuota=true \
         -Dzookeeper.DigestAuthenticationProvider.superDigest={SUPER_DIGEST}"
    );
    let settings = [("JVMFLAGS", flags.as_str())];
    if version == Version::V3_8_DEBIAN {
        RealServer::start_older_with(&settings)
    } else {
        RealServer::start_with(&settings)
    }
}

/// A new server after so many scripts: what they leave behind is kept in its memory.
const SERVER_LIFE: u64 = 4000;

/// More of the same would not help.
const ENOUGH: usize = 20;
