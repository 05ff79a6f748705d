//! `dev --servers` and `dev chaos`.

use rustix::process::Signal;
use serde_json::Value;

use crate::zkctl::Zkctl;

#[test]
fn dev_runs_as_many_servers_as_it_is_told() {
    let script = "zkctl create /a x >&2 && for server in $(echo $ZK_CONNECT | tr , ' '); do
        zkctl get --connect $server /a; done";
    let done = Zkctl::new(&["dev", "--servers", "3", "--", "sh", "-c", script]).run();
    assert_eq!((done.code, done.text()), (Some(0), "xxx"), "{done:?}");
}

#[test]
fn a_killed_leader_is_followed_by_another_and_the_data_is_still_there() {
    let script = "zkctl create /a x >&2 && zkctl dev chaos kill leader && until zkctl get /a 2>/dev/null; do :; done \
        && echo && zkctl dev chaos";
    let done = Zkctl::new(&["dev", "--servers", "3", "--", "sh", "-c", script]).run();
    assert_eq!(done.code, Some(0), "{done:?}");
    let lines: Vec<&str> = done.text().lines().collect();
    let ["x", one, two, three] = lines[..] else {
        panic!("{done:?}");
    };
    assert!(one.starts_with("server 1: follower, zxid 0x"), "{one}");
    assert!(two.starts_with("server 2: leader, zxid 0x2"), "{two}");
    assert!(three.starts_with("server 3: killed, zxid 0x1"), "{three}");
}

#[test]
fn a_partition_is_healed_by_word() {
    let running = Zkctl::new(&["dev", "--servers", "3", "--port", "0", "--json"]).start();
    let object: Value = serde_json::from_str(&running.line()).unwrap();
    let servers = object["connect"].as_str().unwrap();
    let chaos = |words: &str| Zkctl::new(&["dev", "chaos", words]).env("ZK_CONNECT", servers);
    assert_eq!(chaos("pause all; resume all").ok(), "");
    assert_eq!(chaos("partition 1|2,3; heal").ok(), "");
    assert!(chaos("").ok().contains("server 3: leader"));
    let (code, message) = chaos("kill 4").fails();
    assert_eq!(
        (code, message.as_str()),
        (
            1,
            "zkctl: there is no such server: they are numbered from 1 to 3\n"
        )
    );
    let (code, message) = chaos("dance").fails();
    assert_eq!(code, 1);
    assert!(
        message.starts_with("zkctl: \"dance\" in \"dance\": expected"),
        "{message}"
    );
    running.signal(Signal::TERM);
    assert_eq!(running.wait().code, Some(0));
    let (code, message) = chaos("heal").fails();
    assert_eq!(code, 69);
    assert!(
        message.contains("start `zkctl dev --servers 3`"),
        "{message}"
    );
}

#[test]
fn a_stand_alone_server_takes_the_faults_that_need_no_other() {
    let script = "zkctl create /locks >&2 && zkctl dev chaos set-sequence /locks 41 \
        && zkctl create --sequential /locks/a- && ! zkctl dev chaos heal";
    let done = Zkctl::new(&["dev", "--", "sh", "-c", script]).run();
    assert_eq!(
        (done.code, done.text()),
        (Some(0), "/locks/a-0000000041\n"),
        "{done:?}"
    );
    assert!(
        done.stderr.contains("this takes several servers"),
        "{done:?}"
    );
}
