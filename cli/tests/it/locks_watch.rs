//! `locks --watch`.

use rustix::process::Signal;
use serde_json::Value;

use crate::process::Bounded;
use crate::pty::Pty;
use crate::server::Server;
use crate::zkctl::Running;

fn next(running: &Running) -> Value {
    serde_json::from_str(&running.line()).unwrap()
}

/// Who holds and who waits, by the contenders' texts.
fn texts(object: &Value) -> Vec<&str> {
    let contenders = object["contenders"].as_array().unwrap().iter();
    contenders
        .map(|one| one["text"].as_str().unwrap())
        .collect()
}

fn contender(server: &Server, text: &str) -> Running {
    let args = ["lock", "/l", "--contender", text, "--", "sleep", "600"];
    server.zkctl(&args).start()
}

#[test]
fn each_change_of_a_lock_is_a_line_until_ctrl_c() {
    let server = Server::start();
    let view = server.zkctl(&["locks", "/l", "--watch"]).start();
    // Nobody has ever taken it.
    assert_eq!(texts(&next(&view)), [""; 0]);
    let first = contender(&server, "first");
    let mut seen = next(&view);
    // The container comes before the contender.
    while texts(&seen).is_empty() {
        seen = next(&view);
    }
    assert_eq!(texts(&seen), ["first"]);
    let second = contender(&server, "second");
    assert_eq!(texts(&next(&view)), ["first", "second"]);
    first.signal(Signal::TERM);
    let seen = next(&view);
    assert_eq!(texts(&seen), ["second"]);
    assert_eq!(seen["contenders"][0]["holds"], true);
    second.signal(Signal::TERM);
    assert_eq!(texts(&next(&view)), [""; 0]);
    view.signal(Signal::INT);
    let done = view.wait();
    assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""));
    assert!(
        server.hooks().sessions().len() <= 2,
        "its session is closed"
    );
}

#[test]
fn a_view_tells_of_its_connection_and_goes_on_in_the_next_session() {
    let server = Server::start();
    let view = server.zkctl(&["locks", "/l", "--watch", "--json"]).start();
    assert_eq!(texts(&next(&view)), [""; 0]);
    server.hooks().cut_all();
    let mut events = Vec::new();
    while events.last() != Some(&"connected".to_owned()) {
        events.push(next(&view)["event"].as_str().unwrap().to_owned());
    }
    let session = server.hooks().sessions().pop().unwrap().id;
    server.hooks().expire(session);
    let other = contender(&server, "other");
    let mut seen = next(&view);
    while seen["event"].is_string() || texts(&seen).is_empty() {
        seen = next(&view);
    }
    assert_eq!(texts(&seen), ["other"]);
    drop(other);
}

#[test]
fn a_terminal_shows_the_lock_as_it_is() {
    let server = Server::start();
    let pty = Pty::open();
    let screen = pty.screen();
    let zkctl = env!("CARGO_BIN_EXE_zkctl");
    let view = std::process::Command::new(zkctl)
        .args(["locks", "/l", "--watch"])
        .env("ZK_CONNECT", server.connect_string())
        .stdout(pty.slave())
        .spawn()
        .unwrap();
    let mut view = Bounded(view);
    let clear = "\u{1b}[H\u{1b}[2J";
    assert_eq!(
        screen.until("free"),
        format!("{clear}/l, Ctrl-C ends\r\n\r\n/l is free")
    );
    let holder = contender(&server, "somebody");
    let drawn = screen.until("somebody");
    let last = drawn.rsplit(clear).next().unwrap();
    assert!(last.starts_with("/l, Ctrl-C ends\r\n\r\n"), "{last:?}");
    assert!(last.contains("TOKEN") && last.contains("holds"), "{last:?}");
    server.hooks().refuse_connections(true);
    server.hooks().cut_all();
    screen.until("/l (suspended), Ctrl-C ends");
    rustix::process::kill_process(rustix::process::Pid::from_child(&view.0), Signal::INT).unwrap();
    drop(holder);
    server.hooks().refuse_connections(false);
    assert_eq!(view.0.wait().unwrap().code(), Some(0));
}
