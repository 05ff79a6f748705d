//! The embedded server's own functions.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use tokio::runtime::Builder;
use zk_embedded::{EmbeddedServer, PipeServer};

use crate::kit::{Naming, World, in_virtual_time};
use crate::polls::{NOW_AND_LATE, at_every_poll, poll_then_drop};

#[test]
fn a_dropped_until_changes_nothing() {
    at_every_poll(NOW_AND_LATE, |stop| {
        let _naming = Naming(format!("dropped after {stop} polls"));
        in_virtual_time(async {
            let world = World::new();
            let zk = world.client().await;
            let writer = zk.clone();
            let write = tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(50)).await;
                writer.create("/a", "").await.unwrap();
            });
            let created = world.hooks.until(|core| core.node("/a").is_some());
            let ready = poll_then_drop(created, stop).await.is_some();
            assert!(!ready || world.hooks.node("/a").is_some());
            write.await.unwrap();
            // Who asks afterwards hears it all the same.
            world.hooks.until(|core| core.node("/a").is_some()).await;
            ready
        })
    });
}

#[test]
fn a_server_in_memory_stops_although_its_shutdown_was_dropped() {
    at_every_poll(NOW_AND_LATE, |stop| {
        let _naming = Naming(format!("dropped after {stop} polls"));
        in_virtual_time(async {
            let server = PipeServer::builder().in_memory();
            let (hooks, connector) = (server.hooks(), server.connector());
            let link = connector.connect().unwrap();
            let ready = poll_then_drop(server.shutdown(), stop).await.is_some();
            tokio::time::sleep(Duration::from_millis(100)).await;
            assert!(connector.connect().is_err());
            assert_eq!(hooks.connection_count(), 0);
            drop(link);
            ready
        })
    });
}

/// Time is real where there are sockets.
pub(crate) fn with_sockets<F: Future>(test: F) -> F::Output {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(test)
}

/// Waits until nobody listens at an address.
pub(crate) async fn until_free(address: &str) {
    let start = Instant::now();
    while TcpStream::connect(address).is_ok() {
        assert!(
            start.elapsed() < Duration::from_secs(10),
            "still listening at {address}"
        );
        tokio::task::yield_now().await;
    }
}

#[test]
fn a_server_stops_although_its_shutdown_was_dropped() {
    at_every_poll(&NOW_AND_LATE[..1], |stop| {
        let _naming = Naming(format!("dropped after {stop} polls"));
        with_sockets(async {
            let server = EmbeddedServer::builder().start().await.unwrap();
            let address = server.connect_string();
            let link = TcpStream::connect(&address).unwrap();
            let ready = poll_then_drop(server.shutdown(), stop).await.is_some();
            until_free(&address).await;
            drop(link);
            ready
        })
    });
}

#[test]
fn a_dropped_start_leaves_no_server() {
    at_every_poll(&NOW_AND_LATE[..1], |stop| {
        let _naming = Naming(format!("dropped after {stop} polls"));
        with_sockets(async {
            let start = EmbeddedServer::builder().start();
            let server = poll_then_drop(start, stop).await;
            let Some(server) = server else {
                assert_eq!(tasks(), 0);
                return false;
            };
            drop(server);
            until_no_task().await;
            true
        })
    });
}

pub(crate) fn tasks() -> usize {
    tokio::runtime::Handle::current()
        .metrics()
        .num_alive_tasks()
}

/// Waits until the runtime has no task but this one.
pub(crate) async fn until_no_task() {
    let start = Instant::now();
    while tasks() > 0 {
        assert!(start.elapsed() < Duration::from_secs(10), "it runs on");
        tokio::task::yield_now().await;
    }
}
