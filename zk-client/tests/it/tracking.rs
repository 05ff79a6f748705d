//! Following the ensemble's own list of its servers.

use std::time::Duration;

use zk_client::{Acl, Client, OnExpiry, Permissions};

use crate::members::{Members, can_write, until_state};

const CONFIG: &str = "/zookeeper/config";

/// Servers that let `super:secret` write their list, as a reconfiguration would.
pub(crate) fn members() -> Members {
    let user = Acl::digest("super", "secret");
    Members::new(|ensemble| {
        ensemble.configure(|config| config.server.super_digest = Some(user.id.clone()))
    })
}

pub(crate) async fn operator(members: &Members) -> Client {
    let builder = members
        .builder("zk1,zk2,zk3")
        .auth("digest", "super:secret");
    builder.connect().await.unwrap()
}

pub(crate) async fn publish(operator: &Client, servers: &[&str]) {
    let lines = servers.iter().zip(1..).map(|(name, number)| {
        format!("server.{number}={name}:2888:3888:participant;0.0.0.0:2181\n")
    });
    let text = lines.collect::<String>() + "version=100000000";
    operator.set(CONFIG, text).await.unwrap();
}

async fn until_servers(zk: &Client, wanted: &[&str]) {
    let limit = Duration::from_secs(60);
    let same = || {
        let servers = zk.servers();
        servers.len() == wanted.len()
            && servers
                .iter()
                .all(|server| wanted.contains(&server.host.as_str()))
    };
    tokio::time::timeout(limit, async {
        while !same() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await
    .unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_client_that_tracks_its_ensemble_follows_servers_that_come_and_go() {
    let members = members();
    let operator = operator(&members).await;
    publish(&operator, &["zk1", "zk2", "zk3"]).await;
    let zk = members
        .builder("zk1/app")
        .track_ensemble(true)
        .connect()
        .await
        .unwrap();
    let session = zk.session_id();
    until_servers(&zk, &["zk1", "zk2", "zk3"]).await;
    publish(&operator, &["zk2", "zk3"]).await;
    until_servers(&zk, &["zk2", "zk3"]).await;
    until_state(&zk, can_write).await;
    assert_ne!(members.host_of(&zk).unwrap(), "zk1");
    publish(&operator, &["zk1"]).await;
    until_servers(&zk, &["zk1"]).await;
    until_state(&zk, can_write).await;
    assert_eq!((zk.session_id(), zk.generation()), (session, 1));
}

#[tokio::test(start_paused = true)]
async fn a_client_follows_nobody_unless_it_is_told_to() {
    let members = members();
    let operator = operator(&members).await;
    let zk = members.client("zk1").await;
    publish(&operator, &["zk2", "zk3"]).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(zk.servers().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_list_without_addresses_for_clients_is_not_taken() {
    let members = members();
    let operator = operator(&members).await;
    let zk = members
        .builder("zk1")
        .track_ensemble(true)
        .connect()
        .await
        .unwrap();
    for text in [
        "",
        "server.1=zk1:2888:3888:participant\nversion=0",
        "\u{fffd}",
    ] {
        operator.set(CONFIG, text).await.unwrap();
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert_eq!(zk.servers().len(), 1);
        assert_eq!(zk.stats().connections_lost, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn tracking_goes_on_in_the_next_session_and_ends_with_the_client() {
    let members = members();
    let operator = operator(&members).await;
    publish(&operator, &["zk1", "zk2", "zk3"]).await;
    let zk = members
        .builder("zk1")
        .track_ensemble(true)
        .connect()
        .await
        .unwrap();
    until_servers(&zk, &["zk1", "zk2", "zk3"]).await;
    members.hooks.expire(zk.session_id().unwrap());
    until_state(&zk, |state| {
        matches!(state, zk_client::State::Connected { generation: 2, .. })
    })
    .await;
    publish(&operator, &["zk2", "zk3"]).await;
    until_servers(&zk, &["zk2", "zk3"]).await;
    // Nothing keeps the session but the client.
    let session = zk.session_id().unwrap();
    drop(zk);
    members
        .hooks
        .until(|core| core.expires_at(session).is_none())
        .await;
}

#[tokio::test(start_paused = true)]
async fn tracking_stops_with_a_client_that_stops_at_expiry() {
    let members = members();
    let alive = tokio::runtime::Handle::current()
        .metrics()
        .num_alive_tasks();
    let builder = members.builder("zk1").track_ensemble(true);
    let zk = builder.on_expiry(OnExpiry::Stop).connect().await.unwrap();
    members.hooks.expire(zk.session_id().unwrap());
    until_state(&zk, |state| {
        matches!(state, zk_client::State::Expired { .. })
    })
    .await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let now = tokio::runtime::Handle::current()
        .metrics()
        .num_alive_tasks();
    assert_eq!(
        now, alive,
        "neither the client's task nor its companion goes on"
    );
}

#[tokio::test(start_paused = true)]
async fn a_list_that_may_not_be_read_leaves_the_client_alone() {
    let members = members();
    let operator = operator(&members).await;
    let closed = Acl::new("auth", "", Permissions::ALL);
    operator.set_acl(CONFIG, [closed]).await.unwrap();
    let zk = members
        .builder("zk1")
        .track_ensemble(true)
        .connect()
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_secs(10)).await;
    zk.get("/").await.unwrap();
    assert_eq!(zk.servers().len(), 1);
}

/// C75: the chroot was lost, and the client was in another tree. C76: names became addresses, which grew old. C78: one change
/// was followed without end.
#[tokio::test(start_paused = true)]
async fn c75_c76_c78_a_new_list_is_followed_once_by_its_names_and_below_the_chroot() {
    let members = members();
    let operator = operator(&members).await;
    operator.create("/app", "").await.unwrap();
    publish(&operator, &["zk1"]).await;
    let zk = members
        .builder("zk1/app")
        .track_ensemble(true)
        .connect()
        .await
        .unwrap();
    until_servers(&zk, &["zk1"]).await;
    for (turn, server) in (1..).zip(["zk2", "zk3", "zk1"]) {
        publish(&operator, &[server]).await;
        until_servers(&zk, &[server]).await;
        until_state(&zk, can_write).await;
        assert_eq!(members.host_of(&zk).as_deref(), Some(server));
        let name = format!("/of-{server}");
        zk.create(&name, "").await.unwrap();
        let there = operator.exists(&format!("/app{name}")).await.unwrap();
        assert!(there.is_some(), "it is in another tree");
        // Told again, and told nothing new, it stays.
        publish(&operator, &[server]).await;
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert_eq!(zk.stats().connections, 1 + turn, "one move for one change");
        assert_eq!(zk.servers()[0].host, server, "a name stays a name");
    }
}

/// C77: each reconnect left one more watch on the list.
#[tokio::test(start_paused = true)]
async fn c77_a_thousand_reconnects_leave_one_watch_on_the_list() {
    let members = members();
    let operator = operator(&members).await;
    publish(&operator, &["zk1"]).await;
    let zk = members
        .builder("zk1/app")
        .track_ensemble(true)
        .connect()
        .await
        .unwrap();
    until_servers(&zk, &["zk1"]).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let watches = zk.stats().watches;
    assert_eq!(watches, 1);
    for turn in 0..1000 {
        zk.leave_server();
        let before = zk.stats().connections;
        until_state(&zk, |state| {
            can_write(state) && zk.stats().connections >= before
        })
        .await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(zk.stats().watches, watches, "after {turn}");
    }
    assert!(zk.stats().connections > 1000, "{}", zk.stats().connections);
    // And the one that is left is heard.
    publish(&operator, &["zk2"]).await;
    until_servers(&zk, &["zk2"]).await;
}
