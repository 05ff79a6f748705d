//! The command line itself.

use crate::server::Server;
use crate::zkctl::Zkctl;

/// The first line of a usage error.
fn usage(args: &[&str]) -> String {
    let (code, message) = Zkctl::new(args).env("ZK_CONNECT", "127.0.0.1:1").fails();
    assert_eq!(code, 64, "{args:?}: {message}");
    message.lines().next().unwrap().to_owned()
}

#[test]
fn a_relative_path_is_a_usage_error_that_suggests_the_absolute_one() {
    assert_eq!(
        usage(&["lock", "demo", "--", "true"]),
        "zkctl: invalid value 'demo' for '<PATH>': paths are absolute; did you mean /demo?"
    );
    for args in [
        &["locks", "demo"][..],
        &["ls", "demo"],
        &["get", "demo"],
        &["set", "demo", "x"],
        &["create", "demo"],
        &["create", "--sequential", "demo"],
        &["rm", "demo"],
        &["sem", "demo", "--permits", "1", "--", "true"],
        &["counter", "get", "demo"],
        &["barrier", "wait", "demo"],
        &["lock", "revoke", "demo"],
        &["stat", "demo"],
    ] {
        let line = usage(args);
        assert!(
            line.ends_with("paths are absolute; did you mean /demo?"),
            "{args:?}: {line}"
        );
    }
}

#[test]
fn a_malformed_path_is_a_usage_error_that_names_the_rule() {
    assert_eq!(
        usage(&["get", "/a//b"]),
        "zkctl: invalid value '/a//b' for '<PATH>': no name between slashes is empty; did you mean /a/b?"
    );
    assert_eq!(
        usage(&["lock", "/a/../b", "--", "true"]),
        "zkctl: invalid value '/a/../b' for '<PATH>': no name is '.' or '..' (byte 3)"
    );
    assert_eq!(
        usage(&["locks", "/a/"]),
        "zkctl: invalid value '/a/' for '<PATH>': a path does not end in '/'; did you mean /a?"
    );
}

#[test]
fn the_root_is_no_lock() {
    let server = Server::start();
    let (code, message) = server.zkctl(&["lock", "/", "--", "true"]).fails();
    assert_eq!(
        (code, message.as_str()),
        (
            64,
            "zkctl: \"/\" cannot be a lock: the root cannot be a lock\n"
        )
    );
}

#[test]
fn a_duration_needs_a_unit() {
    assert_eq!(
        usage(&["lock", "/a", "--timeout", "5", "--", "true"]),
        "zkctl: invalid value '5' for '--timeout <DURATION>': the unit is missing; did you mean 5s?"
    );
}

#[test]
fn a_command_needs_two_dashes_before_it() {
    assert_eq!(
        usage(&["lock", "/a", "true"]),
        "zkctl: unexpected argument 'true' found"
    );
    assert!(
        usage(&["lock", "/a"])
            .starts_with("zkctl: the following required arguments were not provided:")
    );
    assert!(
        usage(&["lock", "/a", "--"])
            .starts_with("zkctl: the following required arguments were not provided:")
    );
}

#[test]
fn help_and_version_are_results() {
    for args in [
        &["--help"][..],
        &["-h"],
        &["lock", "--help"],
        &["dev", "-h"],
        &["--version"],
    ] {
        let done = Zkctl::new(args).run();
        assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""), "{args:?}");
        assert!(!done.text().is_empty());
    }
    let all = Zkctl::new(&["--help"]).run();
    for code in ["64", "65", "69", "70", "75", "76", "77", "78", "126", "127"] {
        assert!(
            all.text().contains(code),
            "the help explains exit code {code}"
        );
    }
    let (code, message) = Zkctl::new(&[]).fails();
    assert_eq!(code, 64);
    assert!(message.contains("Usage: zkctl"), "{message}");
}

#[test]
fn a_reader_that_goes_away_is_no_error_worth_a_word() {
    let server = Server::start();
    let zkctl = env!("CARGO_BIN_EXE_zkctl");
    // A pipe whose reading end is closed before the command starts.
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = std::process::Command::new(zkctl)
        .args(["ls", "/"])
        .env("ZK_CONNECT", server.connect_string())
        .stdout(writer)
        .output()
        .unwrap();
    assert_eq!(
        (output.status.code(), output.stderr.as_slice()),
        (Some(141), b"".as_slice())
    );
}
