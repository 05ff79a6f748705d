//! Members that leave and join while clients work.

use std::time::Duration;

use zk_client::WatchEvent;
use zk_recipes::{Client, ErrorKind, digest_id};
use zk_tests::{Ensemble, deadline};

use crate::turn;

const LIMIT: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn b93_members_leave_and_join_by_changes_and_as_a_whole() {
    let _turn = turn().await;
    let ensemble = Ensemble::start_reconfigurable(&digest_id("super:secret"));
    let leader = ensemble.leader();
    let on_leader = || Client::builder(ensemble.connect_string_of(leader));
    let zk = on_leader()
        .auth("digest", "super:secret")
        .connect()
        .await
        .unwrap();
    let (before, mut watch) = zk.config().watch().await.unwrap();
    let lines: Vec<String> = before.members.iter().map(ToString::to_string).collect();
    assert_eq!(lines.len(), 3, "{}", before.text);
    let goes = ensemble.follower();
    let number = goes as u64 + 1;

    // Not by anybody, and not over another version.
    let nobody = on_leader().connect().await.unwrap();
    let error = nobody.reconfig().leave(number).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoAuth, "{error}");
    let version = before.version.unwrap();
    let other = zk.reconfig().leave(number).version(version + 1).await;
    assert_eq!(other.unwrap_err().kind(), ErrorKind::BadVersion);

    let two = zk.reconfig().leave(number).version(version).await.unwrap();
    assert_eq!(two.members.len(), 2, "{}", two.text);
    assert!(two.members.iter().all(|member| member.id != number));
    assert!(two.version > before.version);
    assert!(matches!(watch.next().await, Some(WatchEvent::Fired { .. })));
    assert_eq!(nobody.config().await.unwrap().text, two.text);

    let three = again(|| zk.reconfig().join(&lines[goes])).await;
    assert_eq!(three.members, before.members);
    // The whole list in the place of the one there is.
    let without = lines.iter().enumerate().filter(|(at, _)| *at != goes);
    let without: Vec<&str> = without.map(|(_, line)| line.as_str()).collect();
    let two = zk.reconfig().members(without).await.unwrap();
    assert_eq!(two.members.len(), 2, "{}", two.text);
    let all = || zk.reconfig().members(lines.iter().map(String::as_str));
    let three = again(all).await;
    assert_eq!(three.members, before.members);
    assert_eq!((zk.generation(), zk.stats().connections_lost), (1, 0));
}

/// A member that left has to be connected and up to date before it is taken back; until then servers refuse.
async fn again(reconfig: impl Fn() -> zk_client::Reconfig) -> zk_recipes::EnsembleConfig {
    let taken = || async {
        match reconfig().await {
            Ok(config) => Some(config),
            Err(error) if error.to_string().contains("no quorum of the new members") => None,
            Err(error) => panic!("{error}"),
        }
    };
    deadline(LIMIT)
        .until_some("the member to be taken back", taken)
        .await
}
