//! The crate `zookeeper-client` and its lock.

use std::time::{Duration, Instant};

use zookeeper_client::{Acls, Client, LockOptions, LockPrefix};

use crate::contender::{Contender, Run, Workload};
use crate::host::{Flavour, Host};
use crate::outcome::Outcome;
use crate::stage::Stage;

/// What the table calls it.
pub(crate) const NAME: &str = "zookeeper-client 0.11, multi-thread runtime";

/// A client on a multi-thread runtime of its own.
pub(crate) struct Incumbent {
    client: Client,
    node: String,
    lock: String,
    host: Host,
}

impl Incumbent {
    pub(crate) fn connect(stage: &Stage) -> Outcome<Self> {
        let host = Host::start(Flavour::MultiThread)?;
        let address = stage.address().to_owned();
        let client = host.wait(async move {
            let connector = Client::connector().with_session_timeout(Duration::from_secs(30));
            Ok(connector.connect(&address).await?)
        })?;
        Ok(Self {
            client,
            node: stage.node(),
            lock: stage.lock("incumbent"),
            host,
        })
    }
}

impl Contender for Incumbent {
    fn name(&self) -> String {
        NAME.to_owned()
    }

    fn does(&self, workload: Workload) -> bool {
        !matches!(workload, Workload::Read(..) | Workload::CacheLoad)
    }

    fn remark(&self, workload: Workload) -> Option<&'static str> {
        (workload == Workload::Mutex)
            .then_some("its release cannot be awaited: the delete runs in the background")
    }

    fn run(&mut self, workload: Workload, time: Duration) -> Outcome<Run> {
        let client = self.client.clone();
        match workload {
            Workload::Get(callers) => {
                let node = self.node.clone();
                self.host.run(callers, time, move |until| {
                    gets(client.clone(), node.clone(), until)
                })
            }
            Workload::Read(..) | Workload::CacheLoad => Err("it has nothing like it".into()),
            Workload::Mutex | Workload::MutexDropped => {
                let lock = self.lock.clone();
                self.host.run(1, time, move |until| {
                    locks(client.clone(), lock.clone(), until)
                })
            }
        }
    }
}

async fn gets(client: Client, node: String, until: Instant) -> Outcome<u64> {
    let mut done = 0;
    while Instant::now() < until {
        let (data, _) = client.get_data(&node).await?;
        debug_assert_eq!(data.len(), 100);
        done += 1;
    }
    Ok(done)
}

async fn locks(client: Client, lock: String, until: Instant) -> Outcome<u64> {
    let mut done = 0;
    while Instant::now() < until {
        let prefix = LockPrefix::new_curator(&lock, "lock-")?;
        let options = LockOptions::new(Acls::anyone_all());
        drop(client.lock(prefix, b"bench", options).await?);
        done += 1;
    }
    Ok(done)
}
