//! All recipes at once on three real servers, while these are killed, paused and cut off, and connections with them; then
//! what everybody was told is held against the servers' own logs.
//!
//! The seed fixes the order of faults and what the clients choose, not how they fall together.

mod access;
mod blows;
mod calls;
mod crowd;
mod diary;
mod judge;
mod order;
mod parting;
mod pictures;
mod remains;
mod report;
mod scribe;
mod tally;
mod work;
mod worker;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::sleep;
use zk_checkers::History;
use zk_recipes::{Client, Mutex, RwLock};

use crate::dice::Dice;
use crate::{Deadline, Ensemble, deadline};
use access::{Access, Mishap, SESSION};
use crowd::Crowd;
use diary::{Diary, now};
use judge::{Books, Span};
use order::Order;
use parting::Mourner;
pub use report::Report;
use scribe::Scribe;
use work::locks::{MULTI, MUTEX, RW};
use work::{parts, transactions};
use worker::{ROOT, Worker};

/// How many clients there are.
const CLIENTS: usize = 5;

/// The exclusive locks that have a ledger.
const LEDGERS: [&str; 8] = [
    "mutex",
    "reentrant",
    "rw",
    "semmutex",
    "multi-a",
    "multi-b",
    "election",
    "latch",
];

/// Safe windows of lost holds that were compared with the next grant: how many there are in one run is chance, so it is
/// the campaign that has to have some.
pub const WINDOWS: &str = "safe windows compared";

/// One run.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::exhaustive_structs, reason = "a caller names them all")]
pub struct Chaos {
    /// What order and choices follow from.
    pub seed: u64,
    /// How long there are faults; each kind happens at least once.
    pub time: Duration,
}

/// One client and what may happen to it.
struct Station {
    zk: Client,
    access: Arc<Access>,
}

impl Chaos {
    /// Runs it, and judges it. Blocks.
    ///
    /// # Panics
    ///
    /// If servers cannot be started, or do not recover.
    #[must_use]
    pub fn run(&self) -> Report {
        let begun = Instant::now();
        let runtime = Runtime::new().expect("a runtime starts");
        let ensemble = Arc::new(Ensemble::start_on_record());
        let mut report = runtime.block_on(self.burn(&ensemble));
        report.took = begun.elapsed();
        report
    }

    async fn burn(&self, ensemble: &Arc<Ensemble>) -> Report {
        let diary = Arc::new(Diary::default());
        let witness = Client::builder(ensemble.connect_string());
        let witness = witness.session_timeout(SESSION).connect().await;
        let witness = witness.expect("the servers serve");
        lay_out(&witness).await;
        let mut stations = Vec::new();
        for _ in 0..CLIENTS {
            let access = Arc::new(Access::new(ensemble).await);
            let builder = Client::builder(access.connect_string()).session_timeout(SESSION);
            let zk = builder.connect().await.expect("the servers serve");
            stations.push(Station { zk, access });
        }
        let scribe = Arc::new(Scribe::new());
        let met = follow_sessions(&stations, &scribe);
        let (live, alive) = watch::channel(true);
        let (writers, watchers) = (Crowd::new(), Crowd::new());
        let mut workers = JoinSet::new();
        for (number, station) in stations.iter().enumerate() {
            work::start(&mut workers, |name| {
                let who = format!("{name}-{number}");
                Worker {
                    zk: station.zk.clone(),
                    number,
                    dice: self.dice(&who),
                    who,
                    diary: Arc::clone(&diary),
                    scribe: Arc::clone(&scribe),
                    live: alive.clone(),
                    serial: 0,
                    writing: Some(writers.enter()),
                    watching: Some(watchers.enter()),
                    is_last: number + 1 == CLIENTS,
                }
            });
        }
        self.break_things(ensemble, &stations, &witness, &diary)
            .await;
        let healed = now();
        let mut findings = tally::calm(&diary).await;
        live.send_replace(false);
        findings.extend(join(workers).await);
        let span = Span {
            healed,
            ended: now(),
        };
        drop(met);
        findings.extend(leave(&stations, &witness, &diary).await);
        drop(stations);
        findings.extend(remains::find(ensemble, &witness).await);
        let books = books(&witness, &diary).await;
        let quiet = witness.close().await;
        quiet.expect("the servers serve");
        let log = Arc::clone(ensemble);
        let committed = spawn_blocking(move || log.committed()).await;
        let committed = committed.expect("the logs are whole");
        let mut page = std::mem::take(&mut *diary.page());
        let windows = books.windows().try_into().unwrap_or(u64::MAX);
        page.counts.insert(WINDOWS, windows);
        findings.extend(judge::judge(&page, &Order::new(&committed)));
        findings.extend(books.findings());
        let said = judge::judge_history(&scribe, &committed, span);
        findings.extend(said.findings);
        for (checker, history) in said.refused {
            findings.push(self.keep(checker, &history));
        }
        let judged = said.judged.try_into().unwrap_or(u64::MAX);
        page.counts.insert("records judged by checkers", judged);
        findings.extend(tally::too_few(&page));
        Report {
            seed: self.seed,
            time: self.time,
            took: Duration::ZERO,
            committed: committed.len(),
            counts: page.counts,
            books: books.to_string(),
            findings,
        }
    }

