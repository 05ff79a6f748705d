//! `ping`.

use serde_json::Value;

use crate::server::Server;
use crate::zkctl::Zkctl;

#[test]
fn every_server_of_the_connect_string_is_asked() {
    let (one, two) = (Server::start(), Server::start());
    let servers = format!(
        "{},{}/no/such/chroot",
        one.connect_string(),
        two.connect_string()
    );
    let text = Zkctl::new(&["ping", "--connect", &servers]).ok();
    let lines: Vec<Vec<&str>> = text
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(
        lines[0],
        ["SERVER", "STATE", "MODE", "VERSION", "CONNECT", "READ"]
    );
    for (line, server) in lines[1..].iter().zip([&one, &two]) {
        let (server, numbers) = (server.connect_string(), &line[4..]);
        assert_eq!(line[..4], [server.as_str(), "ok", "standalone", "3.9.3"]);
        assert!(
            numbers.len() == 2 && numbers.iter().all(|n| n.ends_with("ms")),
            "{text}"
        );
    }
    assert_eq!(lines.len(), 3);
    assert!(one.hooks().sessions().is_empty(), "the session was closed");
}

#[test]
fn a_server_that_is_down_is_named_with_the_reason() {
    let server = Server::start();
    let servers = server.connect_string();
    let done = Zkctl::new(&["ping", &servers, "127.0.0.1:1"]).run();
    assert_eq!(done.code, Some(69));
    let lines: Vec<_> = done.text().lines().collect();
    assert!(
        lines[1].starts_with(&servers) && lines[1].contains(" ok "),
        "{done:?}"
    );
    assert_eq!(
        lines[2].split_whitespace().collect::<Vec<_>>(),
        ["127.0.0.1:1", "down"]
    );
    assert_eq!(
        lines[3],
        "127.0.0.1:1: 127.0.0.1 refused (nothing listens there)"
    );
    assert_eq!(done.stderr, "zkctl: 1 of 2 servers cannot be used\n");
}

#[test]
fn a_ping_as_json_is_one_object_per_server() {
    let server = Server::start();
    let done = Zkctl::new(&["ping", "--json", &server.connect_string(), "127.0.0.1:1"]).run();
    let objects: Vec<Value> = done
        .text()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let up = &objects[0];
    assert_eq!(
        (
            &up["reachable"],
            &up["mode"],
            &up["version"],
            &up["read_only"]
        ),
        (
            &true.into(),
            &"standalone".into(),
            &"3.9.3".into(),
            &false.into()
        )
    );
    assert!(up["connect_ms"].is_f64() && up["read_ms"].is_f64(), "{up}");
    assert_eq!(objects[1]["reachable"], false);
    assert_eq!(
        objects[1]["error"],
        "127.0.0.1 refused (nothing listens there)"
    );
}
