//! Barriers and flags of clients whose server lags behind.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use zk_embedded::PipeEnsemble;
use zk_recipes::{Barrier, Client, ErrorKind, EventFlag};

use super::spawned;
use crate::ensembles::{client, three_servers};

const PATH: &str = "/barriers/b";

/// Three servers, and a client of each that knows of the barrier's place.
async fn three() -> (Arc<PipeEnsemble>, Vec<Client>) {
    let ensemble = three_servers();
    let mut clients = Vec::new();
    for server in 1..=3 {
        let zk = client(&ensemble, server).await;
        Barrier::new(&zk, PATH).unwrap().is_set().await.unwrap();
        clients.push(zk);
    }
    (ensemble, clients)
}

/// B1: whoever removes what another has set does so, whatever its own server knows of it.
#[tokio::test(start_paused = true)]
async fn b1_a_removal_finds_a_barrier_that_its_server_does_not_know_of_yet() {
    let (ensemble, clients) = three().await;
    let hooks = ensemble.hooks();
    let mut lagging = 0;
    for (zk, server) in clients.iter().zip(1..) {
        // The leader does not lag behind itself.
        if hooks.chaos(&format!("lag {server} 2s for 60s")).is_err() {
            continue;
        }
        lagging += 1;
        let other = clients.get(usize::from(server == 1)).unwrap();
        Barrier::new(other, PATH).unwrap().set().await.unwrap();
        let removed = Barrier::new(zk, PATH).unwrap().remove().await.unwrap();
        assert!(removed, "it said that there was none");
        EventFlag::new(other, PATH).unwrap().set().await.unwrap();
        assert!(EventFlag::new(zk, PATH).unwrap().clear().await.unwrap());
        hooks.chaos(&format!("lag {server} 0s for 1s")).unwrap();
    }
    assert!(lagging >= 2, "{lagging} servers lag");
}

/// B1: a removal that its own server shows late, of a barrier that was set again before the wait began, lets nobody pass.
#[tokio::test(start_paused = true)]
async fn b1_a_late_removal_of_an_earlier_barrier_lets_nobody_pass() {
    let (ensemble, clients) = three().await;
    let hooks = ensemble.hooks();
    let mut lagging = 0;
    for (zk, server) in clients.iter().zip(1..) {
        if hooks.chaos(&format!("lag {server} 2s for 60s")).is_err() {
            continue;
        }
        lagging += 1;
        let other = clients.get(usize::from(server == 1)).unwrap();
        let (theirs, ours) = (Barrier::new(other, PATH), Barrier::new(zk, PATH));
        let (theirs, ours) = (theirs.unwrap(), ours.unwrap());
        theirs.set().await.unwrap();
        sleep(Duration::from_secs(5)).await;
        assert!(ours.is_set().await.unwrap());
        assert!(theirs.remove().await.unwrap());
        sleep(Duration::from_secs(1)).await;
        theirs.set().await.unwrap();
        let passed = ours.wait().timeout(Duration::from_secs(10)).await;
        assert_eq!(passed.unwrap_err().kind(), ErrorKind::WaitTimedOut);
        let wait = spawned(ours.wait());
        sleep(Duration::from_secs(5)).await;
        theirs.remove().await.unwrap();
        wait.await.unwrap().unwrap();
        hooks.chaos(&format!("lag {server} 0s for 1s")).unwrap();
    }
    assert!(lagging >= 2, "{lagging} servers lag");
}
