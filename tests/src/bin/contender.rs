//! Contenders of one lock that keep a ledger, as a process of its own: the Rust one. `tests/README.md` has the protocol.
#![allow(clippy::print_stdout, reason = "a program whose output its test reads")]

use std::error::Error as StdError;
use std::io::Read;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;
use zk_recipes::{Client, Error, Fate, Held, Layout, LockLostWhy, Mutex};

type Outcome<T> = Result<T, Box<dyn StdError + Send + Sync>>;

#[derive(Clone)]
struct Job {
    connect: String,
    lock: String,
    base: String,
    contenders: u32,
    session: Duration,
    name: String,
    layout: Layout,
}

impl Job {
    fn from_env() -> Outcome<Self> {
        let var = |name: &str| std::env::var(name).map_err(|e| format!("{name}: {e}"));
        Ok(Self {
            connect: var("ZK_CONNECT")?,
            lock: var("ZK_LOCK")?,
            base: var("ZK_BASE")?,
            contenders: var("ZK_CONTENDERS")?.parse()?,
            session: Duration::from_millis(var("ZK_SESSION_MS")?.parse()?),
            name: var("ZK_NAME")?,
            layout: match var("ZK_LAYOUT")?.as_str() {
                "kazoo" => Layout::Kazoo,
                "curator" => Layout::Curator,
                other => return Err(format!("ZK_LAYOUT is curator or kazoo, not {other}").into()),
            },
        })
    }
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let job = Job::from_env()?;
    let mut clients = Vec::new();
    for _ in 0..job.contenders {
        let builder = Client::builder(&job.connect).session_timeout(job.session);
        clients.push(builder.connect().await?);
    }
    say(&json!({ "event": "ready" }));
    let (end, ended) = watch::channel(false);
    std::thread::spawn(move || {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        let _ = end.send(true);
    });
    let tasks: Vec<_> = (0..)
        .zip(clients)
        .map(|(number, zk)| {
            let who = format!("{}-{number}", job.name);
            tokio::spawn(
                Contender {
                    zk,
                    who,
                    job: job.clone(),
                }
                .run(ended.clone()),
            )
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    say(&json!({ "event": "end" }));
    Ok(())
}

fn say(line: &Value) {
    println!("{line}");
}

struct Contender {
    zk: Client,
    who: String,
    job: Job,
}

impl Contender {
    async fn run(self, mut ended: watch::Receiver<bool>) -> Outcome<()> {
        let mutex = Mutex::new(&self.zk, &self.job.lock)?.layout(self.job.layout);
        for count in 0_u64.. {
            let acquire = mutex.acquire().contender(&self.who);
            let guard = tokio::select! {
                guard = acquire => guard,
                _ = ended.wait_for(|ended| *ended) => break,
            };
            let guard = match guard {
                Ok(guard) => guard,
                Err(error) => {
                    eprintln!("{}: acquire: {error}", self.who);
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            let granted = self.zk.now();
            let held = guard.held();
            let safe_until = self.calls(&held, &format!("{}-{count}", self.who)).await;
            // Whether it is lost by now.
            let lost = tokio::time::timeout(Duration::ZERO, held.lost()).await;
            let end = match guard.release().await {
                _ if lost
                    .as_ref()
                    .is_ok_and(|l| l.why == LockLostWhy::NodeDeleted) =>
                {
                    "deleted"
                }
                _ if lost.is_ok() => "lost",
                Ok(released) if released.was_held => "released",
                Ok(_) | Err(_) => "unknown",
            };
            say(&json!({
                "event": "hold", "who": self.who, "token": held.token(), "end": end,
                "granted": granted.as_nanos(), "safe_until": safe_until,
            }));
        }
        self.zk.close().await?;
        Ok(())
    }

    /// The calls of one hold. Returns until when it was last known to be safe.
    async fn calls(&self, held: &Held, id: &str) -> Option<u64> {
        let counter = format!("{}/counter", self.job.base);
        let read = match self.zk.get(&counter).await {
            Ok(read) => read,
            Err(error) => {
                eprintln!("{}: read: {error}", self.who);
                return None;
            }
        };
        let saw = String::from_utf8_lossy(&read.data).into_owned();
        let n: u64 = saw
            .split(' ')
            .next()
            .unwrap_or_default()
            .parse()
            .unwrap_or(0);
        let mut safe_until = safe(held);
        let add = self.zk.set(&counter, format!("{} {id}", n + 1));
        let added = add.fenced_by(held).await.map(drop);
        say(&json!({
            "event": "call", "op": "add", "id": id, "token": held.token(), "saw": saw, "n": n + 1,
            "saw_zxid": read.stat.mzxid.as_raw(), "outcome": outcome(&added), "why": why(&added),
        }));
        safe_until = safe(held).or(safe_until);
        let mark = format!("{}/marks/{id}", self.job.base);
        let mark = self.zk.create(&mark, held.token().to_string());
        let marked = mark.fenced_by(held).await.map(drop);
        say(&json!({
            "event": "call", "op": "mark", "id": id, "token": held.token(),
            "outcome": outcome(&marked), "why": why(&marked),
        }));
        safe(held).or(safe_until)
    }
}

fn safe(held: &Held) -> Option<u64> {
    held.safe_until().map(|moment| moment.as_nanos())
}

fn outcome(result: &Result<(), Error>) -> &'static str {
    match result.as_ref().map_err(Error::fate) {
        Ok(()) => "done",
        Err(Fate::NotApplied) => "not_applied",
        Err(_) => "unknown",
    }
}

fn why(result: &Result<(), Error>) -> Option<String> {
    result.as_ref().err().map(Error::to_string)
}
