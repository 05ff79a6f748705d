//! The ensemble's configuration, as operators read, watch and change it.

use std::time::Duration;

use zk_client::{ErrorCode, ErrorKind, EventType, Fate, WatchEvent};
use zk_embedded::Match;
use zk_wire::OpCode;

use crate::kit::World;
use crate::tracking::{members, operator, publish};

const CONFIG: &str = "/zookeeper/config";

/// Shorter and longer than the path of the configuration, and beginning like it.
const CHROOTS: [&str; 4] = [
    "",
    "/a",
    "/zookeeper",
    "/much/longer/than/the/path/of/the/configuration",
];

#[tokio::test(start_paused = true)]
async fn rsd6664ed_b72_a_watch_on_the_configuration_fires_below_any_chroot_and_after_a_reconnect() {
    for chroot in CHROOTS {
        let members = members();
        let operator = operator(&members).await;
        publish(&operator, &["zk1"]).await;
        let zk = members.client(&format!("zk1{chroot}")).await;
        let (before, mut watch) = zk.config().watch().await.unwrap();
        assert_eq!(before.members.len(), 1, "{chroot}");
        members.hooks.cut_session(zk.session_id().unwrap());
        zk.exists("/").await.unwrap();

        publish(&operator, &["zk1", "zk2"]).await;
        let event = tokio::time::timeout(Duration::from_secs(5), watch.next()).await;
        match event.unwrap() {
            Some(WatchEvent::Fired { kind, path, .. }) => {
                assert_eq!(
                    (kind, path.as_str()),
                    (EventType::DataChanged, CONFIG),
                    "{chroot}"
                );
            }
            other => panic!("{chroot}: {other:?}"),
        }
        assert_eq!(zk.config().await.unwrap().members.len(), 2, "{chroot}");
        assert_eq!(watch.next().await, None, "it is one-shot");
    }
}

#[tokio::test(start_paused = true)]
async fn b72_a_node_of_the_same_name_below_the_chroot_is_another_one() {
    let members = members();
    let operator = operator(&members).await;
    publish(&operator, &["zk1"]).await;
    operator.create("/app", "").await.unwrap();
    let zk = members.client("zk1/app").await;
    zk.create(CONFIG, "mine").parents().await.unwrap();
    let (_, mut of_servers) = zk.config().watch().await.unwrap();
    let (_, mut mine) = zk.get(CONFIG).watch().await.unwrap();
    zk.set(CONFIG, "changed").await.unwrap();
    assert!(matches!(mine.next().await, Some(WatchEvent::Fired { .. })));
    let silence = tokio::time::timeout(Duration::from_secs(1), of_servers.next()).await;
    assert!(silence.is_err(), "{silence:?}");
}

#[tokio::test(start_paused = true)]
async fn b93_each_refusal_of_a_reconfiguration_says_what_to_do() {
    let world = World::new();
    let zk = world.client().await;
    for (code, kind, advice) in [
        (
            ErrorCode::ReconfigDisabled,
            ErrorKind::ServerError,
            "reconfigEnabled=true",
        ),
        (
            ErrorCode::ReconfigInProgress,
            ErrorKind::ServerError,
            "wait for its end",
        ),
        (
            ErrorCode::NewConfigNoQuorum,
            ErrorKind::ServerError,
            "quorum",
        ),
        (ErrorCode::BadVersion, ErrorKind::BadVersion, "version"),
        (ErrorCode::NoAuth, ErrorKind::NoAuth, "no permission"),
    ] {
        world.hooks.clear();
        world.hooks.on(Match::op(OpCode::Reconfig)).error(code);
        let error = zk.reconfig().leave(3).version(7).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.fate()),
            (kind, Fate::NotApplied),
            "{error}"
        );
        assert_eq!(error.path(), Some(CONFIG));
        assert!(error.to_string().contains(advice), "{error}");
    }
}
