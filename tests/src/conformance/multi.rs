//! Transactions.

use std::time::Duration;

use zk_recipes::{AddWatchMode, CreateMode, ErrorKind, Fate, MultiResult};

use super::seen::arrived;
use super::server::Server;

pub async fn b56_a_multi_is_applied_as_one_transaction(server: &Server) {
    let zk = server.client().await;
    zk.create("/old", "").await.unwrap();
    zk.create("/kept", "").await.unwrap();
    let persistent = CreateMode::Persistent;
    let results = zk
        .multi()
        .check("/kept", 0)
        .create("/new", "data", persistent)
        .set("/kept", "new", None)
        .delete("/old", 0)
        .await
        .unwrap();
    let kept = zk.get("/kept").await.unwrap();
    let new = zk.get("/new").await.unwrap();
    let expected = [
        MultiResult::Checked,
        MultiResult::Created {
            path: "/new".to_owned(),
            stat: None,
        },
        MultiResult::Set(kept.stat),
        MultiResult::Deleted,
    ];
    assert_eq!(results, expected);
    assert_eq!((&kept.data[..], &new.data[..]), (&b"new"[..], &b"data"[..]));
    assert_eq!(zk.exists("/old").await.unwrap(), None);
    assert_eq!(kept.stat.mzxid, new.stat.czxid, "one zxid");
    assert_eq!(kept.stat.mtime, new.stat.ctime, "one time");
}

pub async fn b56_each_operation_sees_what_those_before_it_did(server: &Server) {
    let zk = server.client().await;
    let persistent = CreateMode::Persistent;
    zk.multi()
        .create("/a", "", persistent)
        .create("/a/b", "", persistent)
        .set("/a/b", "1", 0)
        .check("/a/b", 1)
        .delete("/a/b", 1)
        .create("/a/b", "second", persistent)
        .await
        .unwrap();
    let stat = zk.exists("/a/b").await.unwrap().unwrap();
    assert_eq!((stat.version, stat.data_length), (0, 6));
    let parent = zk.exists("/a").await.unwrap().unwrap();
    assert_eq!((parent.cversion, parent.num_children), (3, 1));
    assert_eq!(parent.czxid, stat.czxid);
}

