//! `srvr`.

use serde_json::Value;

use crate::server::Server;
use crate::zkctl::Zkctl;

#[test]
fn b92_a_servers_numbers_are_shown_by_name() {
    let server = Server::start();
    let text = server.zkctl(&["srvr"]).ok();
    let line = |name: &str| text.lines().find(|line| line.starts_with(name)).unwrap();
    assert!(line("server").ends_with(&server.connect_string()), "{text}");
    assert!(line("Mode").ends_with("standalone"), "{text}");
    assert!(line("Zookeeper version").contains("3.9.3"), "{text}");
    assert!(
        server.hooks().sessions().is_empty(),
        "no session was opened"
    );
}

#[test]
fn numbers_are_numbers_in_json() {
    let server = Server::start();
    let text = server.zkctl(&["srvr", "--json"]).ok();
    let object: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(object["server"], server.connect_string());
    assert_eq!(object["word"], "srvr");
    assert_eq!(object["fields"]["mode"], "standalone");
    assert_eq!(object["fields"]["node_count"], 5);
    let text = server.zkctl(&["srvr", "--word", "mntr", "--json"]).ok();
    let object: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(object["fields"]["zk_server_state"], "standalone");
}

#[test]
fn a_word_that_is_not_allowed_names_the_setting_that_allows_it() {
    let server = Server::start();
    let servers = server.connect_string();
    let (code, message) = server.zkctl(&["srvr", "--word", "gtmk"]).fails();
    assert_eq!(code, 69);
    assert_eq!(
        message,
        format!(
            "zkctl: {servers} does not answer gtmk: its configuration does not allow the word \
             (4lw.commands.whitelist=gtmk)\n"
        )
    );
    let (code, message) = Zkctl::new(&["srvr", "127.0.0.1:1"]).fails();
    assert_eq!(code, 69);
    insta::assert_snapshot!(message, @"zkctl: 127.0.0.1:1 does not answer srvr: 127.0.0.1 refused (nothing listens there)");
    let (code, message) = server.zkctl(&["srvr", "--word", "x y"]).fails();
    assert_eq!(code, 64);
    assert!(
        message.contains("a word has four lower-case letters"),
        "{message}"
    );
}
