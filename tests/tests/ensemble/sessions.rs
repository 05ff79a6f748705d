//! Sessions under load while servers come and go: they stay the same, and what they were told is true.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tokio::task::JoinHandle;
use zk_client::{Client, CreateMode, Fate, Resolver, ServerAddr, SessionId};
use zk_tests::proxy::Proxy;
use zk_tests::{Deadline, Ensemble, Member, deadline, note};

use crate::turn;

const SESSION: Duration = Duration::from_secs(10);
const LIMIT: Duration = Duration::from_secs(240);
const CLIENTS: usize = 4;
const NAMES: [&str; 3] = ["zk1", "zk2", "zk3"];

/// How many writes each client has to see through between two faults.
const PROGRESS: usize = 100;

/// Names whose addresses change.
#[derive(Debug, Default)]
struct Directory(Mutex<BTreeMap<String, SocketAddr>>);

impl Directory {
    fn set(&self, member: Member, address: &str) {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        names.insert(NAMES[member].to_owned(), address.parse().unwrap());
    }
}

#[async_trait]
impl Resolver for Directory {
    async fn addresses(&self, server: &ServerAddr) -> io::Result<Vec<SocketAddr>> {
        let names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = names.get(&server.host).copied();
        found
            .map(|address| vec![address])
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

/// What became of each write, by the client's own account.
#[derive(Debug, Default)]
struct Account {
    done: Vec<String>,
    not_applied: Vec<String>,
    unknown: Vec<String>,
}

/// A client that writes all the time: nodes whose names no other write has, with a number from the server behind them,
/// so that a write that took effect twice is there twice.
struct Writer {
    zk: Client,
    place: String,
    session: SessionId,
    account: Arc<Mutex<Account>>,
    stop: Arc<AtomicBool>,
    task: JoinHandle<()>,
}

impl Writer {
    async fn start(number: usize, directory: &Arc<Directory>) -> Self {
        let builder = Client::builder(NAMES.join(","))
            .session_timeout(SESSION)
            .resolver(Arc::clone(directory) as Arc<_>);
        let zk = builder.connect().await.unwrap();
        assert_eq!(zk.session_timeout(), SESSION);
        let place = format!("/writes-{number}");
        zk.create(&place, "").await.unwrap();
        let own = zk
            .create(&format!("/alive-{number}"), "")
            .mode(CreateMode::Ephemeral);
        own.await.unwrap();
        let account = Arc::new(Mutex::new(Account::default()));
        let stop = Arc::new(AtomicBool::new(false));
        let work = write(
            zk.clone(),
            place.clone(),
            Arc::clone(&account),
            Arc::clone(&stop),
        );
        Self {
            session: zk.session_id().unwrap(),
            zk,
            place,
            account,
            stop,
            task: tokio::spawn(work),
        }
    }

    fn done(&self) -> usize {
        self.account
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .done
            .len()
    }

    fn assert_same_session(&self, after: &str) {
        let now = (self.zk.session_id(), self.zk.generation());
        assert_eq!(
            now,
            (Some(self.session), 1),
            "after {after}: {:?}",
            self.zk.last_expiry()
        );
    }

    /// Ends the writing, and compares the account with what is there.
    async fn judge(self) -> Account {
        self.stop.store(true, Ordering::Relaxed);
        self.task.await.unwrap();
        // A write, so that what is read next is not older than it.
        self.zk.barrier().await.unwrap();
        let mut found: BTreeMap<String, u32> = BTreeMap::new();
        for name in self.zk.children(&self.place).await.unwrap() {
            // Without the ten digits of the server.
            let (name, _) = name.split_at(name.len() - 10);
            *found.entry(name.to_owned()).or_default() += 1;
        }
        let account =
            std::mem::take(&mut *self.account.lock().unwrap_or_else(PoisonError::into_inner));
        let count = |name: &String| found.get(name).copied().unwrap_or(0);
        for name in &account.done {
            assert_eq!(count(name), 1, "{name} was acknowledged");
        }
        for name in &account.not_applied {
            assert_eq!(count(name), 0, "{name} was reported not applied");
        }
        for name in &account.unknown {
            assert!(count(name) <= 1, "{name} is there twice");
        }
        let told = account.done.len() + account.not_applied.len() + account.unknown.len();
        assert!(found.len() <= told, "nodes of nobody");
        let alive = self.zk.ephemerals("/alive").await.unwrap();
        assert_eq!(alive.len(), 1);
        self.zk.close().await.unwrap();
        account
    }
}

/// Eight writes at a time, so that some are under way whatever happens.
async fn write(zk: Client, place: String, account: Arc<Mutex<Account>>, stop: Arc<AtomicBool>) {
    let mut number = 0;
    while !stop.load(Ordering::Relaxed) {
        let batch: Vec<_> = (number..number + 8)
            .map(|number| {
                let name = format!("w{number:07}-");
                let create = zk.create(&format!("{place}/{name}"), "x");
                (name, create.mode(CreateMode::PersistentSequential).submit())
            })
            .collect();
        number += 8;
        for (name, write) in batch {
            let answer = write.await;
            let mut account = account.lock().unwrap_or_else(PoisonError::into_inner);
            match answer.map_err(|error| error.fate()) {
                Ok(_) => account.done.push(name),
                Err(Fate::NotApplied) => account.not_applied.push(name),
                Err(Fate::Unknown) => account.unknown.push(name),
            }
        }
        // Leaves the servers air for each other.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until every writer has got on, each in the session that it began with.
async fn all_go_on(writers: &[Writer], after: &str, limit: &Deadline) {
    for writer in writers {
        let wanted = writer.done() + PROGRESS;
        let got_on = || async { (writer.done() >= wanted).then_some(()) };
        limit.until_some("a writer to go on", got_on).await;
    }
    for writer in writers {
        writer.assert_same_session(after);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_stay_the_same_and_acknowledged_writes_stay_written_while_servers_come_and_go() {
    let _turn = turn().await;
    let limit = deadline(LIMIT);
    let ensemble = Ensemble::start();
    let directory = Arc::new(Directory::default());
    for member in Ensemble::MEMBERS {
        directory.set(member, &ensemble.connect_string_of(member));
    }
    let mut writers = Vec::new();
    for number in 0..CLIENTS {
        writers.push(Writer::start(number, &directory).await);
    }
    all_go_on(&writers, "the start", &limit).await;
    let begun = Instant::now();
    let tell = |what: &str| {
        note(format_args!(
            "{:6.1} s  {what}",
            begun.elapsed().as_secs_f64()
        ))
    };

    for member in Ensemble::MEMBERS {
        tell(&format!("restart member {member}"));
        ensemble.kill(member);
        ensemble.restart(member);
        ensemble.wait_until_all_serve(&limit);
    }
    all_go_on(&writers, "a rolling restart", &limit).await;

    let leader = ensemble.leader();
    tell(&format!("kill member {leader}, the leader"));
    ensemble.kill(leader);
    let others: Vec<_> = Ensemble::MEMBERS.filter(|m| *m != leader).collect();
    ensemble.wait_for_leader_among(&others, &limit);
    all_go_on(&writers, "the leader was killed", &limit).await;
    ensemble.restart(leader);
    ensemble.wait_until_all_serve(&limit);

    let follower = ensemble.follower();
    tell(&format!(
        "pause member {follower}, a follower, for longer than a session"
    ));
    ensemble.pause(follower);
    tokio::time::sleep(SESSION + SESSION / 10).await;
    all_go_on(&writers, "a follower was paused", &limit).await;
    ensemble.unpause(follower);
    ensemble.wait_until_all_serve(&limit);
    all_go_on(&writers, "a follower was continued", &limit).await;

    tell("the names get other addresses, and the old ones go");
    let mut proxies = Vec::new();
    for member in Ensemble::MEMBERS {
        let proxy = Proxy::start(ensemble.connect_string_of(member)).await;
        directory.set(member, &proxy.connect_string());
        proxies.push(proxy);
    }
    // Each session is cut off its old address by a restart, and finds the new one.
    for member in Ensemble::MEMBERS {
        ensemble.kill(member);
        ensemble.restart(member);
        ensemble.wait_until_all_serve(&limit);
    }
    all_go_on(&writers, "the names got other addresses", &limit).await;
    for member in Ensemble::MEMBERS {
        directory.set(member, &ensemble.connect_string_of(member));
    }
    // Now the way through which they go ends.
    drop(proxies);
    all_go_on(&writers, "the names got their old addresses back", &limit).await;
    tell("the end");

    let mut sums = [0; 3];
    for writer in writers {
        let account = writer.judge().await;
        let counts = [&account.done, &account.not_applied, &account.unknown];
        for (sum, names) in sums.iter_mut().zip(counts) {
            *sum += names.len();
        }
    }
    let [done, not_applied, unknown] = sums;
    note(format_args!(
        "{done} writes acknowledged, {not_applied} not applied, {unknown} unknown"
    ));
    assert!(unknown > 0, "no write was under way at any fault");
}
