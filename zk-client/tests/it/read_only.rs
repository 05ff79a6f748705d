//! Servers that have lost their quorum.

use std::time::Duration;

use zk_client::{Client, ErrorKind, Fate, State};
use zk_embedded::{ServerId, Version};

use crate::members::{Members, can_write, until_state};

const ONE: ServerId = ServerId::new(1);
const TWO: ServerId = ServerId::new(2);
const THREE: ServerId = ServerId::new(3);

/// An ensemble whose first server is cut off from the others and serves reads alone.
async fn minority(version: Version) -> Members {
    let members = Members::new(|ensemble| {
        ensemble.configure(|config| {
            config.server.version = version;
            config.server.read_only_mode = true;
            config.server.local_sessions = true;
        })
    });
    let writer = members.client("zk2").await;
    writer.create("/a", "before").await.unwrap();
    writer.sync("/a").await.unwrap();
    writer.close().await.unwrap();
    members.hooks.partition(&[&[ONE], &[TWO, THREE]]);
    let alone = |core: &zk_embedded::EnsembleCore| {
        let one = core.member(ONE).map(|one| one.state);
        one == Some(zk_embedded::MemberState::ReadOnly)
    };
    members.hooks.until(alone).await;
    members
}

fn read_only(state: State) -> bool {
    matches!(
        state,
        State::Connected {
            read_only: true,
            ..
        }
    )
}

#[tokio::test(start_paused = true)]
async fn b82_a_client_that_takes_read_only_servers_reads_there_and_is_told_about_writes() {
    let members = minority(Version::default()).await;
    let zk = members
        .builder("zk1")
        .read_only(true)
        .connect()
        .await
        .unwrap();
    assert!(read_only(zk.state()), "{}", zk.state());
    assert_eq!(&zk.get("/a").await.unwrap().data[..], b"before");
    let plain = zk.set("/a", "x").await.unwrap_err();
    let multi = zk.multi().set("/a", "x", None).await.unwrap_err();
    for error in [plain, multi] {
        assert_eq!(
            (error.kind(), error.fate()),
            (ErrorKind::ReadOnlyServer, Fate::NotApplied)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn b82_a_client_that_takes_none_stays_out_of_a_minority() {
    let members = minority(Version::default()).await;
    let error = members.builder("zk1").connect().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoServerReachable);
}

async fn finds_a_writable_server(members: &Members) -> Client {
    for name in ["zk2", "zk3"] {
        members.names.set(name, None);
    }
    let builder = members.builder("zk1,zk2,zk3").read_only(true);
    let zk = builder.connect().await.unwrap();
    assert!(read_only(zk.state()));
    let mut watch = zk.get("/a").watch().await.unwrap().1;
    let minority = zk.session_id();
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert!(read_only(zk.state()), "there is nobody else yet");
    members.names.set("zk3", Some(THREE));
    until_state(&zk, can_write).await;
    assert_eq!(members.host_of(&zk).unwrap(), "zk3");
    // Only the minority knew that session.
    assert_ne!(zk.session_id(), minority);
    assert_eq!(zk.generation(), 1);
    zk.set("/a", "after").await.unwrap();
    let event = watch.next().await.unwrap();
    assert!(
        matches!(event, zk_client::WatchEvent::Fired { .. }),
        "{event:?}"
    );
    zk
}

#[tokio::test(start_paused = true)]
async fn b82_a_client_on_a_minority_finds_the_first_server_that_can_write() {
    let members = minority(Version::default()).await;
    let zk = finds_a_writable_server(&members).await;
    let dials = members.names.dialled().len();
    tokio::time::sleep(Duration::from_secs(300)).await;
    assert_eq!(members.names.dialled().len(), dials, "the search is over");
    zk.close().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_search_works_on_every_release() {
    for version in [Version::V3_5, Version::V3_6, Version::V3_8] {
        finds_a_writable_server(&minority(version).await).await;
    }
}

#[tokio::test(start_paused = true)]
async fn b82_a_session_of_the_quorum_outlives_the_minority_by_staying_away_from_it() {
    let members = Members::new(|ensemble| {
        ensemble.configure(|config| {
            config.server.read_only_mode = true;
            config.server.local_sessions = true;
        })
    });
    let zk = members
        .builder("zk1,zk2,zk3")
        .read_only(true)
        .connect()
        .await
        .unwrap();
    let session = zk.session_id();
    let mut states = zk.watch_state();
    for server in [ONE, TWO, THREE] {
        let others: Vec<_> = [ONE, TWO, THREE]
            .into_iter()
            .filter(|s| *s != server)
            .collect();
        members.hooks.partition(&[&[server], &others]);
        members
            .hooks
            .until(|core| core.leader().is_some_and(|leader| leader != server))
            .await;
        // Asked again wherever the session goes: a minority would answer it, too.
        zk.get("/").await.unwrap();
        until_state(&zk, can_write).await;
        members.hooks.heal();
        let all = |core: &zk_embedded::EnsembleCore| {
            let joined = |member: &zk_embedded::MemberInfo| {
                matches!(
                    member.state,
                    zk_embedded::MemberState::Following | zk_embedded::MemberState::Leading
                )
            };
            core.members().iter().all(joined)
        };
        members.hooks.until(all).await;
    }
    assert_eq!((zk.session_id(), zk.generation()), (session, 1));
    assert!(states.changed().await.is_some_and(can_write));
}

/// It serves reads on a connection of its own while a session does its work.
#[tokio::test(start_paused = true)]
async fn servers_answer_the_question_whether_they_can_write() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let members = minority(Version::default()).await;
    for (server, expected) in [(1, "ro"), (2, "rw"), (3, "rw")] {
        let mut link = members.connect(server).unwrap();
        link.write_all(b"isro").await.unwrap();
        let mut answer = String::new();
        link.read_to_string(&mut answer).await.unwrap();
        assert_eq!(answer, expected, "server {server}");
    }
}
