//! The test kit itself: a real server starts, says what it is, and leaves nothing behind.

use std::process::Command;
use std::time::Duration;

use zk_tests::{RealServer, deadline};

#[test]
fn a_real_server_is_zookeeper_3_9_standalone() {
    let answer = RealServer::shared().four_letter("srvr").unwrap();
    assert!(answer.starts_with("Zookeeper version: 3.9."), "{answer}");
    assert!(answer.contains("Mode: standalone"), "{answer}");
}

#[tokio::test]
async fn a_real_server_starts_inside_a_runtime_and_its_container_is_removed_when_dropped() {
    let server = RealServer::start_with(&[("ZOO_TICK_TIME", "500")]);
    let settings = server.four_letter("conf").unwrap();
    assert!(settings.contains("tickTime=500"), "{settings}");
    let id = server.id().to_owned();
    assert!(container_exists(&id));
    drop(server);
    deadline(Duration::from_secs(20)).wait_for("the container to go", || {
        (!container_exists(&id)).then_some(())
    });
}

fn container_exists(id: &str) -> bool {
    let inspected = Command::new("docker")
        .args(["container", "inspect", id])
        .output()
        .unwrap();
    inspected.status.success()
}
