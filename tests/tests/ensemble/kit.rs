//! The test kit itself: what is done to a member happens to it.

use std::time::{Duration, Instant};

use zk_recipes::{Client, State};
use zk_tests::{Ensemble, Role, deadline};

use crate::turn;

const LIMIT: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn what_is_done_to_a_member_happens_to_it() {
    let _turn = turn().await;
    let ensemble = Ensemble::start();
    killed_leaders_are_replaced(&ensemble);
    paused_members_are_silent(&ensemble);
    members_without_peers_serve_on_for_a_while(&ensemble).await;
    members_cut_off_from_all_are_silent(&ensemble).await;
}

fn killed_leaders_are_replaced(ensemble: &Ensemble) {
    let leader = ensemble.leader();
    let others: Vec<_> = Ensemble::MEMBERS.filter(|m| *m != leader).collect();
    ensemble.kill(leader);
    assert_eq!(ensemble.role(leader), None);
    let limit = deadline(LIMIT);
    let next = ensemble.wait_for_leader_among(&others, &limit);
    ensemble.restart(leader);
    ensemble.wait_until_all_serve(&limit);
    assert_eq!(ensemble.role(next), Some(Role::Leader));
    assert_eq!(ensemble.role(leader), Some(Role::Follower));
}

fn paused_members_are_silent(ensemble: &Ensemble) {
    let follower = ensemble.follower();
    ensemble.pause(follower);
    assert_eq!(ensemble.role(follower), None);
    ensemble.unpause(follower);
    ensemble.wait_until_all_serve(&deadline(LIMIT));
}

async fn members_without_peers_serve_on_for_a_while(ensemble: &Ensemble) {
    let follower = ensemble.follower();
    let client = || async {
        let builder = Client::builder(ensemble.connect_string_of(follower));
        let builder = builder.session_timeout(Duration::from_secs(10));
        builder.connect().await.unwrap()
    };
    // A session's reads wait behind its writes, so it takes two.
    let (reader, writer) = (client().await, client().await);
    let session = reader.session_id().unwrap();
    assert_eq!(ensemble.host_of(session), Some(follower));
    // The first rule of several is enough for it to hear nothing any more.
    let begun = Instant::now();
    ensemble.cut_from_peers(follower);
    let write = tokio::spawn(writer.set("/", "").submit());
    // It answers what it can alone, and takes itself for a follower.
    reader.get("/").await.unwrap();
    assert_eq!(ensemble.role(follower), Some(Role::Follower));
    let limit = deadline(LIMIT);
    limit.wait_for("the follower to find out", || {
        ensemble.role(follower).is_none().then_some(())
    });
    assert!(
        begun.elapsed() > Ensemble::BLIND / 2,
        "{:?}",
        begun.elapsed()
    );
    // Nobody else is disturbed.
    let others = Ensemble::MEMBERS.filter(|m| *m != follower);
    assert!(others.map(|m| ensemble.role(m)).all(|role| role.is_some()));
    // Only now is the write over, and it has never come through.
    write.await.unwrap().unwrap_err();
    ensemble.heal(follower);
    ensemble.wait_until_all_serve(&limit);
    let stat = || async { reader.exists("/").await.ok()? };
    assert_eq!(limit.until_some("a read", stat).await.version, 0);
    for zk in [reader, writer] {
        zk.close().await.unwrap();
    }
}

async fn members_cut_off_from_all_are_silent(ensemble: &Ensemble) {
    let follower = ensemble.follower();
    let builder = Client::builder(ensemble.connect_string_of(follower));
    let zk = builder.session_timeout(Duration::from_secs(4)).connect();
    let zk = zk.await.unwrap();
    ensemble.cut_from_all(follower);
    let limit = deadline(LIMIT);
    let suspended = || async { (!matches!(zk.state(), State::Connected { .. })).then_some(()) };
    limit.until_some("the client to notice", suspended).await;
    assert_eq!(ensemble.role(follower), None);
    ensemble.heal(follower);
    ensemble.wait_until_all_serve(&limit);
    let answered = || async { zk.get("/").await.ok() };
    limit.until_some("an answer", answered).await;
    zk.close().await.unwrap();
}
