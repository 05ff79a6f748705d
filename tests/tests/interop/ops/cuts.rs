//! What is made, deleted and written while answers are lost.

use std::time::Duration;

use zk_recipes::{Acl, Client, CreateMode, Fate};
use zk_tests::proxy::{Proxy, Reaction, Rule, When};
use zk_tests::{Channel, RealServer, Talk, deadline, word};
use zk_wire::OpCode;

use super::in_lanes;

/// How many nodes each side makes in each lane, and how often it writes: 50 times in all of them together.
const TURNS: usize = 5;

const LIMIT: Duration = Duration::from_secs(120);

/// Connections of which every fifth request of these is cut before it is applied, and every fifth after.
struct Cutter {
    proxy: Proxy,
    rules: Vec<Rule>,
}

impl Cutter {
    async fn start(ops: &[OpCode], path: &str) -> Self {
        let proxy = Proxy::start(RealServer::shared().connect_string()).await;
        let rule = |op: &OpCode| {
            let before = When::request(*op).path(path).nth(2).each(5);
            let after = When::reply(*op).path(path).nth(4).each(5);
            [
                proxy.rule(before, Reaction::Cut),
                proxy.rule(after, Reaction::Cut),
            ]
        };
        let rules = ops.iter().flat_map(rule).collect();
        Self { proxy, rules }
    }

    fn check(&self) {
        let hits: Vec<u64> = self.rules.iter().map(Rule::hits).collect();
        assert!(hits.iter().all(|hits| *hits >= 1), "{hits:?}");
    }
}

/// Makes a node by claims, as recipes do.
async fn claimed(zk: &Client, folder: &str, n: usize) -> (zk_client::Claim, String) {
    for attempt in 0.. {
        let mark = format!("r{n}-{attempt}-");
        let claim = zk.claim(folder, &mark);
        let (acl, mode) = (vec![Acl::open()], CreateMode::EphemeralSequential);
        let made = claim
            .create(&format!("{folder}/{mark}"), "".into(), acl, mode)
            .await;
        match made {
            Ok(created) => return (claim, created.path),
            Err(error) => assert_eq!(error.fate(), Fate::Unknown, "{error}"),
        }
        zk.barrier().await.unwrap();
        let children = zk.children(folder).await.unwrap();
        match children.iter().find(|name| name.starts_with(&mark)) {
            Some(name) => {
                let path = format!("{folder}/{name}");
                claim.located(&path);
                return (claim, path);
            }
            None => claim.absent(),
        }
    }
    unreachable!("attempts do not end")
}

async fn are_made_and_deleted(folder: &str) {
    let past = Client::builder(RealServer::shared().connect_string()).connect();
    let past = past.await.unwrap();
    past.create(folder, "").await.unwrap();
    let ops = [OpCode::Create2, OpCode::Delete];
    let (ours, theirs) = (
        Cutter::start(&ops, folder).await,
        Cutter::start(&ops, folder).await,
    );
    let zk = Client::builder(ours.proxy.connect_string())
        .connect()
        .await
        .unwrap();
    let mut curator = Talk::curator()
        .open("sessions", &theirs.proxy.connect_string())
        .await;
    let limit = deadline(LIMIT);
    let mut lost = 0;
    for n in 0..TURNS {
        let protect = format!("protect {folder}/j");
        let ((claim, of_ours), of_theirs) =
            tokio::join!(claimed(&zk, folder, n), curator.ask(&protect));
        let mut seen = past.children(folder).await.unwrap();
        seen.sort_unstable();
        let paths: Vec<String> = seen.iter().map(|name| format!("{folder}/{name}")).collect();
        assert_eq!(paths, [&of_theirs, &of_ours].map(String::clone));
        let told = curator.ask(&format!("children {folder}")).await;
        let mut told: Vec<&str> = told.split(' ').collect();
        told.sort_unstable();
        assert_eq!(told, seen);

        let erase = format!("erase {of_theirs}");
        let (released, erased) = tokio::join!(claim.release(), curator.ask(&erase));
        released.unwrap();
        lost += usize::from(erased == "lost");
        curator.ask(&format!("gone {of_ours}")).await;
        let gone = || async {
            past.exists(&of_theirs)
                .await
                .unwrap()
                .is_none()
                .then_some(())
        };
        limit
            .until_some("Curator to delete its node after all", gone)
            .await;
    }
    ours.check();
    theirs.check();
    assert!(lost >= 1, "{lost} deletes of Curator's were not answered");
    let stat = past.exists(folder).await.unwrap().unwrap();
    let changes = usize::try_from(stat.cversion).unwrap();
    assert_eq!((stat.num_children, changes), (0, 4 * TURNS));
    curator.ask("close").await;
}

