//! The embedded ensemble's own functions.

use std::net::TcpStream;
use std::time::Duration;

use zk_embedded::{EmbeddedEnsemble, PipeEnsemble, ServerId};

use crate::embedded::{tasks, until_free, until_no_task, with_sockets};
use crate::kit::{Naming, in_virtual_time};
use crate::polls::{NOW_AND_LATE, at_every_poll, poll_then_drop};

#[test]
fn a_dropped_until_changes_nothing() {
    at_every_poll(NOW_AND_LATE, |stop| {
        let _naming = Naming(format!("dropped after {stop} polls"));
        in_virtual_time(async {
            let ensemble = PipeEnsemble::builder().servers(3).in_memory();
            let hooks = ensemble.hooks();
            let led = hooks.until(|core| core.leader().is_some());
            let ready = poll_then_drop(led, stop).await.is_some();
            // Who asks afterwards hears it all the same.
            hooks.until(|core| core.leader().is_some()).await;
            ready
        })
    });
}

#[test]
fn an_ensemble_in_memory_stops_although_its_shutdown_was_dropped() {
    at_every_poll(NOW_AND_LATE, |stop| {
        let _naming = Naming(format!("dropped after {stop} polls"));
        in_virtual_time(async {
            let ensemble = PipeEnsemble::builder().servers(3).in_memory();
            let connector = ensemble.connector(ServerId::new(1));
            let link = connector.connect().unwrap();
            let ready = poll_then_drop(ensemble.shutdown(), stop).await.is_some();
            tokio::time::sleep(Duration::from_millis(100)).await;
            assert!(connector.connect().is_err());
            drop(link);
            ready
        })
    });
}

#[test]
fn an_ensemble_stops_although_its_shutdown_was_dropped() {
    at_every_poll(&NOW_AND_LATE[..1], |stop| {
        let _naming = Naming(format!("dropped after {stop} polls"));
        with_sockets(async {
            let ensemble = EmbeddedEnsemble::builder()
                .servers(3)
                .start()
                .await
                .unwrap();
            let servers = ensemble.connect_string();
            let address = servers.split(',').next().unwrap();
            let link = TcpStream::connect(address).unwrap();
            let ready = poll_then_drop(ensemble.shutdown(), stop).await.is_some();
            for address in servers.split(',') {
                until_free(address).await;
            }
            drop(link);
            ready
        })
    });
}

#[test]
fn a_dropped_start_leaves_no_ensemble() {
    at_every_poll(&NOW_AND_LATE[..1], |stop| {
        let _naming = Naming(format!("dropped after {stop} polls"));
        with_sockets(async {
            let start = EmbeddedEnsemble::builder().servers(3).start();
            let ensemble = poll_then_drop(start, stop).await;
            let Some(ensemble) = ensemble else {
                assert_eq!(tasks(), 0);
                return false;
            };
            drop(ensemble);
            until_no_task().await;
            true
        })
    });
}
