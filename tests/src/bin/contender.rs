//! Contenders of one lock that keep a ledger, as a process of its own: the Rust one. `tests/README.md` has the protocol.
#![allow(clippy::print_stdout, reason = "a program whose output its test reads")]

use std::error::Error as StdError;
use std::io::Read;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;
use zk_recipes::{Client, Layout, Mutex};
use zk_tests::ledger::Work;

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
            let held = guard.held();
            let work = Work {
                zk: &self.zk,
                base: &self.job.base,
                who: &self.who,
                id: &format!("{}-{count}", self.who),
                held: &held,
                token: held.token(),
                granted: self.zk.now(),
            };
            let release = async { guard.release().await.map(|released| released.was_held) };
            work.run(release, say).await;
        }
        self.zk.close().await?;
        Ok(())
    }
}
