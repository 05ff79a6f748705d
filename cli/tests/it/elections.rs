//! `elect`, `leaders` and `observe`.

use rustix::process::Signal;
use serde_json::Value;

use crate::server::Server;
use crate::zkctl::{Running, Zkctl};

const PATH: &str = "/elections/a";

fn elect(server: &Server, options: &[&str], script: &str) -> Zkctl {
    let args = [&["elect", PATH], options, &["--", "sh", "-c", script]].concat();
    server.zkctl(&args)
}

fn leader(server: &Server, name: &str) -> Running {
    let options = ["--contender", name, "--announce", &format!("at {name}")];
    let leader = elect(server, &options, "echo leads $ZK_EPOCH; exec sleep 600").start();
    assert!(leader.line().starts_with("leads "));
    leader
}

fn json(server: &Server, args: &[&str]) -> Value {
    let output = server.zkctl(&[args, &["--json"]].concat()).ok();
    serde_json::from_str(&output).unwrap()
}

#[test]
fn a_command_finds_the_election_and_its_epoch_and_epochs_grow() {
    let server = Server::start();
    let epochs: Vec<u64> = (0..3)
        .map(|_| {
            let line = elect(&server, &[], "echo $ZK_ELECTION_PATH $ZK_EPOCH").ok();
            let (path, epoch) = line.trim().split_once(' ').unwrap();
            assert_eq!(path, PATH);
            epoch.parse().unwrap()
        })
        .collect();
    assert!(epochs.is_sorted_by(|a, b| a < b), "{epochs:?}");
    assert_eq!(server.below(PATH), [""; 0]);
}

#[test]
fn leaders_shows_who_leads_with_its_epoch_and_announcement_and_who_waits() {
    let server = Server::start();
    assert_eq!(
        server.zkctl(&["leaders", PATH]).ok(),
        format!("nobody leads {PATH}\n")
    );
    assert_eq!(json(&server, &["leaders", PATH])["leader"], Value::Null);
    let _first = leader(&server, "one");
    let waits = ["--contender", "two"];
    let _second = elect(&server, &waits, "true").start();
    server.until("both are candidates", |core| {
        let paths = core.paths().into_iter();
        paths
            .filter(|path| path.starts_with("/elections/a/"))
            .count()
            == 2
    });
    let seen = json(&server, &["leaders", PATH]);
    assert_eq!(seen["leader"]["contender"], "one");
    assert_eq!(seen["leader"]["announcement"], "at one");
    let epoch = seen["leader"]["epoch"].as_u64().unwrap();
    assert_eq!(seen["candidates"].as_array().unwrap().len(), 2);
    let table = server.zkctl(&["leaders", PATH]).ok();
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines[1].starts_with(&format!("leads  {epoch}")), "{table}");
    assert!(lines[1].ends_with("one        at one"), "{table}");
    assert!(lines[2].starts_with("waits "), "{table}");
}

#[test]
fn observe_tells_each_leader_until_ctrl_c() {
    let server = Server::start();
    let observer = server.zkctl(&["observe", PATH, "--json"]).start();
    let next = || -> Value { serde_json::from_str(&observer.line()).unwrap() };
    assert_eq!(next()["leader"], Value::Null);
    let first = leader(&server, "one");
    let mut seen = next();
    // The moment before the term is written down.
    while seen["leader"]["epoch"].is_null() {
        seen = next();
    }
    assert_eq!(seen["leader"]["announcement"], "at one");
    first.signal(Signal::TERM);
    assert_eq!(first.wait().code, Some(143));
    assert_eq!(next()["leader"], Value::Null);
    observer.signal(Signal::INT);
    let done = observer.wait();
    assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""));
    let line = server.zkctl(&["observe", PATH, "--count", "1"]).ok();
    assert!(line.ends_with("  nobody\n"), "{line}");
}

#[test]
fn a_command_whose_term_ends_is_stopped() {
    let server = Server::start();
    let first = leader(&server, "one");
    let session = server.hooks().sessions()[0].id;
    server.hooks().expire(session);
    let done = first.wait();
    assert_eq!(done.code, Some(76), "{done:?}");
    assert!(
        done.stderr.contains(PATH) && done.stderr.contains("the command was stopped"),
        "{done:?}"
    );
}

#[test]
fn who_leads_is_named_when_nobody_else_is_elected_in_time() {
    let server = Server::start();
    let _leader = leader(&server, "one");
    for (limit, within) in [("0s", "at once"), ("50ms", "within 50ms")] {
        let (code, message) = elect(&server, &["--timeout", limit], "echo ran").fails();
        assert_eq!(code, 75);
        let expected = format!("cannot lead {PATH} {within}: it is led by one");
        assert!(message.contains(&expected), "{message}");
    }
}
