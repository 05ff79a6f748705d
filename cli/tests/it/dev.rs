//! `dev`.

use std::net::TcpListener;

use rustix::process::Signal;
use serde_json::Value;

use crate::zkctl::Zkctl;

const BANNER: &str = ", in memory: its data is gone when it ends\n";

#[test]
fn the_readmes_first_command_holds_a_lock() {
    let script = "echo \"held $ZK_LOCK_PATH, fencing token $ZK_LOCK_TOKEN\"";
    // `zkctl` is not on the PATH: `dev` puts it there.
    let done = Zkctl::new(&[
        "dev", "--", "zkctl", "lock", "/demo", "--", "sh", "-c", script,
    ])
    .env("PATH", "/usr/bin:/bin")
    .run();
    assert_eq!(
        (done.code, done.text()),
        (Some(0), "held /demo, fencing token 4\n")
    );
    assert!(
        done.stderr
            .starts_with("zkctl: development server on 127.0.0.1:"),
        "{}",
        done.stderr
    );
    assert!(done.stderr.ends_with(BANNER), "{}", done.stderr);
}

#[test]
fn dev_passes_on_the_exit_code_of_its_command() {
    for (script, code) in [("exit 0", 0), ("exit 9", 9), ("kill -9 $$", 137)] {
        assert_eq!(
            Zkctl::new(&["dev", "--", "sh", "-c", script]).run().code,
            Some(code),
            "{script}"
        );
    }
    let done = Zkctl::new(&["dev", "--", "no-such-program"]).run();
    assert_eq!(done.code, Some(127));
    assert!(
        done.stderr.ends_with(
            "zkctl: cannot run no-such-program: No such file or directory (os error 2)\n"
        )
    );
}

#[test]
fn the_command_sees_the_server_and_no_other() {
    let script = "zkctl create /a x >&2 && zkctl get /a && echo \" $ZK_CONNECT\"";
    let done = Zkctl::new(&["dev", "--", "sh", "-c", script])
        .env("ZK_CONNECT", "other.invalid:1")
        .run();
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(done.text().starts_with("x 127.0.0.1:"), "{done:?}");
}

#[test]
fn without_a_command_it_runs_until_it_is_told_to_end() {
    for signal in [Signal::TERM, Signal::INT] {
        let running = Zkctl::new(&["dev", "--port", "0", "--json"]).start();
        let object: Value = serde_json::from_str(&running.line()).unwrap();
        let servers = object["connect"].as_str().unwrap();
        assert_eq!(
            Zkctl::new(&["ls", "--connect", servers]).ok(),
            "zookeeper\n"
        );
        running.signal(signal);
        let done = running.wait();
        assert_eq!(done.code, Some(0), "{done:?}");
        assert_eq!(
            Zkctl::new(&["ls", "--connect", servers]).fails().0,
            69,
            "the server is gone"
        );
    }
}

#[test]
fn a_taken_port_is_one_clear_error() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let (code, message) = Zkctl::new(&["dev", "--port", &port, "--", "echo", "ran"]).fails();
    assert_eq!(code, 69);
    insta::assert_snapshot!(message.replace(&port, "PORT"), @"zkctl: cannot start the development server: port PORT on 127.0.0.1 is taken, perhaps by another ZooKeeper: choose another port, or 0 for any free one");
}

#[test]
fn a_signal_is_passed_on_to_the_command() {
    let script = "trap 'echo got it; exit 6' TERM; echo ready; while :; do sleep 0.01; done";
    let running = Zkctl::new(&["dev", "--", "sh", "-c", script]).start();
    assert_eq!(running.line(), "ready");
    running.signal(Signal::TERM);
    assert_eq!(running.line(), "got it");
    assert_eq!(running.wait().code, Some(6));
}

#[test]
fn a_lock_under_dev_ends_with_it() {
    // Both get the signal, as from a terminal or a service manager.
    let running = Zkctl::new(&[
        "dev",
        "--",
        "zkctl",
        "lock",
        "/l",
        "--",
        "sh",
        "-c",
        "echo held; exec sleep 600",
    ])
    .start();
    assert_eq!(running.line(), "held");
    running.signal(Signal::TERM);
    assert_eq!(running.wait().code, Some(143));
}