pub async fn created_paths_are_reported_with_their_sequence(server: &Server) {
    let zk = server.client().await;
    let sequential = CreateMode::PersistentSequential;
    let results = zk
        .multi()
        .create("/a-", "", sequential)
        .create("/plain", "", CreateMode::Persistent)
        .create("/a-", "", CreateMode::EphemeralSequential)
        .create("/box", "", CreateMode::Container)
        .create("/e", "", CreateMode::Ephemeral)
        .await
        .unwrap();
    let paths: Vec<&str> = results
        .iter()
        .map(|result| match result {
            MultiResult::Created { path, .. } => path.as_str(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        paths,
        ["/a-0000000000", "/plain", "/a-0000000002", "/box", "/e"]
    );
    let session = zk.session_id().unwrap();
    for (path, ephemeral) in [("/a-0000000002", true), ("/e", true), ("/box", false)] {
        let stat = zk.exists(path).await.unwrap().unwrap();
        assert_eq!(stat.ephemeral_owner == session, ephemeral, "{path}");
    }
}

pub async fn go7ecf500_b60_a_failed_multi_names_its_operation_and_changes_nothing(server: &Server) {
    let zk = server.client().await;
    zk.create("/node", "").await.unwrap();
    let before = zk.exists("/").await.unwrap().unwrap();
    let persistent = CreateMode::Persistent;
    for at in 0..5 {
        let failures = [
            (ErrorKind::BadVersion, zk.multi()),
            (ErrorKind::NoNode, zk.multi()),
            (ErrorKind::NodeExists, zk.multi()),
        ];
        for (kind, multi) in failures {
            let mut multi = multi;
            for number in 0..5 {
                multi = match kind {
                    _ if number != at => multi.create(&format!("/n{number}"), "", persistent),
                    ErrorKind::BadVersion => multi.check("/node", 7),
                    ErrorKind::NoNode => multi.set("/missing", "", None),
                    _ => multi.create("/node", "", persistent),
                };
            }
            let error = multi.await.unwrap_err();
            assert_eq!((error.kind(), error.fate()), (kind, Fate::NotApplied));
            assert_eq!(error.operation(), Some(at));
            let text = error.to_string();
            assert!(text.contains(&format!("operation {at} ")), "{text}");
        }
    }
    assert_eq!(zk.exists("/").await.unwrap().unwrap(), before);
    assert_eq!(zk.children("/").await.unwrap(), ["node"]);
}

pub async fn each_kind_of_operation_fails_a_multi_with_its_own_error(server: &Server) {
    let zk = server.client().await;
    zk.create("/full/child", "").parents().await.unwrap();
    let ephemeral = CreateMode::Ephemeral;
    zk.create("/e", "").mode(ephemeral).await.unwrap();
    let persistent = CreateMode::Persistent;
    let failing = [
        (
            ErrorKind::NodeExists,
            zk.multi().create("/full", "", persistent),
        ),
        (
            ErrorKind::NoNode,
            zk.multi().create("/no/node", "", persistent),
        ),
        (
            ErrorKind::NoChildrenForEphemerals,
            zk.multi().create("/e/child", "", persistent),
        ),
        (ErrorKind::NotEmpty, zk.multi().delete("/full", None)),
        (ErrorKind::NoNode, zk.multi().delete("/missing", None)),
        (ErrorKind::BadVersion, zk.multi().delete("/full/child", 3)),
        (ErrorKind::BadVersion, zk.multi().set("/full", "", 3)),
        (ErrorKind::NoNode, zk.multi().check("/missing", None)),
    ];
    for (kind, multi) in failing {
        let error = multi.await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
    }
    // Deleting the child first makes the parent deletable, in one transaction.
    let emptied = zk.multi().delete("/full/child", 0).delete("/full", 0);
    emptied.await.unwrap();
}

pub async fn b56_a_failed_multi_takes_a_zxid_and_fires_nothing(server: &Server) {
    let zk = server.client().await;
    zk.create("/node", "").await.unwrap();
    let mut watch = zk
        .watch("/", AddWatchMode::PersistentRecursive)
        .await
        .unwrap();
    let before = zk.barrier().await.unwrap();
    let multi = zk.multi().set("/node", "x", None).check("/missing", None);
    multi.await.unwrap_err();
    let after = zk.barrier().await.unwrap();
    assert!(after.counter() >= before.counter() + 2, "{before} {after}");
    assert_eq!(arrived(&mut watch), []);
}

pub async fn b46_b47_every_kind_of_create_is_part_of_a_multi_and_yields_its_metadata(
    server: &Server,
) {
    let zk = server.client().await;
    let mut multi = zk.multi();
    for (number, mode) in CreateMode::ALL.into_iter().enumerate() {
        let create = zk.create(&format!("/n{number}-"), "x").mode(mode);
        multi = multi.with(match mode.has_ttl() {
            true => create.ttl(Duration::from_secs(3600)),
            false => create,
        });
    }
    let results = multi.await.unwrap();
    assert_eq!(results.len(), CreateMode::ALL.len());
    for (result, mode) in results.into_iter().zip(CreateMode::ALL) {
        let MultiResult::Created { path, stat } = result else {
            panic!("{result:?}");
        };
        let found = zk.get(&path).await.unwrap().stat;
        // Before, only some kinds of creates do.
        let is_missing = stat.is_none() && !server.multi_yields_stat();
        assert!(is_missing || stat == Some(found), "{mode:?}: {stat:?}");
        let session = zk.session_id().unwrap();
        assert_eq!(found.ephemeral_owner == session, mode.is_ephemeral());
        assert_eq!(path.ends_with("-"), !mode.is_sequential(), "{path}");
    }
    let without = zk.multi().create("/t", "", CreateMode::PersistentTtl);
    assert_eq!(without.await.unwrap_err().kind(), ErrorKind::Misuse);
}

pub async fn b46_a_stock_server_refuses_a_ttl_in_a_multi_and_says_what_to_configure(
    server: &Server,
) {
    let zk = server.stock_client().await;
    let create = zk.create("/with-ttl", "").mode(CreateMode::PersistentTtl);
    let create = create.ttl(Duration::from_secs(60));
    let multi = zk.multi().check("/", None).with(create);
    let error = multi.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unimplemented);
    assert_eq!(
        (error.operation(), error.path()),
        (Some(1), Some("/with-ttl"))
    );
    let text = error.to_string();
    assert!(text.contains("zookeeper.extendedTypesEnabled"), "{text}");
    assert_eq!(zk.exists("/with-ttl").await.unwrap(), None);
}

pub async fn zk3895_an_empty_multi_succeeds(server: &Server) {
    let zk = server.client().await;
    assert_eq!(zk.multi().await.unwrap(), []);
}

pub async fn a_large_multi_passes(server: &Server) {
    let zk = server.client().await;
    let mut multi = zk.multi();
    for number in 0..2000 {
        multi = multi.create(&format!("/n{number}"), "some data", CreateMode::Persistent);
    }
    assert_eq!(multi.await.unwrap().len(), 2000);
    assert_eq!(zk.children("/").await.unwrap().len(), 2000);
    let mut multi = zk.multi();
    for number in 0..2000 {
        multi = multi.delete(&format!("/n{number}"), 0);
    }
    multi.await.unwrap();
    assert_eq!(zk.children("/").await.unwrap().len(), 0);
}
