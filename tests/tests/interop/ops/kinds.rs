//! Kinds of nodes, made by one side and looked at by the others.

use std::time::Duration;

use zk_recipes::{Client, CreateMode};
use zk_tests::{Channel, RealServer, Talk};

/// How many nodes each side makes at least.
const NODES: usize = 50;

const BY_CURATOR: [&str; 7] = [
    "PERSISTENT plain",
    "PERSISTENT_SEQUENTIAL protected",
    "CONTAINER plain",
    "PERSISTENT_WITH_TTL protected 60000",
    "PERSISTENT_SEQUENTIAL_WITH_TTL plain 60000",
    "EPHEMERAL plain",
    "EPHEMERAL_SEQUENTIAL protected",
];

const BY_KAZOO: [&str; 4] = ["plain", "sequential", "ephemeral", "ephemeral-sequential"];

const BY_OURS: [CreateMode; 7] = [
    CreateMode::Persistent,
    CreateMode::PersistentSequential,
    CreateMode::Container,
    CreateMode::PersistentTtl,
    CreateMode::PersistentSequentialTtl,
    CreateMode::Ephemeral,
    CreateMode::EphemeralSequential,
];

/// A client of each.
struct Sides {
    zk: Client,
    curator: Channel,
    kazoo: Channel,
}

impl Sides {
    /// The session that owns a node, as all of them see it: nobody's is `0`. Servers tell no client whether a node is a container
    /// or has a time to live.
    async fn owner(&mut self, path: &str) -> String {
        let stat = self.zk.exists(path).await.unwrap();
        let seen = stat.map_or_else(
            || "null".to_owned(),
            |stat| format!("{:x}", stat.ephemeral_owner.as_raw()),
        );
        let order = format!("stat {path}");
        assert_eq!(self.curator.ask(&order).await, seen, "{path}");
        assert_eq!(self.kazoo.ask(&order).await, seen, "{path}");
        seen
    }

    async fn curator_makes(&mut self, round: usize) {
        for kind in BY_CURATOR {
            let folder = format!("/curator-kinds/{round}-{}", kind.replace(' ', "-"));
            let path = self
                .curator
                .ask(&format!("create {folder}/n 6a {kind}"))
                .await;
            let name = path.strip_prefix(&format!("{folder}/")).unwrap();
            let unmarked = match kind.contains("protected") {
                true => name.strip_prefix("_c_").unwrap().split_at(37).1,
                false => name,
            };
            assert_eq!(unmarked, numbered(kind.contains("SEQUENTIAL")), "{kind}");
            let owner = self.owner(&path).await;
            assert_eq!(owner != "0", kind.starts_with("EPHEMERAL"), "{kind}");
            self.zk.delete(&path).await.unwrap();
            assert_eq!(self.owner(&path).await, "null");
        }
    }

    async fn kazoo_makes(&mut self, round: usize) {
        for kind in BY_KAZOO {
            let folder = format!("/kazoo-kinds/{round}-{kind}");
            let path = self
                .kazoo
                .ask(&format!("create {folder}/n 6b {kind}"))
                .await;
            let name = path.strip_prefix(&format!("{folder}/")).unwrap();
            assert_eq!(name, numbered(kind.contains("sequential")), "{kind}");
            let owner = self.owner(&path).await;
            assert_eq!(owner != "0", kind.contains("ephemeral"), "{kind}");
            self.zk.delete(&path).await.unwrap();
            assert_eq!(self.owner(&path).await, "null");
        }
    }

    async fn ours_makes(&mut self, round: usize) {
        let session = format!("{:x}", self.zk.session_id().unwrap().as_raw());
        for mode in BY_OURS {
            let folder = format!("/our-kinds/{round}-{mode:?}");
            let node = self.zk.create(&format!("{folder}/n"), "").mode(mode);
            let node = match mode {
                CreateMode::PersistentTtl | CreateMode::PersistentSequentialTtl => {
                    node.ttl(Duration::from_secs(60))
                }
                _ => node,
            };
            let path = node.parents().as_containers().await.unwrap().path;
            let is_numbered = format!("{mode:?}").contains("Sequential");
            let name = path.strip_prefix(&format!("{folder}/")).unwrap();
            assert_eq!(name, numbered(is_numbered), "{mode:?}");
            let is_ephemeral = format!("{mode:?}").contains("Ephemeral");
            let wanted = if is_ephemeral { session.as_str() } else { "0" };
            assert_eq!(self.owner(&path).await, wanted, "{mode:?}");
            let deletes = match round % 2 {
                0 => &mut self.curator,
                _ => &mut self.kazoo,
            };
            deletes.ask(&format!("delete {path}")).await;
            assert_eq!(self.owner(&path).await, "null");
        }
    }
}

/// The name of the first node `n` in its folder.
fn numbered(is_numbered: bool) -> &'static str {
    if is_numbered { "n0000000000" } else { "n" }
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_curators_framework_or_kazoo_makes_are_what_ours_takes_them_for_and_back() {
    let connect = RealServer::shared().connect_string();
    let mut sides = Sides {
        zk: Client::builder(&connect).connect().await.unwrap(),
        curator: Talk::curator().open("ops", &connect).await,
        kazoo: Talk::kazoo().open("ops", &connect).await,
    };
    for round in 0..NODES.div_ceil(BY_CURATOR.len()) {
        sides.curator_makes(round).await;
        sides.ours_makes(round).await;
    }
    for round in 0..NODES.div_ceil(BY_KAZOO.len()) {
        sides.kazoo_makes(round).await;
    }
}
