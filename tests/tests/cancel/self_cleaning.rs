//! Self-cleaning functions: dropped at any poll, whatever they did is undone. Those of locks are in the matrix.

use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::sleep;
use zk_client::{Acl, Claim};
use zk_client::{
    Bytes, Client, CreateMode, PipeTransport, ServerAddr, State, TcpTransport, Transport,
};
use zk_embedded::EmbeddedServer;

use crate::embedded::with_sockets;
use crate::kit::{Naming, World, in_virtual_time, settle, until};
use crate::polls::{NOW_AND_LATE, at_every_poll, poll_then_drop};

#[test]
fn a_dropped_connect_leaves_no_session_no_connection_and_no_task() {
    at_every_poll(NOW_AND_LATE, |stop| {
        let _naming = Naming(format!("dropped after {stop} polls"));
        in_virtual_time(async {
            let world = World::new();
            let before = world.open(&[]);
            let ready = poll_then_drop(world.builder().connect(), stop)
                .await
                .is_some();
            until("clean", || world.open(&[]) == before).await;
            ready
        })
    });
}

#[test]
fn a_dropped_dev_stops_client_and_server() {
    at_every_poll(NOW_AND_LATE, |stop| {
        let _naming = Naming(format!("dropped after {stop} polls"));
        in_virtual_time(async {
            let ready = poll_then_drop(Client::dev(), stop).await.is_some();
            let tasks = || Handle::current().metrics().num_alive_tasks();
            until("clean", || tasks() == 0).await;
            ready
        })
    });
}

#[test]
fn a_dropped_close_goes_on_once_it_was_polled() {
    at_every_poll(NOW_AND_LATE, |stop| {
        let _naming = Naming(format!("dropped after {stop} polls"));
        in_virtual_time(async {
            let world = World::new();
            let zk = world.client().await;
            let ready = poll_then_drop(zk.close(), stop).await.is_some();
            settle().await;
            if stop.polls == 0 {
                assert!(zk.state().is_connected());
                assert_eq!(world.hooks.sessions().len(), 1);
            } else {
                assert_eq!(zk.state(), State::Closed);
                assert_eq!(world.hooks.sessions(), []);
                assert_eq!(world.hooks.connection_count(), 0);
            }
            ready
        })
    });
}

async fn claimed(zk: &Client) -> Claim {
    zk.create("/parent", "").await.unwrap();
    zk.claim("/parent", "mark")
}

async fn create(claim: &Claim) {
    let (data, acl) = (Bytes::new(), vec![Acl::open()]);
    let mode = CreateMode::EphemeralSequential;
    let created = claim.create("/parent/mark-", data, acl, mode).await;
    created.unwrap();
}

#[test]
fn a_dropped_release_of_a_claim_deletes_its_node_all_the_same() {
    at_every_poll(NOW_AND_LATE, |stop| {
        let _naming = Naming(format!("dropped after {stop} polls"));
        in_virtual_time(async {
            let world = World::new();
            let zk = world.client().await;
            let before = world.open(&[&zk]);
            let claim = claimed(&zk).await;
            create(&claim).await;
            let ready = poll_then_drop(claim.release(), stop).await.is_some();
            settle().await;
            assert_eq!(world.below("/parent"), Vec::<String>::new());
            assert_eq!(world.open(&[&zk]), before);
            ready
        })
    });
}

/// The claim, not the future, answers for the node.
#[test]
fn a_node_whose_claimed_create_was_dropped_goes_with_the_claim() {
    at_every_poll(NOW_AND_LATE, |stop| {
        let _naming = Naming(format!("dropped after {stop} polls"));
        in_virtual_time(async {
            let world = World::new();
            let zk = world.client().await;
            let before = world.open(&[&zk]);
            let claim = claimed(&zk).await;
            let ready = poll_then_drop(create(&claim), stop).await.is_some();
            drop(claim);
            settle().await;
            assert_eq!(world.below("/parent"), Vec::<String>::new());
            assert_eq!(world.open(&[&zk]), before);
            ready
        })
    });
}

#[test]
fn a_dropped_dial_leaves_no_connection() {
    at_every_poll(NOW_AND_LATE, |stop| {
        let _naming = Naming(format!("dropped after {stop} polls"));
        in_virtual_time(async {
            let world = World::new();
            let before = world.open(&[]);
            let transport = PipeTransport::to(&world.server);
            let address = ServerAddr::new("embedded", 2181);
            let ready = poll_then_drop(transport.dial(&address), stop)
                .await
                .is_some();
            sleep(Duration::from_secs(1)).await;
            assert_eq!(world.open(&[]), before);
            ready
        })
    });
}

#[test]
fn a_dropped_connect_of_tcp_leaves_no_connection() {
    at_every_poll(&[false], |stop| {
        let _naming = Naming(format!("dropped after {stop} polls"));
        with_sockets(async {
            let server = EmbeddedServer::builder().start().await.unwrap();
            let hooks = server.hooks();
            let text = server.connect_string();
            let port = text.rsplit_once(':').unwrap().1.parse().unwrap();
            let transport = TcpTransport::default();
            let address = ServerAddr::new("127.0.0.1", port);
            let stream = poll_then_drop(transport.connect(&address), stop).await;
            let ready = stream.is_some();
            drop(stream);
            hooks.until(|core| core.connection_count() == 0).await;
            ready
        })
    });
}
