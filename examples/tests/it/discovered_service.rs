//! The service that is found, and its balanced client.

use std::collections::BTreeSet;

use rustix::process::{Pid, Signal, kill_process};
use zk_embedded::EmbeddedServer;

use crate::kit::{Program, server, soon};

struct Service {
    program: Program,
    address: String,
}

async fn service(server: &EmbeddedServer) -> Service {
    let binary = env!("CARGO_BIN_EXE_discovered_service");
    let mut program = Program::start(binary, server, ["127.0.0.1:0"]);
    let line = program.line().await;
    let address = line.strip_prefix("listening on ").unwrap().to_owned();
    Service { program, address }
}

async fn call(client: &mut Program) -> String {
    client.send_a_line().await;
    client.line().await
}

/// Calls until all these have answered, and nobody else any more.
async fn until_served_by(client: &mut Program, services: &[&Service]) {
    let greetings = services
        .iter()
        .map(|one| format!("{} greets you", one.address));
    let greetings: BTreeSet<String> = greetings.collect();
    let served = async {
        let mut lately = Vec::new();
        loop {
            lately.push(call(client).await);
            let last = lately.iter().rev().take(20).cloned();
            if lately.len() >= 20 && last.collect::<BTreeSet<_>>() == greetings {
                break;
            }
        }
    };
    soon("answers", served).await;
}

#[tokio::test]
async fn calls_are_balanced_over_the_instances_that_are_registered() {
    let server = server().await;
    let none: [&str; 0] = [];
    let mut client = Program::start(env!("CARGO_BIN_EXE_balanced_client"), &server, none);
    assert_eq!(client.line().await, "ready");
    let mut first = service(&server).await;
    until_served_by(&mut client, &[&first]).await;
    let mut second = service(&server).await;
    until_served_by(&mut client, &[&first, &second]).await;
    // One stops as it should.
    let id = i32::try_from(first.program.id()).unwrap();
    kill_process(Pid::from_raw(id).unwrap(), Signal::TERM).unwrap();
    assert!(first.program.end().await.success());
    until_served_by(&mut client, &[&second]).await;
    let third = service(&server).await;
    until_served_by(&mut client, &[&second, &third]).await;
    // One dies. The servers wait for its session timeout; nobody here has to.
    second.program.kill().await;
    let sessions = server.hooks().sessions();
    let owners = sessions.iter().filter(|session| session.ephemerals > 0);
    let oldest = owners.min_by_key(|session| session.id).unwrap();
    server.hooks().expire(oldest.id);
    until_served_by(&mut client, &[&third]).await;
    assert!(client.end().await.success());
}
