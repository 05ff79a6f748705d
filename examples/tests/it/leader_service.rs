//! The service with a leader.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::sleep;
use zk_embedded::EmbeddedServer;

use crate::kit::{Program, server, soon};

struct Service {
    program: Program,
    address: String,
}

async fn service(server: &EmbeddedServer) -> Service {
    let mut program = Program::start(
        env!("CARGO_BIN_EXE_leader_service"),
        server,
        ["127.0.0.1:0"],
    );
    let line = program.line().await;
    let address = line.strip_prefix("listening on ").unwrap().to_owned();
    Service { program, address }
}

/// The status of the answer, and the whole of it.
async fn report(service: &Service) -> (u16, String) {
    let mut connection = TcpStream::connect(&service.address).await.unwrap();
    let request = "GET /report HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n";
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer)
}

/// Asks until the status is this one.
async fn until(service: &Service, status: u16) -> String {
    let asked = async {
        loop {
            let (answered, text) = report(service).await;
            if answered == status {
                return text;
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    soon("the answer", asked).await
}

fn term(answer: &str) -> u64 {
    let (_, term) = answer.rsplit_once("term ").unwrap();
    term.trim().parse().unwrap()
}

#[tokio::test]
async fn only_the_leader_reports_the_other_says_who_and_takes_over_when_it_dies() {
    let server = server().await;
    let mut first = service(&server).await;
    let report = until(&first, 200).await;
    let leading = format!("report of {}, term", first.address);
    assert!(report.contains(&leading), "{report}");
    let mut second = service(&server).await;
    let elsewhere = until(&second, 307).await;
    let there = format!("location: http://{}/report", first.address);
    assert!(elsewhere.contains(&there), "{elsewhere}");
    assert!(elsewhere.contains(&format!("{} leads", first.address)));
    let sessions = server.hooks().sessions();
    let of_first = sessions.iter().min_by_key(|session| session.id).unwrap();
    first.program.kill().await;
    // The servers wait for its session timeout; nobody here has to.
    server.hooks().expire(of_first.id);
    let taken_over = until(&second, 200).await;
    assert!(term(&taken_over) > term(&report), "{taken_over}");
    // A third one learns of it, and follows at once when the leader is told to stop.
    let third = service(&server).await;
    until(&third, 307).await;
    let pid = rustix::process::Pid::from_raw(second.program.id().try_into().unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert!(second.program.end().await.success());
    until(&third, 200).await;
}
