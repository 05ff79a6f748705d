//! A client of an ensemble whose servers come and go.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::{sleep, timeout};
use zk_client::{
    BoxStream, Client, CreateMode, ErrorKind, Fate, ServerAddr, TokioClock, Transport,
};
use zk_embedded::{MemberState, PipeConnector, PipeEnsemble, ServerId};

const SERVERS: [ServerId; 3] = [ServerId::new(1), ServerId::new(2), ServerId::new(3)];

/// Port 1 is the first server, and so on.
#[derive(Debug)]
struct Pipes([PipeConnector; 3]);

#[async_trait]
impl Transport for Pipes {
    async fn dial(&self, server: &ServerAddr) -> io::Result<BoxStream> {
        let connector = &self.0[usize::from(server.port) - 1];
        Ok(Box::new(connector.connect()?))
    }
}

async fn client(ensemble: &PipeEnsemble) -> Client {
    let pipes = SERVERS.map(|server| ensemble.connector(server));
    let builder = Client::builder("zk:1,zk:2,zk:3")
        .transport(Arc::new(Pipes(pipes)))
        .clock(Arc::new(TokioClock::new()))
        .request_timeout(Duration::from_secs(5))
        .seed(5);
    builder.connect().await.unwrap()
}

/// Waits until every server takes part.
async fn until_whole(ensemble: &PipeEnsemble) {
    let takes_part = |state| matches!(state, MemberState::Following | MemberState::Leading);
    let hooks = ensemble.hooks();
    let whole = hooks.until(|core| {
        let members = core.members();
        members.iter().all(|member| takes_part(member.state))
    });
    timeout(Duration::from_secs(30), whole).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn b05_b11_a_session_moves_from_server_to_server_and_outlives_the_restart_of_each() {
    let ensemble = PipeEnsemble::builder().in_memory();
    let hooks = ensemble.hooks();
    let zk = client(&ensemble).await;
    let session = zk.session_id();
    let stat = zk
        .create("/e", "")
        .mode(CreateMode::Ephemeral)
        .await
        .unwrap()
        .stat;
    let mut servers = std::collections::BTreeSet::new();
    for server in SERVERS.into_iter().chain(SERVERS) {
        servers.insert(zk.server().unwrap());
        hooks.crash(server);
        assert_eq!(zk.exists("/e").await.unwrap(), Some(stat));
        hooks.restart(server);
        until_whole(&ensemble).await;
    }
    assert_eq!(servers.len(), 3, "{servers:?}");
    assert_eq!((zk.session_id(), zk.generation()), (session, 1));
    zk.set("/e", "still ours").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn b19_without_a_quorum_writes_end_at_their_deadline_and_with_one_again_the_rest_goes_on() {
    let ensemble = PipeEnsemble::builder().in_memory();
    let hooks = ensemble.hooks();
    let zk = client(&ensemble).await;
    let stat = zk
        .create("/e", "")
        .mode(CreateMode::Ephemeral)
        .await
        .unwrap()
        .stat;
    let [one, two, three] = SERVERS;
    hooks.partition(&[&[one], &[two], &[three]]);
    sleep(Duration::from_secs(3)).await;
    let error = zk.create("/never", "").await.unwrap_err();
    assert!(
        matches!(
            error.kind(),
            ErrorKind::TimedOut | ErrorKind::ConnectionLost
        ),
        "{error}"
    );
    let waits = zk.create("/later", "").submit();
    hooks.heal();
    waits.await.unwrap();
    assert_eq!(
        zk.exists("/e").await.unwrap(),
        Some(stat),
        "the same session"
    );
    if error.fate() == Fate::NotApplied {
        assert_eq!(zk.exists("/never").await.unwrap(), None);
    }
    assert_eq!(zk.generation(), 1);
}
