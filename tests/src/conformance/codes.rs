//! What each operation succeeds with and fails with.

use zk_client::AddWatchMode;
use zk_recipes::{Acl, Client, CreateMode, ErrorKind};

use super::seen::at_once;
use super::server::Server;

/// The outcome of an operation, without its value.
macro_rules! kind {
    ($operation:expr) => {
        $operation
            .submit()
            .await
            .map(drop)
            .map_err(|error| error.kind())
    };
}

/// An ephemeral node, a full one, a closed one, and one that may go.
async fn furnish(zk: &Client) {
    zk.create("/full/child", "").parents().await.unwrap();
    zk.create("/e", "")
        .mode(CreateMode::Ephemeral)
        .await
        .unwrap();
    zk.create("/closed", "")
        .acl([Acl::digest("nobody", "else")])
        .await
        .unwrap();
    zk.create("/free", "").await.unwrap();
}

pub async fn b45_each_operation_ends_with_the_code_of_its_reason(server: &Server) {
    use ErrorKind::{
        BadVersion, InvalidAcl, NoAuth, NoChildrenForEphemerals, NoNode, NodeExists, NotEmpty,
    };
    let zk = server.client().await;
    furnish(&zk).await;
    let nothing: Vec<Acl> = Vec::new();
    let outcomes = [
        (kind!(zk.create("/new", "")), Ok(())),
        (kind!(zk.create("/new", "")), Err(NodeExists)),
        (kind!(zk.create("/none/new", "")), Err(NoNode)),
        (kind!(zk.create("/e/new", "")), Err(NoChildrenForEphemerals)),
        (kind!(zk.create("/closed/new", "")), Err(NoAuth)),
        (
            kind!(zk.create("/new2", "").acl(nothing.clone())),
            Err(InvalidAcl),
        ),
        (kind!(zk.exists("/new")), Ok(())),
        (kind!(zk.exists("/none")), Ok(())),
        (kind!(zk.get("/new")), Ok(())),
        (kind!(zk.get("/none")), Err(NoNode)),
        (kind!(zk.get("/closed")), Err(NoAuth)),
        (kind!(zk.set("/new", "x").version(0)), Ok(())),
        (kind!(zk.set("/new", "x").version(0)), Err(BadVersion)),
        (kind!(zk.set("/none", "x")), Err(NoNode)),
        (kind!(zk.set("/closed", "x")), Err(NoAuth)),
        (kind!(zk.children("/full")), Ok(())),
        (kind!(zk.children("/none")), Err(NoNode)),
        (kind!(zk.children("/closed").with_stat()), Err(NoAuth)),
        (kind!(zk.acl("/new")), Ok(())),
        (kind!(zk.acl("/none")), Err(NoNode)),
        (kind!(zk.acl("/closed")), Err(NoAuth)),
        (kind!(zk.set_acl("/new", [Acl::open()]).version(0)), Ok(())),
        (
            kind!(zk.set_acl("/new", [Acl::open()]).version(0)),
            Err(BadVersion),
        ),
        (kind!(zk.set_acl("/none", [Acl::open()])), Err(NoNode)),
        (kind!(zk.set_acl("/closed", [Acl::open()])), Err(NoAuth)),
        (kind!(zk.set_acl("/new", nothing)), Err(InvalidAcl)),
        (kind!(zk.sync("/new")), Ok(())),
        (kind!(zk.multi().check("/new", 1)), Ok(())),
        (kind!(zk.multi().check("/new", 0)), Err(BadVersion)),
        (kind!(zk.watch("/none", AddWatchMode::Persistent)), Ok(())),
        (kind!(zk.delete("/free").version(7)), Err(BadVersion)),
        (kind!(zk.delete("/free").version(0)), Ok(())),
        (kind!(zk.delete("/free")), Err(NoNode)),
        (kind!(zk.delete("/full")), Err(NotEmpty)),
    ];
    for (at, (outcome, expected)) in outcomes.iter().enumerate() {
        assert_eq!(outcome, expected, "outcome {at}");
    }
    assert_eq!(zk.stats().connections_lost, 0);
}

/// It does not overtake what was asked before it, and is not overtaken.
pub async fn b51_a_sync_is_answered_in_its_turn(server: &Server) {
    let zk = server.client().await;
    zk.create("/node", "").await.unwrap();
    for version in 1..=20 {
        let before = zk.set("/node", "x").submit();
        let sync = zk.sync("/node").submit();
        let after = zk.get("/node").submit();
        sync.await.unwrap();
        let before = at_once(before).expect("the answer to what was asked before");
        assert_eq!(before.unwrap().version, version);
        assert_eq!(after.await.unwrap().stat.version, version);
    }
}

pub async fn b58_sequential_nodes_of_many_multis_under_way_are_numbered_in_their_order(
    server: &Server,
) {
    let zk = server.client().await;
    let sequential = CreateMode::PersistentSequential;
    let multis: Vec<_> = (0..200)
        .map(|number: u32| {
            let data = number.to_string();
            let multi = zk.multi().create("/a-", data.clone(), sequential);
            multi.create("/a-", data, sequential).submit()
        })
        .collect();
    for (number, multi) in multis.into_iter().enumerate() {
        let results = multi.await.unwrap();
        for (at, result) in results.iter().enumerate() {
            let zk_recipes::MultiResult::Created { path, .. } = result else {
                panic!("{result:?}");
            };
            assert_eq!(*path, format!("/a-{:010}", 2 * number + at));
        }
    }
    let node = zk.get("/a-0000000399").await.unwrap();
    assert_eq!(&node.data[..], b"199");
}
