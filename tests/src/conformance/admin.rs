//! Quotas, and the ensemble's configuration.

use zk_recipes::{CreateMode, ErrorKind, QuotaLimits};

use super::server::Server;

pub async fn a_quota_is_set_counted_changed_and_deleted(server: &Server) {
    let zk = server.client().await;
    zk.create("/a/b", "1234").parents().await.unwrap();
    assert_eq!(zk.quota("/a").await.unwrap(), None);
    let limits = QuotaLimits::new().count(3).hard_bytes(1000);
    zk.set_quota("/a", limits).await.unwrap();
    zk.create("/a/c", "12").await.unwrap();
    zk.barrier().await.unwrap();
    let quota = zk.quota("/a").await.unwrap().unwrap();
    assert_eq!((quota.path.as_str(), quota.limits), ("/a", limits));
    assert_eq!((quota.usage.count, quota.usage.bytes), (3, 6));
    let limits = QuotaLimits::new().bytes(7);
    zk.set_quota("/a", limits).await.unwrap();
    let quota = zk.quota("/a").await.unwrap().unwrap();
    assert_eq!((quota.limits, quota.usage.count), (limits, 3));
    assert!(zk.delete_quota("/a").await.unwrap());
    assert!(!zk.delete_quota("/a").await.unwrap());
    assert_eq!(zk.quota("/a").await.unwrap(), None);
    let root = server.root_client().await;
    let left = format!("/zookeeper/quota{}", server.place());
    assert_eq!(
        root.exists(&left).await.unwrap(),
        None,
        "no empty directories"
    );
}

pub async fn quotas_are_listed_and_do_not_nest(server: &Server) {
    let zk = server.client().await;
    for path in ["/a/b/c", "/d"] {
        zk.create(path, "").parents().await.unwrap();
    }
    let limits = QuotaLimits::new().count(10);
    zk.set_quota("/a/b", limits).await.unwrap();
    zk.set_quota("/d", limits).await.unwrap();
    for path in ["/a", "/a/b/c"] {
        let error = zk.set_quota(path, limits).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Misuse);
        let text = error.to_string();
        assert!(
            text.contains("/a/b has one") && text.contains(path),
            "{text}"
        );
    }
    let listed = async |at: &str| -> Vec<String> {
        let quotas = zk.quotas(at).await.unwrap();
        quotas.into_iter().map(|quota| quota.path).collect()
    };
    assert_eq!(listed("/").await, ["/a/b", "/d"]);
    assert_eq!(listed("/a").await, ["/a/b"]);
    assert_eq!(listed("/a/b/c").await, Vec::<String>::new());
    zk.delete_quota("/d").await.unwrap();
    assert_eq!(listed("/").await, ["/a/b"]);
    zk.delete_quota("/a/b").await.unwrap();
}

pub async fn a_quota_needs_a_node_and_the_root_has_none(server: &Server) {
    let zk = server.client().await;
    let limits = QuotaLimits::new().count(10);
    let error = zk.set_quota("/none", limits).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.path()),
        (ErrorKind::NoNode, Some("/none"))
    );
    let root = server.root_client().await;
    let error = root.set_quota("/", limits).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Misuse, "{error}");
}

pub async fn b93_the_configuration_lists_the_members_and_is_empty_where_there_are_none(
    server: &Server,
) {
    let zk = server.client().await;
    let config = zk.config().await.unwrap();
    let members = server.members();
    let version = (members > 0).then_some(0);
    assert_eq!((config.members.len(), config.version), (members, version));
    let (watched, watch) = zk.config().watch().await.unwrap();
    assert_eq!(watched, config);
    drop(watch);
    // Twice the same text: of both ways or of none.
    for reconfig in [
        zk.reconfig(),
        zk.reconfig().leave(1).members(["server.1=a:1:2;3"]),
    ] {
        assert_eq!(reconfig.await.unwrap_err().kind(), ErrorKind::Misuse);
    }
    let error = zk.reconfig().join("server.4").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig, "{error}");
}

pub async fn b93_a_server_with_reconfiguration_off_says_so(server: &Server) {
    let zk = server.client().await;
    let error = zk.reconfig().leave(3).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ServerError);
    assert!(
        error.to_string().contains("reconfigEnabled=true"),
        "{error}"
    );
    assert_eq!(zk.stats().connections_lost, 0);
    zk.create("/still", "")
        .mode(CreateMode::Ephemeral)
        .await
        .unwrap();
}
