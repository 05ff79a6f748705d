//! How many servers fit into one process. It counts what is the whole process's, so it has one of its own.
#![expect(
    clippy::unwrap_used,
    reason = "clippy does not see that helpers of tests are tests"
)]

#[path = "../it/client.rs"]
#[expect(
    dead_code,
    reason = "shared with the other tests, which need more of it"
)]
mod client;

use std::collections::BTreeSet;
use std::fs;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use zk_embedded::EmbeddedServer;
use zk_wire::CreateMode;

use client::{Client, create};

const SERVERS: usize = 1000;

/// A listener, a connection on its server's side and one on the client's: each a descriptor.
const DESCRIPTORS: u64 = 3 * SERVERS as u64 + 100;

fn entries(folder: &str) -> usize {
    fs::read_dir(folder).unwrap().count()
}

fn allow_descriptors() {
    let limit = getrlimit(Resource::Nofile);
    let current = limit.current.map(|current| current.max(DESCRIPTORS));
    let wanted = Rlimit { current, ..limit };
    setrlimit(Resource::Nofile, wanted).unwrap();
}

#[tokio::test]
async fn a_thousand_servers_in_one_process_serve_and_leave_no_descriptor_and_take_no_thread() {
    allow_descriptors();
    let (descriptors, threads) = (entries("/proc/self/fd"), entries("/proc/self/task"));
    let mut running = Vec::new();
    for _ in 0..SERVERS {
        let server = EmbeddedServer::builder().start().await.unwrap();
        let client = Client::over_tcp(&server).await;
        running.push((server, client));
    }
    let mut sessions = BTreeSet::new();
    for (server, client) in &mut running {
        let made = client.call(&create("/mine", CreateMode::Ephemeral)).await;
        assert!(made.is_ok(), "{made:?}");
        assert_eq!(server.hooks().paths(), ["/mine"]);
        sessions.insert(client.id());
    }
    assert_eq!(sessions.len(), SERVERS, "a session was given out twice");
    let open = entries("/proc/self/fd");
    assert_eq!(open, descriptors + 3 * SERVERS);
    assert_eq!(
        entries("/proc/self/task"),
        threads,
        "a server took a thread"
    );
    for (server, mut client) in running {
        server.shutdown().await;
        client.hung_up().await;
    }
    assert_eq!(
        entries("/proc/self/fd"),
        descriptors,
        "descriptors are left"
    );
}
