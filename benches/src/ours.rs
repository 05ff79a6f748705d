//! Our client and its mutex.

use std::time::{Duration, Instant};

use zk_recipes::{Client, Mutex};

use crate::contender::{Contender, Role, Run, Workload};
use crate::host::{Flavour, Host};
use crate::outcome::Outcome;
use crate::stage::Stage;

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
    client: Client,
    node: String,
    mutex: Mutex,
    host: Host,
}

impl Ours {
    pub(crate) fn connect(stage: &Stage, flavour: Flavour) -> Outcome<Self> {
        let host = Host::start(flavour)?;
        let address = stage.address().to_owned();
        let client = host.wait(async move {
            let builder = Client::builder(address).session_timeout(Duration::from_secs(30));
            Ok(builder.connect().await?)
        })?;
        let lock = stage.lock(match flavour {
            Flavour::CurrentThread => "ours-current",
            Flavour::MultiThread => "ours-multi",
        });
        let mutex = Mutex::new(&client, &lock)?;
        Ok(Self {
            flavour,
            client,
            node: stage.node(),
            mutex,
            host,
        })
    }
}

impl Contender for Ours {
    fn name(&self) -> String {
        name(self.flavour).to_owned()
    }

    fn role(&self) -> Role {
        match self.flavour {
            Flavour::CurrentThread => Role::Peer,
            Flavour::MultiThread => Role::Base,
        }
    }

    fn does(&self, _workload: Workload) -> bool {
        true
    }

    fn run(&mut self, workload: Workload, time: Duration) -> Outcome<Run> {
        match workload {
            Workload::Get(callers) => {
                let (client, node) = (self.client.clone(), self.node.clone());
                self.host.run(callers, time, move |until| {
                    gets(client.clone(), node.clone(), until)
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

async fn gets(client: Client, node: String, until: Instant) -> Outcome<u64> {
    let mut done = 0;
    while Instant::now() < until {
        let read = client.get(&node).await?;
        debug_assert_eq!(read.data.len(), 100);
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
