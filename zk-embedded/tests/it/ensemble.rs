//! The faces of an ensemble.

use std::io;
use std::time::Duration;

use tokio::time::{Instant, timeout};
use zk_embedded::test::Refusal;
use zk_embedded::{EmbeddedEnsemble, Match, MemberState, PipeEnsemble, Reaction, ServerId};
use zk_wire::{CreateMode, OpCode};

use crate::client::{Client, create, exists, get};

const ONE: ServerId = ServerId::new(1);
const TWO: ServerId = ServerId::new(2);
const THREE: ServerId = ServerId::new(3);

#[tokio::test]
async fn each_server_of_an_ensemble_has_a_port_of_its_own_and_all_have_the_same_tree() {
    let ensemble = EmbeddedEnsemble::builder()
        .servers(3)
        .start()
        .await
        .unwrap();
    assert_eq!(ensemble.connect_string().split(',').count(), 3);
    let mut writer = Client::at(ensemble.addrs()[0]).await.unwrap();
    writer
        .call(&create("/a", CreateMode::Persistent))
        .await
        .unwrap();
    let hooks = ensemble.hooks();
    hooks
        .until(|core| {
            core.members()
                .windows(2)
                .all(|pair| pair[0].applied == pair[1].applied)
        })
        .await;
    for address in ensemble.addrs() {
        let mut reader = Client::at(*address).await.unwrap();
        reader.call(&get("/a", false)).await.unwrap();
    }
    ensemble.shutdown().await;
}

#[tokio::test]
async fn a_port_that_is_taken_is_named_and_nothing_is_left_of_the_others() {
    let first = EmbeddedEnsemble::builder()
        .servers(1)
        .start()
        .await
        .unwrap();
    let taken = first.addrs()[0].port();
    let second = EmbeddedEnsemble::builder().ports([0, taken]).start().await;
    let text = second.unwrap_err().to_string();
    assert!(text.contains(&taken.to_string()), "{text}");
}

#[tokio::test]
async fn b11_when_the_leader_is_killed_over_tcp_sessions_go_on_elsewhere() {
    let ensemble = EmbeddedEnsemble::builder()
        .election(Duration::from_millis(20))
        .start()
        .await
        .unwrap();
    let hooks = ensemble.hooks();
    let client = Client::at(ensemble.addrs()[0]).await.unwrap();
    hooks.chaos("kill leader").unwrap();
    hooks.until(|core| core.leader().is_some()).await;
    assert_ne!(hooks.leader(), Some(THREE));
    assert!(
        Client::at(ensemble.addrs()[2]).await.is_err(),
        "the killed one"
    );
    Client::at(ensemble.addrs()[0]).await.unwrap();
    hooks
        .until(|core| core.expires_at(client.id()).is_some())
        .await;
}

#[tokio::test(start_paused = true)]
async fn elections_and_cuts_take_virtual_time_alone() {
    let ensemble = PipeEnsemble::builder().in_memory();
    let hooks = ensemble.hooks();
    let mut client = Client::to(&ensemble, ONE).await.unwrap();
    client
        .call(&create("/e", CreateMode::Ephemeral))
        .await
        .unwrap();
    let started = Instant::now();
    hooks.partition(&[&[THREE], &[ONE, TWO]]);
    hooks.until(|core| core.leader() == Some(TWO)).await;
    // Five ticks of silence, and an election.
    let took = started.elapsed();
    assert!(
        (Duration::from_millis(2400)..Duration::from_millis(2900)).contains(&took),
        "{took:?}"
    );
    let mut client = client.move_to(&ensemble, TWO).await.unwrap();
    client.call(&exists("/e", false)).await.unwrap();
    hooks.heal();
    hooks
        .until(|core| {
            core.member(THREE)
                .is_some_and(|one| one.state == MemberState::Following)
        })
        .await;
    assert_eq!(hooks.paths(THREE), ["/e"]);
}

#[tokio::test(start_paused = true)]
async fn a_stopped_server_is_silent_and_a_killed_one_is_not_there() {
    let ensemble = PipeEnsemble::builder().in_memory();
    let hooks = ensemble.hooks();
    hooks.chaos("pause 1").unwrap();
    let second = Duration::from_secs(1);
    let shaken = timeout(second, Client::to(&ensemble, ONE)).await;
    assert!(shaken.is_err(), "it takes the connection, and says nothing");
    hooks.chaos("kill 1").unwrap();
    let refused = Client::to(&ensemble, ONE).await.err().unwrap();
    assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
    let nobody = Client::to(&ensemble, ServerId::new(9)).await.err().unwrap();
    assert_eq!(nobody.kind(), io::ErrorKind::ConnectionRefused);
}

#[tokio::test(start_paused = true)]
async fn rules_belong_to_one_server_and_words_reach_all() {
    let ensemble = PipeEnsemble::builder().in_memory();
    let hooks = ensemble.hooks();
    let rule = hooks
        .on(TWO, Match::op(OpCode::GetData))
        .react(Reaction::CutAfterApply);
    assert!(rule.is_some());
    let mut one = Client::to(&ensemble, ONE).await.unwrap();
    one.call(&get("/", false)).await.unwrap();
    let mut two = Client::to(&ensemble, TWO).await.unwrap();
    two.send(&[get("/", false)]).await.unwrap();
    two.reply(&get("/", false)).await.unwrap_err();
    let refused = hooks.chaos("dance").unwrap_err();
    assert!(matches!(refused, Refusal::Words { .. }));
    hooks.chaos("on exists always cut-before").unwrap();
    one.send(&[exists("/", false)]).await.unwrap();
    one.reply(&exists("/", false)).await.unwrap_err();
}