    /// Keeps a history that was refused, for a test to read; says where.
    fn keep(&self, checker: &str, history: &History) -> String {
        let file = format!("target/chaos/seed-{}-{checker}.txt", self.seed);
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(&file);
        let made = path.parent().map_or(Ok(()), std::fs::create_dir_all);
        match made.and_then(|()| std::fs::write(&path, history.to_string())) {
            Ok(()) => format!("what the checker of {checker} was shown is in {file}"),
            Err(error) => format!("{file} was not written: {error}"),
        }
    }

    /// The chance of one part of the run.
    fn dice(&self, of: &str) -> Dice {
        let part = of.bytes().fold(self.seed, |sum, byte| {
            sum.wrapping_mul(0x0100_0000_01b3) ^ u64::from(byte)
        });
        Dice::new(part)
    }

    /// Everything at once: blows to the servers, mishaps to each client, and an operator who breaks locks.
    async fn break_things(
        &self,
        ensemble: &Arc<Ensemble>,
        stations: &[Station],
        witness: &Client,
        diary: &Arc<Diary>,
    ) {
        let mut mishaps = JoinSet::new();
        for (number, station) in stations.iter().enumerate() {
            let access = Arc::clone(&station.access);
            let dice = self.dice(&format!("mishap-{number}"));
            mishaps.spawn(befall(number, access, Arc::clone(diary), dice));
        }
        let operator = evict(witness.clone(), Arc::clone(diary), self.dice("operator"));
        mishaps.spawn(operator);
        let (servers, noted) = (Arc::clone(ensemble), Arc::clone(diary));
        let (mut dice, time) = (self.dice("blows"), self.time);
        let rain = spawn_blocking(move || blows::rain(&servers, &noted, &mut dice, time));
        rain.await.expect("the servers recover");
        mishaps.shutdown().await;
        for station in stations {
            station.access.heal();
        }
        // What was held is held for ever.
        for station in stations {
            station.access.cut();
        }
    }
}

/// What the workers expect to be there.
async fn lay_out(zk: &Client) {
    let mut nodes = vec![
        ROOT.to_owned(),
        format!("{ROOT}/pulse"),
        format!("{ROOT}/ledger"),
        parts::DESKS.to_owned(),
        transactions::ACCOUNTS.to_owned(),
        transactions::SWITCH.to_owned(),
        transactions::THEN.to_owned(),
        transactions::OTHERWISE.to_owned(),
    ];
    nodes.extend(parts::ITEMS.map(|item| format!("{}/{item}", parts::DESKS)));
    for place in LEDGERS.iter().chain(&["lease"]) {
        nodes.push(format!("{ROOT}/ledger/{place}"));
        nodes.push(format!("{ROOT}/ledger/{place}/marks"));
    }
    for node in nodes {
        zk.create(&node, "").await.expect("nothing is there yet");
    }
    for place in LEDGERS {
        let counter = format!("{ROOT}/ledger/{place}/counter");
        zk.create(&counter, "0 start")
            .await
            .expect("nothing is there yet");
    }
}

