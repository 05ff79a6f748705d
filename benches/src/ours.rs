//! Our client and its mutex.

use std::time::{Duration, Instant};

use zk_recipes::{Client, Mutex, TreeCache};

use crate::contender::{Contender, Role, Run, Workload};
use crate::host::{Flavour, Host};
use crate::outcome::Outcome;
use crate::stage::{Stage, TREE_NODES};

/// What the table calls our client whose reads are not joined, on tokio's default runtime.
pub(crate) const ALONE: &str = "ours, multi-thread runtime, reads not joined";

/// What the table calls our client on this runtime.
pub(crate) const fn name(flavour: Flavour) -> &'static str {
    match flavour {
        Flavour::CurrentThread => "ours, current-thread runtime",
        Flavour::MultiThread => "ours, multi-thread runtime",
    }
}

/// A client on a runtime of its own.
pub(crate) struct Ours {
    flavour: Flavour,
    joins_reads: bool,
    client: Client,
    stage: Stage,
    mutex: Mutex,
    host: Host,
}

impl Ours {
    pub(crate) fn connect(stage: &Stage, flavour: Flavour, joins_reads: bool) -> Outcome<Self> {
        let host = Host::start(flavour)?;
        let address = stage.address().to_owned();
        let client = host.wait(async move {
            let builder = Client::builder(address).session_timeout(Duration::from_secs(30));
            let builder = builder.read_coalescing(joins_reads);
            Ok(builder.connect().await?)
        })?;
        let lock = stage.lock(match (flavour, joins_reads) {
            (Flavour::CurrentThread, _) => "ours-current",
            (Flavour::MultiThread, true) => "ours-multi",
            (Flavour::MultiThread, false) => "ours-alone",
        });
        let mutex = Mutex::new(&client, &lock)?;
        Ok(Self {
            flavour,
            joins_reads,
            client,
            stage: stage.clone(),
            mutex,
            host,
        })
    }
}

impl Ours {
    /// Each caller reads one of the nodes.
    fn gets(&self, callers: usize, nodes: Vec<String>, len: usize, time: Duration) -> Outcome<Run> {
        let client = self.client.clone();
        let mut nodes = nodes.into_iter().cycle();
        self.host.run(callers, time, move |until| {
            gets(client.clone(), nodes.next(), len, until)
        })
    }
}

impl Contender for Ours {
    fn name(&self) -> String {
        match self.joins_reads {
            true => name(self.flavour).to_owned(),
            false => ALONE.to_owned(),
        }
    }

    fn role(&self) -> Role {
        match self.flavour {
            Flavour::CurrentThread => Role::Variant,
            Flavour::MultiThread if self.joins_reads => Role::Base,
            Flavour::MultiThread => Role::Variant,
        }
    }

    fn does(&self, workload: Workload) -> bool {
        self.joins_reads || matches!(workload, Workload::Get(_) | Workload::Read(..))
    }

    fn run(&mut self, workload: Workload, time: Duration) -> Outcome<Run> {
        match workload {
            Workload::Get(callers) => self.gets(callers, vec![self.stage.node()], 100, time),
            Workload::Read(bytes, spread) => {
                let nodes = self.stage.nodes_of(bytes, spread);
                self.gets(Workload::MOST_IN_FLIGHT, nodes, bytes, time)
            }
            Workload::CacheLoad => {
                let (client, top) = (self.client.clone(), self.stage.tree());
                self.host.run(1, time, move |until| {
                    loads(client.clone(), top.clone(), until)
                })
            }
            Workload::Mutex | Workload::MutexDropped => {
                let mutex = self.mutex.clone();
                let await_release = workload == Workload::Mutex;
                self.host.run(1, time, move |until| {
                    locks(mutex.clone(), await_release, until)
                })
            }
        }
    }

    fn requests(&self) -> Option<u64> {
        Some(self.client.stats().requests)
    }
}

impl Drop for Ours {
    fn drop(&mut self) {
        let client = self.client.clone();
        let _ = self.host.wait(async move { Ok(client.close().await?) });
    }
}

async fn gets(client: Client, node: Option<String>, len: usize, until: Instant) -> Outcome<u64> {
    let node = node.ok_or("no node to read")?;
    let mut done = 0;
    while Instant::now() < until {
        let read = client.get(&node).await?;
        if read.data.len() != len {
            return Err(format!("{} bytes of {len}", read.data.len()).into());
        }
        done += 1;
    }
    Ok(done)
}

async fn loads(client: Client, top: String, until: Instant) -> Outcome<u64> {
    let mut done = 0;
    while done == 0 || Instant::now() < until {
        let (cache, driver) = TreeCache::new(&client, &top)?.keep();
        let driver = tokio::spawn(driver);
        let cache = cache.loaded().await?;
        if cache.len() != TREE_NODES + 1 {
            return Err(format!("{} nodes of {TREE_NODES}", cache.len()).into());
        }
        cache.close();
        driver.await??;
        done += 1;
    }
    Ok(done)
}

async fn locks(mutex: Mutex, await_release: bool, until: Instant) -> Outcome<u64> {
    let mut done = 0;
    while Instant::now() < until {
        let guard = mutex.acquire().await?;
        if await_release {
            guard.release().await?;
        } else {
            drop(guard);
        }
        done += 1;
    }
    Ok(done)
}
