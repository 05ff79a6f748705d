//! A proxy between a client and a server that knows ZooKeeper's frames, and does to them what rules say.
//!
//! A rule is a condition ([`When`]: operation, path, direction, nth match, byte of the connection) and a reaction
//! ([`Reaction`]: cut before or after apply, cut inside the frame, delay, hold, drip). What no rule means passes as it
//! is.

mod relay;
mod rule;
mod shared;
mod stream;
mod table;

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

pub use rule::{Direction, Kind, Reaction, Rule, When};
use shared::Shared;

/// A listening proxy for one server; it and its connections end when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    addr: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// Listens on a port of 127.0.0.1 for a server at `upstream`, such as `127.0.0.1:2181`.
    ///
    /// # Panics
    ///
    /// If no port is free.
    pub async fn start(upstream: impl Into<String>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await;
        let listener = listener.expect("a port is free");
        let addr = listener.local_addr().expect("a listener has an address");
        let shared = Arc::new(Shared::new(upstream.into()));
        let task = tokio::spawn(serve(listener, Arc::clone(&shared)));
        Self { addr, shared, task }
    }

    /// What a client is given to connect.
    #[must_use]
    pub fn connect_string(&self) -> String {
        self.addr.to_string()
    }

    /// Puts a rule in force, behind those that are.
    pub fn rule(&self, when: When, then: Reaction) -> Rule {
        self.shared.rules().add(when, then)
    }

    /// Takes all rules out of force. What is held already stays held.
    pub fn clear(&self) {
        self.shared.rules().clear();
    }

    /// Refuses the next so many connections: each is closed as soon as it is made.
    pub fn refuse(&self, connections: u64) {
        self.shared.refused().wanted = connections;
    }

    /// How many connections were refused so far.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.shared.refused().count
    }

    /// Ends all connections there are.
    pub fn cut(&self) {
        self.shared.round.send_modify(|round| *round += 1);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
        self.cut();
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let Ok((client, _)) = listener.accept().await else {
            return;
        };
        let refuse = {
            let mut refused = shared.refused();
            let refuse = refused.wanted > 0;
            if refuse {
                refused.wanted -= 1;
                refused.count += 1;
            }
            refuse
        };
        if refuse {
            continue;
        }
        tokio::spawn(connection(client, Arc::clone(&shared)));
    }
}

async fn connection(client: TcpStream, shared: Arc<Shared>) {
    let mut round = shared.round.subscribe();
    let work = async {
        // A server that is not there ends the client's connection.
        if let Ok(server) = TcpStream::connect(&shared.upstream).await {
            relay::relay(client, server, &shared).await;
        }
    };
    tokio::select! {
        () = work => {}
        _ = round.changed() => {}
    }
}
