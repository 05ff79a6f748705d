//! The server under test, as a body sees it.

use std::fmt;
use std::time::Duration;

use zk_recipes::{Acl, Client, ClientBuilder, Zxid};

/// What runs the server.
pub trait Host: fmt::Debug + Send + Sync {
    /// Where a server listens that may create TTL nodes.
    fn connect_string(&self) -> String;

    /// Where each server of the ensemble listens.
    fn connect_strings(&self) -> Vec<String> {
        vec![self.connect_string()]
    }

    /// Where a server listens with stock settings, which refuses TTL nodes.
    fn stock_connect_string(&self) -> String;

    /// How many watches the server shows on paths that begin with `prefix`.
    fn watches(&self, prefix: &str) -> usize;

    /// Whether it shows watches of children among them.
    fn shows_child_watches(&self) -> bool;

    /// Whether it is older than 3.9: its events carry no zxid, exists asks for no permission, creates of a multi
    /// yield no metadata.
    fn is_before_3_9(&self) -> bool {
        false
    }

    /// The longest session timeout that it grants.
    fn longest_session(&self) -> Duration {
        Duration::from_secs(40)
    }

    /// How many servers its ensemble has; none if it stands alone.
    fn members(&self) -> usize {
        0
    }

    /// Tells a client what else it needs to be let in: nothing, unless the server is protected.
    fn admit(&self, client: ClientBuilder) -> ClientBuilder {
        client
    }

    /// Who every client is that is let in so, besides what it says itself.
    fn identity(&self) -> Option<Acl> {
        None
    }
}

/// How many watches an answer to `wchp` lists on paths below `prefix` and on itself.
#[must_use]
pub fn shown_watches(answer: &str, prefix: &str) -> usize {
    let below = format!("{prefix}/");
    let mut counts = false;
    let mut watches = 0;
    // Each path is followed by the sessions that watch it, indented.
    for line in answer.lines() {
        if line.starts_with('/') {
            counts = line == prefix || line.starts_with(&below);
        } else if counts && line.starts_with('\t') {
            watches += 1;
        }
    }
    watches
}

/// A server, and a place in its tree that belongs to one body alone: bodies share servers.
#[derive(Debug)]
pub struct Server {
    host: Box<dyn Host>,
    place: String,
}

impl Server {
    /// Makes a place of that name.
    ///
    /// # Panics
    ///
    /// If the server cannot be reached or has the place already.
    pub async fn new(host: Box<dyn Host>, name: &str) -> Self {
        let place = format!("/{name}");
        let root = host.admit(Client::builder(host.connect_string()));
        let root = root.connect().await.unwrap();
        root.create(&place, "").await.unwrap();
        root.close().await.unwrap();
        Self { host, place }
    }

    /// The body's place in the server's tree.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Prepares a client whose chroot is the body's place.
    pub fn builder(&self) -> ClientBuilder {
        let client = Client::builder(format!("{}{}", self.host.connect_string(), self.place));
        self.host.admit(client)
    }

    /// A new client whose chroot is the body's place.
    ///
    /// # Panics
    ///
    /// If the server cannot be reached.
    pub async fn client(&self) -> Client {
        self.builder().connect().await.unwrap()
    }

    /// As [`client`](Self::client), with a digest identity.
    ///
    /// # Panics
    ///
    /// If the server cannot be reached.
    pub async fn client_of(&self, user_and_password: &'static str) -> Client {
        let builder = self.builder().auth("digest", user_and_password);
        builder.connect().await.unwrap()
    }

    /// A new client without a chroot.
    ///
    /// # Panics
    ///
    /// If the server cannot be reached.
    pub async fn root_client(&self) -> Client {
        let builder = self.host.admit(Client::builder(self.host.connect_string()));
        builder.connect().await.unwrap()
    }

    /// A new client, without a chroot, of a server with stock settings.
    ///
    /// # Panics
    ///
    /// If the server cannot be reached.
    pub async fn stock_client(&self) -> Client {
        let builder = self
            .host
            .admit(Client::builder(self.host.stock_connect_string()));
        builder.connect().await.unwrap()
    }

    /// Waits until every server has made what was made so far. Until the leader has replaced an ACL it judges writes by the old
    /// one, though another server has answered.
    ///
    /// # Panics
    ///
    /// If a server cannot be reached.
    pub async fn is_everywhere(&self) {
        let last = self.root_client().await.set(&self.place, "").await.unwrap();
        for server in self.host.connect_strings() {
            let zk = self.host.admit(Client::builder(server));
            let zk = zk.connect().await.unwrap();
            loop {
                let (place, mut watch) = zk.exists(&self.place).watch().await.unwrap();
                if place.is_some_and(|place| place.mzxid >= last.mzxid) {
                    break;
                }
                watch.next().await;
            }
            zk.close().await.unwrap();
        }
    }

    /// What an event of this transaction carries.
    #[must_use]
    pub fn event_zxid(&self, zxid: Zxid) -> Option<Zxid> {
        (!self.host.is_before_3_9()).then_some(zxid)
    }

    /// Whether exists asks for the permission to read.
    #[must_use]
    pub fn guards_exists(&self) -> bool {
        !self.host.is_before_3_9()
    }

    /// How many servers the ensemble has; none if the server stands alone.
    #[must_use]
    pub fn members(&self) -> usize {
        self.host.members()
    }

    /// Whether all creates of a multi yield metadata.
    #[must_use]
    pub fn multi_yields_stat(&self) -> bool {
        !self.host.is_before_3_9()
    }

    /// How many of one recursive watch [`watches`](Self::watches) counts: servers before 3.9 have it among the watches of
    /// children, too.
    #[must_use]
    pub fn shown_recursive_watches(&self) -> usize {
        let among_children = self.host.is_before_3_9() && self.host.shows_child_watches();
        1 + usize::from(among_children)
    }

    /// The longest session timeout that the server grants.
    #[must_use]
    pub fn longest_session(&self) -> Duration {
        self.host.longest_session()
    }

    /// Who every client is, besides what it says itself.
    #[must_use]
    pub fn identity(&self) -> Option<Acl> {
        self.host.identity()
    }

    /// How many watches the server has in the body's place.
    #[must_use]
    pub fn watches(&self) -> usize {
        self.host.watches(&self.place)
    }

    /// How many of so many watches of children [`watches`](Self::watches) counts.
    #[must_use]
    pub fn shown_child_watches(&self, watches: usize) -> usize {
        if self.host.shows_child_watches() {
            watches
        } else {
            0
        }
    }
}