/// Of both, requests and answers of creates and deletes are lost. Each looks after the other's node, and the folder's own count
/// of changes says that nothing was made twice.
#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_ours_claims_and_curators_protects_are_made_once_and_deleted_under_cuts() {
    in_lanes(|lane| async move { are_made_and_deleted(&format!("/protected-{lane}")).await }).await;
}

async fn sets(theirs: &mut Channel, path: &str) {
    for n in 0..TURNS {
        let data = word(format!("t{n}").as_bytes());
        theirs.ask(&format!("set {path} {data}")).await;
        theirs.ask(&format!("get {path}")).await;
    }
    theirs.ask("close").await;
}

async fn are_told_or_done_again(path: &str) {
    let connect = RealServer::shared().connect_string();
    let past = Client::builder(&connect).connect().await.unwrap();
    past.create(path, "").await.unwrap();
    let mut proxies = Vec::new();
    let mut lost = Vec::new();
    for _ in 0..3 {
        let proxy = Proxy::start(&connect).await;
        let reply = |op| When::reply(op).path(path).nth(3).each(5);
        lost.push([
            proxy.rule(reply(OpCode::SetData), Reaction::Cut),
            proxy.rule(reply(OpCode::GetData), Reaction::Cut),
        ]);
        proxies.push(proxy);
    }
    let [of_ours, of_curators, of_kazoos] = [0, 1, 2].map(|side| proxies[side].connect_string());
    let zk = Client::builder(of_ours).connect().await.unwrap();
    let mut curator = Talk::curator().open("sessions", &of_curators).await;
    let mut kazoo = Talk::kazoo().open("sessions", &of_kazoos).await;
    let ours = async {
        let mut unknown = 0;
        for n in 0..TURNS {
            if let Err(error) = zk.set(path, format!("r{n}")).await {
                assert_eq!(error.fate(), Fate::Unknown, "{error}");
                unknown += 1;
            }
            zk.get(path).await.unwrap();
        }
        unknown
    };
    let (unknown, (), ()) = tokio::join!(ours, sets(&mut curator, path), sets(&mut kazoo, path));
    let [ours, curators, kazoos] = [0, 1, 2].map(|side| lost[side][0].hits());
    assert_eq!((unknown, ours), (1, 1));
    assert!(
        curators >= 1 && kazoos >= 1,
        "{curators} and {kazoos} were lost"
    );
    assert!(lost.iter().all(|[_, reads]| reads.hits() >= 1));
    let version = past.exists(path).await.unwrap().unwrap().version;
    let turns = u64::try_from(3 * TURNS).unwrap();
    assert_eq!(u64::try_from(version).unwrap(), turns + curators + kazoos);
}

/// All set one node and read it, and each fifth answer is lost. Reads are asked again by all of them; of writes theirs are asked
/// again as well, and done twice, while ours says that it does not know.
#[tokio::test(flavor = "multi_thread")]
async fn k18_writes_whose_answer_is_lost_are_told_by_ours_and_done_again_by_curators_and_kazoos_retries()
 {
    in_lanes(|lane| async move { are_told_or_done_again(&format!("/retried-{lane}")).await }).await;
}
