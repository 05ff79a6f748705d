//! An ensemble whose servers have names, in virtual time.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use zk_client::{BoxStream, Client, ClientBuilder, ServerAddr, State, TokioClock, Transport};
use zk_embedded::{EnsembleBuilder, EnsembleHooks, PipeEnsemble, ServerId};

/// The names of the servers, in order.
pub(crate) const NAMES: [&str; 5] = ["zk1", "zk2", "zk3", "zk4", "zk5"];

/// Everything a test needs of an ensemble.
pub(crate) struct Members {
    ensemble: Arc<PipeEnsemble>,
    pub(crate) hooks: EnsembleHooks,
    pub(crate) names: Arc<Names>,
}

/// The way to the servers: by names that can be moved and taken away.
#[derive(Debug)]
pub(crate) struct Names {
    ensemble: Arc<PipeEnsemble>,
    known: Mutex<BTreeMap<String, ServerId>>,
    /// Who was dialled, in order.
    dialled: Mutex<Vec<String>>,
}

impl Names {
    /// From now on this name leads there, or nowhere.
    pub(crate) fn set(&self, name: &str, server: Option<ServerId>) {
        let mut known = self.known.lock().unwrap();
        match server {
            Some(server) => known.insert(name.to_owned(), server),
            None => known.remove(name),
        };
    }

    pub(crate) fn dialled(&self) -> Vec<String> {
        self.dialled.lock().unwrap().clone()
    }
}

#[async_trait]
impl Transport for Names {
    async fn dial(&self, server: &ServerAddr) -> io::Result<BoxStream> {
        self.dialled.lock().unwrap().push(server.host.clone());
        let known = self.known.lock().unwrap().get(&server.host).copied();
        let known = known.ok_or_else(|| io::Error::other("name not found"))?;
        Ok(Box::new(self.ensemble.connect(known)?))
    }
}

impl Members {
    pub(crate) fn new(describe: impl FnOnce(EnsembleBuilder) -> EnsembleBuilder) -> Self {
        let builder = PipeEnsemble::builder().latency(Duration::from_millis(2));
        let ensemble = Arc::new(describe(builder).in_memory());
        let hooks = ensemble.hooks();
        let names = Arc::new(Names {
            ensemble: Arc::clone(&ensemble),
            known: Mutex::default(),
            dialled: Mutex::default(),
        });
        for (name, number) in NAMES.iter().zip(1..) {
            names.set(name, Some(ServerId::new(number)));
        }
        Self {
            ensemble,
            hooks,
            names,
        }
    }

    pub(crate) fn builder(&self, connect_string: &str) -> ClientBuilder {
        Client::builder(connect_string)
            .transport(Arc::clone(&self.names) as Arc<_>)
            .clock(Arc::new(TokioClock::new()))
            .seed(3)
    }

    pub(crate) async fn client(&self, connect_string: &str) -> Client {
        self.builder(connect_string).connect().await.unwrap()
    }

    /// The server whose connection a client's session has.
    pub(crate) fn host_of(&self, zk: &Client) -> Option<String> {
        let server = zk.server()?;
        Some(server.split(':').next()?.to_owned())
    }

    pub(crate) fn connect(&self, server: u8) -> io::Result<zk_embedded::PipeStream> {
        self.ensemble.connect(ServerId::new(server))
    }
}

/// Waits for a state.
pub(crate) async fn until_state(zk: &Client, wanted: impl Fn(State) -> bool) {
    let mut states = zk.watch_state();
    let limit = Duration::from_secs(120);
    tokio::time::timeout(limit, async {
        while !wanted(states.current()) {
            states.changed().await.unwrap();
        }
    })
    .await
    .unwrap();
}

pub(crate) fn can_write(state: State) -> bool {
    matches!(
        state,
        State::Connected {
            read_only: false,
            ..
        }
    )
}
