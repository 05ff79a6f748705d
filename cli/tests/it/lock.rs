//! `lock`, as long as nothing goes wrong.

use std::fs;

use rustix::process::Signal;

use crate::server::Server;
use crate::zkctl::{Running, until};

/// A `zkctl lock /l` whose command is a script.
fn script(server: &Server, options: &[&str], script: &str) -> crate::zkctl::Zkctl {
    let args = [&["lock", "/l"], options, &["--", "sh", "-c", script]].concat();
    server.zkctl(&args)
}

fn holder(server: &Server) -> Running {
    let holder = script(server, &[], "echo held; exec sleep 600").start();
    assert_eq!(holder.line(), "held");
    holder
}

#[test]
fn a_command_finds_the_lock_its_token_and_the_ensemble_in_its_environment() {
    let server = Server::start();
    let print =
        "echo \"$ZK_LOCK_PATH $ZK_LOCK_TOKEN $ZK_CONNECT\"; zkctl=$0; $zkctl locks /l --json";
    let zkctl = env!("CARGO_BIN_EXE_zkctl");
    let servers = server.connect_string();
    let args = [
        "lock",
        "/l",
        "--connect",
        &servers,
        "--",
        "sh",
        "-c",
        print,
        zkctl,
    ];
    let output = crate::zkctl::Zkctl::new(&args).ok();
    let (line, object) = output.split_once('\n').unwrap();
    let object: serde_json::Value = serde_json::from_str(object).unwrap();
    let token = &object["contenders"][0]["token"];
    assert!(token.as_u64().unwrap() > 0);
    assert_eq!(line, format!("/l {token} {servers}"));
}

#[test]
fn tokens_grow_from_holder_to_holder() {
    let server = Server::start();
    let tokens: Vec<u64> = (0..4)
        .map(|_| {
            script(&server, &[], "echo $ZK_LOCK_TOKEN")
                .ok()
                .trim()
                .parse()
                .unwrap()
        })
        .collect();
    assert!(tokens.is_sorted_by(|a, b| a < b), "{tokens:?}");
}

#[test]
fn the_exit_code_of_the_command_is_passed_on_and_the_lock_released() {
    let server = Server::start();
    for (text, code) in [
        ("true", 0),
        ("exit 7", 7),
        ("exit 255", 255),
        ("kill -9 $$", 137),
        ("kill -15 $$", 143),
    ] {
        let done = script(&server, &[], text).run();
        assert_eq!(
            (done.code, done.stderr.as_str()),
            (Some(code), ""),
            "{text}"
        );
        assert_eq!(server.below("/l"), [""; 0], "{text}");
    }
}

#[test]
fn a_command_that_cannot_run_ends_as_in_a_shell() {
    let server = Server::start();
    let (code, message) = server
        .zkctl(&["lock", "/l", "--", "no-such-program"])
        .fails();
    assert_eq!(code, 127);
    insta::assert_snapshot!(message, @"zkctl: cannot run no-such-program: No such file or directory (os error 2)");
    let (code, message) = server.zkctl(&["lock", "/l", "--", "/etc/passwd"]).fails();
    assert_eq!(code, 126);
    insta::assert_snapshot!(message, @"zkctl: cannot run /etc/passwd: Permission denied (os error 13)");
    assert_eq!(server.below("/l"), [""; 0]);
}

#[test]
fn a_lock_that_is_not_acquired_in_time_is_exit_code_75() {
    let server = Server::start();
    let holder = holder(&server);
    let who = format!("pid {} (sh)", holder.id().as_raw_nonzero());
    for (limit, says) in [("100ms", "within 100ms"), ("0s", "at once")] {
        let (code, message) = script(&server, &["--timeout", limit], "echo ran").fails();
        assert_eq!(code, 75, "{message}");
        assert!(
            message.starts_with(&format!("zkctl: cannot acquire /l {says}: it is held by ")),
            "{message}"
        );
        assert!(message.contains(&who), "{message}");
        assert!(
            message.ends_with("; `zkctl locks /l` shows who waits\n"),
            "{message}"
        );
        assert_eq!(server.below("/l").len(), 1, "only the holder is left");
    }
}

#[test]
fn a_free_lock_is_acquired_without_waiting() {
    let server = Server::start();
    assert_eq!(script(&server, &["-t", "0s"], "echo ran").ok(), "ran\n");
}

#[test]
fn stdin_and_stdout_are_the_commands() {
    let server = Server::start();
    let zkctl = server
        .zkctl(&["lock", "/l", "--", "cat"])
        .input(b"raw \xff bytes");
    let done = zkctl.run();
    assert_eq!(
        (done.code, done.stdout.as_slice()),
        (Some(0), b"raw \xff bytes".as_slice())
    );
}

#[test]
fn several_processes_exclude_each_other() {
    const PROCESSES: usize = 6;
    const ROUNDS: usize = 5;
    let server = Server::start();
    let file = std::env::temp_dir().join(format!("zkctl-counter-{}", std::process::id()));
    fs::write(&file, "0\n").unwrap();
    // Read, yield to whoever else might be in here, write.
    let count = "read n < \"$0\"; sleep 0.01; echo $((n + 1)) > \"$0\"";
    std::thread::scope(|scope| {
        for _ in 0..PROCESSES {
            scope.spawn(|| {
                for _ in 0..ROUNDS {
                    let path = file.to_str().unwrap();
                    server
                        .zkctl(&["lock", "/l", "--", "sh", "-c", count, path])
                        .ok();
                }
            });
        }
    });
    let counted = fs::read_to_string(&file).unwrap();
    fs::remove_file(&file).unwrap();
    assert_eq!(counted.trim(), (PROCESSES * ROUNDS).to_string());
    assert_eq!(server.below("/l"), [""; 0]);
}