/// One mishap after the other, to one client.
async fn befall(number: usize, access: Arc<Access>, diary: Arc<Diary>, mut dice: Dice) {
    loop {
        for mishap in Mishap::round(&mut dice) {
            sleep(Duration::from_millis(1000 + dice.below(2500) as u64)).await;
            if mishap == Mishap::Silence {
                until_holding(number, &diary).await;
            }
            if access.suffer(mishap, &mut dice).await {
                diary.count(mishap.name());
            }
        }
    }
}

/// Waits for a hold of this client that it can lose, but not for long.
async fn until_holding(number: usize, diary: &Diary) {
    for _ in 0..300 {
        if diary.page().holding.contains(&number) {
            return;
        }
        sleep(Duration::from_millis(20)).await;
    }
}

/// Deletes the node of a holder now and then, as an operator does who breaks a lock.
async fn evict(zk: Client, diary: Arc<Diary>, mut dice: Dice) {
    loop {
        sleep(Duration::from_millis(500 + dice.below(1500) as u64)).await;
        let path = dice.pick(&[MUTEX, RW, MULTI[0]]);
        let contenders = if *path == RW {
            RwLock::new(&zk, path).expect("a path").contenders().await
        } else {
            Mutex::new(&zk, path).expect("a path").contenders().await
        };
        let contenders = contenders.unwrap_or_default();
        if let Some(holder) = contenders.into_iter().find(|contender| contender.holds) {
            diary.page().evicted.insert(holder.node.clone());
            if zk.delete(&holder.node).await.is_ok() {
                diary.count("evictions");
            }
        }
    }
}

/// Waits for the workers, each of whom ends its last use.
async fn join(mut workers: JoinSet<()>) -> Vec<String> {
    let limit: Deadline = deadline(Duration::from_secs(60));
    let mut findings = Vec::new();
    while !workers.is_empty() {
        match tokio::time::timeout(limit.remaining(), workers.join_next()).await {
            Ok(Some(Err(error))) => findings.push(format!("G7: a worker failed: {error}")),
            Ok(_) => {}
            Err(_) => {
                findings.push(format!(
                    "G9: {} workers do not come to an end",
                    workers.len()
                ));
                workers.shutdown().await;
            }
        }
    }
    findings
}

/// Looks at the session of each client, often, until that is dropped.
fn follow_sessions(stations: &[Station], scribe: &Arc<Scribe>) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    for (process, station) in (1..).zip(stations) {
        let (zk, scribe) = (station.zk.clone(), Arc::clone(scribe));
        tasks.spawn(async move {
            loop {
                scribe.meet(process, &zk);
                sleep(Duration::from_millis(20)).await;
            }
        });
    }
    tasks
}

/// Closes all clients but one, which the servers have to give up.
async fn leave(stations: &[Station], witness: &Client, diary: &Diary) -> Vec<String> {
    let mut findings = Vec::new();
    let sessions: u64 = stations.iter().map(|station| station.zk.generation()).sum();
    let expired = sessions - stations.len() as u64;
    diary.page().counts.insert("sessions expired", expired);
    let Some((gone, others)) = stations.split_last() else {
        return findings;
    };
    let mourner = Mourner::meet(witness, others.len()).await;
    gone.access.silence();
    match mourner {
        Ok(mourner) => findings.extend(mourner.see_off(diary).await),
        Err(error) => findings.push(format!("nobody sees who is registered: {error}")),
    }
    for station in others {
        if let Err(error) = station.zk.close().await {
            findings.push(format!("G5: a client did not clean up: {error}"));
        }
    }
    findings
}

/// The ledgers, read back behind everything that was committed.
async fn books(witness: &Client, diary: &Diary) -> Books {
    witness.barrier().await.expect("the servers serve");
    let mut books = Books::default();
    for place in LEDGERS {
        let base = format!("{ROOT}/ledger/{place}");
        let counter = witness.get(&format!("{base}/counter")).await;
        let counter = counter.expect("the counter is there").data;
        let marks = witness.children(&format!("{base}/marks")).await;
        let marks = marks.expect("the marks are there");
        let counter = String::from_utf8_lossy(&counter);
        books.judge(place, &diary.page(), &counter, &marks);
    }
    books
}
