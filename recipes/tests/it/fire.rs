//! Counters and barriers on an ensemble of three servers under seeded faults, in virtual time: what many runs must never do.

mod barriers;
mod counters;

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::{sleep, timeout};
use zk_client::{BoxStream, ServerAddr, TokioClock, Transport};
use zk_embedded::{EnsembleHooks, PipeEnsemble, ServerId};
use zk_recipes::Client;

/// The runs: few seeds, or as many from 1 as `FIRE_SEEDS` says, for a campaign.
fn seeds() -> Vec<u64> {
    let wanted = std::env::var("FIRE_SEEDS").ok();
    (1..=wanted.map_or(5, |wanted| wanted.parse().unwrap())).collect()
}

/// For how long there are faults.
const FIRE: Duration = Duration::from_secs(15);

/// Three servers and the chance of one run.
struct Fire {
    hooks: EnsembleHooks,
    ensemble: Arc<PipeEnsemble>,
    chance: u64,
}

#[derive(Debug)]
struct Pipes(Arc<PipeEnsemble>);

#[async_trait]
impl Transport for Pipes {
    async fn dial(&self, server: &ServerAddr) -> io::Result<BoxStream> {
        let number = u8::try_from(server.port).map_err(io::Error::other)?;
        Ok(Box::new(self.0.connect(ServerId::new(number))?))
    }
}

impl Fire {
    fn new(seed: u64) -> Self {
        let builder = PipeEnsemble::builder()
            .latency(Duration::from_millis(2))
            .seed(seed);
        let ensemble = Arc::new(builder.in_memory());
        Self {
            hooks: ensemble.hooks(),
            ensemble,
            chance: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
        }
    }

    async fn client(&mut self) -> Client {
        Client::builder("zk:1,zk:2,zk:3")
            .transport(Arc::new(Pipes(Arc::clone(&self.ensemble))))
            .clock(Arc::new(TokioClock::new()))
            .session_timeout(Duration::from_secs(4))
            .seed(self.draw(u64::MAX))
            .connect()
            .await
            .unwrap()
    }

    /// A number below `bound`.
    fn draw(&mut self, bound: u64) -> u64 {
        // xorshift64
        self.chance ^= self.chance << 13;
        self.chance ^= self.chance >> 7;
        self.chance ^= self.chance << 17;
        self.chance % bound
    }

    /// Breaks one thing after the other, then heals everything.
    async fn burn(&mut self) {
        let end = tokio::time::Instant::now() + FIRE;
        while tokio::time::Instant::now() < end {
            let fault = FAULTS[usize::try_from(self.draw(FAULTS.len() as u64)).unwrap()];
            // What makes no sense at the moment, as killing the leader when there is none, is left.
            let _ = self.hooks.chaos(fault);
            sleep(Duration::from_millis(100 + self.draw(2500))).await;
        }
        for heal in [
            "clear",
            "heal",
            "thaw",
            "keep-tails",
            "resume all",
            "restart all",
        ] {
            let _ = self.hooks.chaos(heal);
        }
    }

    /// Waits for something that is bound to happen once everything was healed.
    async fn bound_to<F: Future>(&self, what: &str, seed: u64, future: F) -> F::Output {
        match timeout(Duration::from_secs(120), future).await {
            Ok(output) => output,
            Err(_) => panic!("seed {seed}: never {what}; {:?}", self.hooks.members()),
        }
    }
}

/// What may happen, in the words of the embedded ensemble.
const FAULTS: [&str; 20] = [
    "cut all",
    "cut 1",
    "cut 2",
    "on multi / cut-after",
    "on multi / cut-before",
    "on multi / x 4 cut-after",
    "on create2 / cut-after",
    "on delete / cut-after",
    "on getData / cut-before",
    "kill leader for 1s",
    "kill follower for 2s",
    "partition 1|2,3 for 2s",
    "lag 2 800ms for 3s",
    "freeze for 1s",
    "election",
    "lose-tails",
    "keep-tails",
    "pause leader for 2s",
    "lag 1 1500ms for 4s",
    "expire all",
];