#[test]
fn a_waiter_gets_the_lock_when_the_holder_ends() {
    let server = Server::start();
    let holder = holder(&server);
    let waiter = script(&server, &[], "echo mine").start();
    server.until("both contend", |core| core.paths().len() == 3);
    holder.signal(Signal::TERM);
    assert_eq!(waiter.line(), "mine");
    assert_eq!(waiter.wait().code, Some(0));
}

#[test]
fn a_signal_is_passed_on_and_the_lock_released_when_the_command_has_ended() {
    for (signal, name, code) in [
        (Signal::TERM, "TERM", 143),
        (Signal::INT, "INT", 130),
        (Signal::HUP, "HUP", 129),
    ] {
        let server = Server::start();
        let text = format!(
            "trap 'echo got {name}; exit 3' {name}; echo ready; while :; do sleep 0.01; done"
        );
        let running = script(&server, &[], &text).start();
        assert_eq!(running.line(), "ready");
        running.signal(signal);
        assert_eq!(running.line(), format!("got {name}"));
        let done = running.wait();
        assert_eq!(done.code, Some(code));
        // The shell may tell that the signal ended its sleep, too.
        assert!(!done.stderr.contains("zkctl"), "{}", done.stderr);
        assert_eq!(server.below("/l"), [""; 0]);
        assert!(server.hooks().sessions().is_empty());
    }
}

#[test]
fn a_command_that_takes_its_time_to_end_keeps_the_lock() {
    let server = Server::start();
    let running = script(
        &server,
        &[],
        "trap 'echo ending; read line; exit 0' TERM; echo ready; while :; do sleep 0.01; done",
    );
    // stdin stays open for as long as the test likes.
    let (stdin, mut writer) = std::io::pipe().unwrap();
    let running = running.start_with(stdin);
    assert_eq!(running.line(), "ready");
    running.signal(Signal::TERM);
    assert_eq!(running.line(), "ending");
    assert_eq!(server.below("/l").len(), 1, "still held");
    std::io::Write::write_all(&mut writer, b"done\n").unwrap();
    assert_eq!(running.wait().code, Some(143));
    assert_eq!(server.below("/l"), [""; 0]);
}

#[test]
fn a_signal_ends_the_wait_and_leaves_no_contender() {
    let server = Server::start();
    let holder = holder(&server);
    let waiter = script(&server, &[], "echo ran").start();
    server.until("both contend", |core| core.paths().len() == 3);
    waiter.signal(Signal::TERM);
    let done = waiter.wait();
    assert_eq!(
        (done.code, done.text(), done.stderr.as_str()),
        (Some(143), "", "")
    );
    assert_eq!(server.below("/l").len(), 1, "only the holder is left");
    drop(holder);
}

#[test]
fn verbose_and_json_tell_what_happens_on_stderr() {
    let server = Server::start();
    let done = script(&server, &["--verbose"], "true").run();
    let lines: Vec<&str> = done.stderr.lines().collect();
    assert_eq!(lines.len(), 2, "{}", done.stderr);
    assert!(
        lines[0].starts_with("zkctl: acquired /l (token "),
        "{}",
        done.stderr
    );
    assert!(
        lines[1].starts_with("zkctl: released /l (token "),
        "{}",
        done.stderr
    );

    let done = script(&server, &["--json"], "echo out").run();
    assert_eq!(done.text(), "out\n");
    let objects: Vec<serde_json::Value> = done
        .stderr
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(objects.len(), 2);
    assert_eq!(
        (&objects[0]["event"], &objects[1]["event"]),
        (&"acquired".into(), &"released".into())
    );
    assert!(objects[0]["waited_ms"].is_u64() && objects[1]["held_ms"].is_u64());
    assert_eq!(objects[0]["token"], objects[1]["token"]);
}

#[test]
fn a_signal_that_was_ignored_from_the_start_stays_ignored() {
    let server = Server::start();
    let zkctl = env!("CARGO_BIN_EXE_zkctl");
    let text = format!("trap '' HUP; exec {zkctl} lock /l -- sh -c 'echo held; read line; exit 5'");
    let (stdin, writer) = std::io::pipe().unwrap();
    let mut child = std::process::Command::new("sh")
        .args(["-c", &text])
        .env("ZK_CONNECT", server.connect_string())
        .stdin(stdin)
        .spawn()
        .unwrap();
    server.until("it is held", |core| core.paths().len() == 2);
    let id = rustix::process::Pid::from_child(&child);
    until("zkctl has started its command", || {
        children_of(child.id()) > 0
    });
    rustix::process::kill_process(id, Signal::HUP).unwrap();
    drop(writer);
    assert_eq!(child.wait().unwrap().code(), Some(5), "as with nohup");
}

/// How many children a process has.
fn children_of(id: u32) -> usize {
    let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
    children.split_whitespace().count()
}
