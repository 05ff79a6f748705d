//! The list of servers changes while a client runs.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use zk_client::{Client, CreateMode, ErrorKind, State};
use zk_embedded::ServerId;

use crate::members::{Members, NAMES, can_write, until_state};

#[tokio::test(start_paused = true)]
async fn a_client_leaves_a_server_that_went_from_its_list_and_keeps_its_session() {
    let members = Members::new(|ensemble| ensemble);
    let zk = members.client("zk1").await;
    let session = zk.session_id();
    zk.create("/mine", "")
        .mode(CreateMode::Ephemeral)
        .await
        .unwrap();
    zk.update_servers("zk2:2181,zk3:2181").unwrap();
    // Queued behind the move: none of it fails.
    zk.set("/mine", "x").await.unwrap();
    assert_ne!(members.host_of(&zk).unwrap(), "zk1");
    assert_eq!((zk.session_id(), zk.generation()), (session, 1));
    assert_eq!(zk.servers().len(), 2);
    assert!(zk.exists("/mine").await.unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_client_whose_server_is_still_listed_keeps_its_connection() {
    let members = Members::new(|ensemble| ensemble);
    let zk = members.client("zk1").await;
    zk.update_servers("zk1").unwrap();
    zk.update_servers("zk1,zk1:2181").unwrap();
    zk.get("/").await.unwrap();
    assert_eq!(
        zk.servers().len(),
        1,
        "a server that is listed twice is one"
    );
    assert_eq!(members.names.dialled(), ["zk1"]);
    assert_eq!(zk.stats().connections_lost, 0);
}

#[tokio::test(start_paused = true)]
async fn b79_many_clients_spread_over_servers_that_come_and_no_request_fails() {
    let members = Members::new(|ensemble| ensemble.servers(5));
    let mut clients = Vec::new();
    for seed in 0..150 {
        let builder = members.builder("zk1,zk2,zk3").seed(seed);
        clients.push(builder.connect().await.unwrap());
    }
    let sessions: Vec<_> = clients.iter().map(Client::session_id).collect();
    let before: Vec<_> = clients.iter().map(|zk| members.host_of(zk)).collect();
    for zk in &clients {
        zk.update_servers(&NAMES.join(",")).unwrap();
        zk.get("/").await.unwrap();
    }
    let mut share: BTreeMap<String, usize> = BTreeMap::new();
    for (zk, before) in clients.iter().zip(before) {
        let now = members.host_of(zk);
        let is_new = ["zk4", "zk5"].contains(&now.as_deref().unwrap());
        assert!(now == before || is_new, "{before:?} to {now:?}");
        *share.entry(now.unwrap()).or_default() += 1;
    }
    // Thirty each, give or take.
    assert_eq!(share.len(), 5, "{share:?}");
    assert!(
        share.values().all(|clients| (15..46).contains(clients)),
        "{share:?}"
    );
    let after: Vec<_> = clients.iter().map(Client::session_id).collect();
    assert_eq!(sessions, after);
}

#[tokio::test(start_paused = true)]
async fn zk1683_b79_a_list_that_changes_while_no_server_answers_ends_the_outage() {
    let members = Members::new(|ensemble| ensemble);
    let zk = members.client("zk1").await;
    let session = zk.session_id();
    members.names.set("zk1", None);
    members.hooks.cut_session(session.unwrap());
    until_state(&zk, |state| !state.is_connected()).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    zk.update_servers("zk2").unwrap();
    until_state(&zk, can_write).await;
    assert_eq!(zk.session_id(), session);
    assert_eq!(zk.outage(), None);
}

#[tokio::test(start_paused = true)]
async fn the_errors_after_a_change_name_the_servers_of_the_new_list() {
    let members = Members::new(|ensemble| ensemble);
    let zk = members.client("zk1").await;
    members.names.set("zk9", None);
    zk.update_servers("zk9:2182").unwrap();
    until_state(&zk, |state| !state.is_connected()).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(
        zk.outage().unwrap(),
        "no connection: zk9:2182: name not found"
    );
}

#[tokio::test(start_paused = true)]
async fn a_list_that_cannot_be_used_is_refused_and_changes_nothing() {
    let members = Members::new(|ensemble| ensemble);
    let zk = members.client("zk1").await;
    for (list, complaint) in [
        ("", "names no server"),
        ("zk1,,zk2", "server 2 of the connect string"),
        ("zk2/app", "has no chroot"),
    ] {
        let error = zk.update_servers(list).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
        assert!(error.to_string().contains(complaint), "{error}");
    }
    assert_eq!(zk.servers().len(), 1);
    zk.close().await.unwrap();
    let error = zk.update_servers("zk2").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_new_session_uses_the_list_of_the_old_one() {
    let members = Members::new(|ensemble| ensemble);
    let zk = members.client("zk1").await;
    zk.update_servers("zk1,zk2,zk3").unwrap();
    let session = zk.session_id().unwrap();
    members.hooks.until(|core| core.leader().is_some()).await;
    members.hooks.expire(session);
    until_state(&zk, |state| {
        matches!(state, State::Connected { generation: 2, .. })
    })
    .await;
    members.names.set("zk1", None);
    members.names.set("zk2", None);
    members.hooks.cut_session(zk.session_id().unwrap());
    until_state(&zk, |state| !state.is_connected()).await;
    until_state(&zk, can_write).await;
    assert_eq!(members.host_of(&zk).unwrap(), "zk3");
}

#[tokio::test(start_paused = true)]
async fn clients_with_different_seeds_begin_at_different_servers_and_equal_ones_at_the_same() {
    let members = Members::new(|ensemble| ensemble.servers(5));
    let mut firsts = BTreeSet::new();
    for seed in 0..20 {
        let mut hosts = BTreeSet::new();
        for _ in 0..2 {
            let builder = members.builder("zk1,zk2,zk3,zk4,zk5").seed(seed);
            let zk = builder.connect().await.unwrap();
            hosts.insert(members.host_of(&zk).unwrap());
            zk.close().await.unwrap();
        }
        assert_eq!(hosts.len(), 1, "seed {seed}");
        firsts.append(&mut hosts);
    }
    assert_eq!(firsts.len(), 5);
}

#[tokio::test(start_paused = true)]
async fn servers_that_come_and_go_keep_the_session_while_one_of_them_is_reachable() {
    let members = Members::new(|ensemble| ensemble);
    let zk = members.client("zk1,zk2,zk3").await;
    let session = zk.session_id();
    for round in 0..9_u8 {
        let down = ServerId::new(round % 3 + 1);
        members.hooks.crash(down);
        members
            .hooks
            .until(|core| core.leader().is_some_and(|leader| leader != down))
            .await;
        zk.get("/").await.unwrap();
        members.hooks.restart(down);
    }
    assert_eq!((zk.session_id(), zk.generation()), (session, 1));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_answers_with_another_session_has_ended_the_one_there_was() {
    let members = Members::new(|ensemble| ensemble);
    let zk = members.client("zk1").await;
    let session = zk.session_id().unwrap();
    zk.create("/mine", "")
        .mode(CreateMode::Ephemeral)
        .await
        .unwrap();
    for number in 1..=3 {
        let server = ServerId::new(number);
        members
            .hooks
            .with_server(server, |core| core.substitute_sessions(true));
    }
    // Servers of this kind end a session and hand the next one to whoever asks for it.
    members.names.set("zk1", None);
    members.hooks.cut_session(session);
    members.hooks.expire(session);
    tokio::time::sleep(Duration::from_secs(1)).await;
    members.names.set("zk1", Some(ServerId::new(1)));
    until_state(&zk, |state| {
        matches!(state, State::Connected { generation: 2, .. })
    })
    .await;
    assert_eq!(zk.last_expiry().unwrap().session, session);
    assert_ne!(zk.session_id(), Some(session));
    assert_eq!(zk.exists("/mine").await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_told_to_leave_its_server_keeps_its_session_and_its_requests() {
    let members = Members::new(|ensemble| ensemble);
    let zk = members.client("zk1,zk2,zk3").await;
    let session = zk.session_id();
    zk.create("/a", "").await.unwrap();
    let (_, mut watch) = zk.get("/a").watch().await.unwrap();
    let mut hosts = BTreeSet::new();
    for _ in 0..3 {
        let writes: Vec<_> = (0..50)
            .map(|n| zk.create(&format!("/n{n}"), "").submit())
            .collect();
        let before = members.host_of(&zk);
        hosts.extend(before.clone());
        assert!(zk.leave_server());
        for write in writes {
            write.await.unwrap();
        }
        // The answer to what is asked now comes from the next server.
        zk.exists("/").await.unwrap();
        assert_ne!(members.host_of(&zk), before);
        let deletes = (0..50).map(|n| zk.delete(&format!("/n{n}")).submit());
        for delete in deletes.collect::<Vec<_>>() {
            delete.await.unwrap();
        }
    }
    assert_eq!(hosts.len(), 3, "{hosts:?}");
    assert_eq!((zk.session_id(), zk.generation()), (session, 1));
    zk.set("/a", "x").await.unwrap();
    assert!(matches!(
        watch.next().await,
        Some(zk_client::WatchEvent::Fired { .. })
    ));
}
