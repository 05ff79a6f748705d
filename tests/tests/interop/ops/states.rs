//! What clients are told when their connections break and their sessions end.

use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use zk_client::{Client, OnExpiry, SessionTicket, State};
use zk_recipes::CreateMode;
use zk_tests::proxy::Proxy;
use zk_tests::{Channel, RealServer, Talk, deadline};

use super::handed_over::{id, ticket};
use super::in_lanes;

/// How often connections break and sessions end in each lane: 50 times each in all of them together.
const CUTS: usize = 5;
const ENDS: usize = 5;

pub(super) const LIMIT: Duration = Duration::from_secs(60);

/// A client of each behind one proxy, each with a node of its own.
pub(super) struct Lane {
    pub(super) at: String,
    pub(super) proxy: Proxy,
    /// Past the proxy.
    pub(super) witness: Client,
    pub(super) curator: Channel,
    pub(super) kazoo: Channel,
}

/// Our client, with the states that it was told.
pub(super) struct Ours {
    pub(super) zk: Client,
    pub(super) ticket: SessionTicket,
    states: UnboundedReceiver<State>,
}

impl Ours {
    /// A client whose session's password is known.
    pub(super) async fn connect(connect: &str, policy: OnExpiry) -> Self {
        let first = Client::builder(RealServer::shared().connect_string()).connect();
        let ticket = first.await.unwrap().detach().await.unwrap();
        let builder = Client::builder(connect).resume(ticket.clone());
        let zk = builder.on_expiry(policy).connect().await.unwrap();
        let mut stream = zk.watch_state();
        assert_eq!(stream.changed().await, Some(zk.state()));
        let (sender, states) = unbounded_channel();
        tokio::spawn(async move {
            while let Some(state) = stream.changed().await {
                // Nobody listens any more at the end.
                let _ = sender.send(state);
            }
        });
        Self { zk, ticket, states }
    }

    pub(super) async fn state(&mut self) -> State {
        let limit = deadline(LIMIT);
        limit.until("a state", self.states.recv()).await.unwrap()
    }

    /// Waits for it. Of states that follow one another at once only the last is told in any case.
    pub(super) async fn has_second_session(&mut self) {
        loop {
            match self.state().await {
                State::Connected { generation: 2, .. } => return,
                State::Suspended { generation: 1 }
                | State::Expired { generation: 1 }
                | State::Connecting => {}
                state => panic!("{state}"),
            }
        }
    }
}

impl Lane {
    pub(super) async fn open(kind: &str, number: usize) -> Self {
        let connect = RealServer::shared().connect_string();
        let proxy = Proxy::start(&connect).await;
        let witness = Client::builder(&connect).connect().await.unwrap();
        let at = format!("/states-{kind}-{number}");
        witness.create(&at, "").await.unwrap();
        let through = proxy.connect_string();
        Self {
            at,
            proxy,
            witness,
            curator: Talk::curator().open("sessions", &through).await,
            kazoo: Talk::kazoo().open("sessions", &through).await,
        }
    }

    /// Breaks all connections, and lets none be made.
    pub(super) fn cut(&self) {
        self.proxy.refuse(u64::MAX);
        self.proxy.cut();
    }

    /// Lets connections be made again, once all have been told that theirs is broken.
    async fn heal(&mut self, ours: &mut Ours) {
        let State::Suspended { generation: 1 } = ours.state().await else {
            panic!("{}", ours.zk.state());
        };
        self.curator.ask("until SUSPENDED").await;
        assert_eq!(self.kazoo.ask("state").await, "SUSPENDED");
        self.proxy.refuse(0);
    }

    /// Each makes its node.
    async fn keep(&mut self, zk: &Client) {
        let node = zk.create(&format!("{}/r", self.at), "");
        node.mode(CreateMode::Ephemeral).await.unwrap();
        self.curator.ask(&format!("keep {}/j", self.at)).await;
        self.kazoo.ask(&format!("keep {}/k", self.at)).await;
    }

    /// The nodes that there are.
    async fn nodes(&self) -> Vec<String> {
        let mut nodes = self.witness.children(&self.at).await.unwrap();
        nodes.sort_unstable();
        nodes
    }

    async fn endures_cuts(mut self) {
        let mut ours = Ours::connect(&self.proxy.connect_string(), OnExpiry::NewSession).await;
        self.keep(&ours.zk).await;
        let sessions = [self.curator.ask("id").await, self.kazoo.ask("id").await];
        for _ in 0..CUTS {
            self.cut();
            self.heal(&mut ours).await;
            let State::Connected { generation: 1, .. } = ours.state().await else {
                panic!("{}", ours.zk.state());
            };
            assert_eq!(self.curator.ask("state").await, "RECONNECTED");
            assert_eq!(self.kazoo.ask("state").await, "CONNECTED");
            assert_eq!(self.nodes().await, ["j", "k", "r"]);
        }
        assert_eq!(ours.zk.session_id(), Some(ours.ticket.session()));
        assert_eq!(
            sessions,
            [self.curator.ask("id").await, self.kazoo.ask("id").await]
        );
        ours.zk.close().await.unwrap();
        self.close().await;
    }

    pub(super) async fn close(mut self) {
        self.curator.ask("close").await;
        self.kazoo.ask("close").await;
    }

    async fn loses_its_sessions(mut self) {
        let connect = RealServer::shared().connect_string();
        for _ in 0..ENDS {
            let mut ours = Ours::connect(&self.proxy.connect_string(), OnExpiry::NewSession).await;
            self.keep(&ours.zk).await;
            assert_eq!(self.nodes().await, ["j", "k", "r"]);
            let (of_curators, of_kazoos) =
                (self.curator.ask("id").await, self.kazoo.ask("id").await);

            // Who has a session wins it back from whoever takes it over, as long as there are connections.
            self.cut();
            // Ours ends Curator's, Curator's ends kazoo's, and kazoo's ends ours.
            end(ticket(&of_curators)).await;
            self.curator
                .ask(&format!("end {connect} {of_kazoos}"))
                .await;
            self.kazoo
                .ask(&format!("end {connect} {}", id(&ours.ticket)))
                .await;
            assert_eq!(self.nodes().await, Vec::<String>::new());
            self.heal(&mut ours).await;
            ours.has_second_session().await;
            for told in ["LOST", "RECONNECTED"] {
                self.curator.ask(&format!("until {told}")).await;
            }
            for told in ["LOST", "CONNECTED"] {
                assert_eq!(self.kazoo.ask("state").await, told);
            }
            assert_ne!(ours.zk.session_id(), Some(ours.ticket.session()));
            let expiry = ours.zk.last_expiry().unwrap();
            assert_eq!(
                (expiry.session, expiry.generation),
                (ours.ticket.session(), 1)
            );
            ours.zk.close().await.unwrap();
        }
        self.close().await;
    }
}

/// Ends a session from outside.
pub(super) async fn end(ticket: SessionTicket) {
    let builder = Client::builder(RealServer::shared().connect_string()).resume(ticket);
    let heir = builder.on_expiry(OnExpiry::Stop).connect().await.unwrap();
    heir.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn b25_ours_curators_and_kazoos_are_told_alike_of_cut_connections_and_keep_their_nodes() {
    in_lanes(|lane| async move { Lane::open("cut", lane).await.endures_cuts().await }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ours_curators_and_kazoos_end_each_others_sessions_and_are_told_alike() {
    in_lanes(|lane| async move { Lane::open("ended", lane).await.loses_its_sessions().await })
        .await;
}
