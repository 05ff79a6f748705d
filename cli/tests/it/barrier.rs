//! `barrier`.

use rustix::process::Signal;

use crate::server::Server;
use crate::zkctl::Zkctl;

fn barrier(server: &Server, args: &[&str]) -> Zkctl {
    server.zkctl(&[&["barrier"], args].concat())
}

fn enter(server: &Server, options: &[&str], script: &str) -> Zkctl {
    let fixed = ["enter", "/e", "--members", "2"];
    barrier(
        server,
        &[&fixed, options, &["--", "sh", "-c", script]].concat(),
    )
}

#[test]
fn who_waits_passes_when_the_barrier_is_removed() {
    let server = Server::start();
    barrier(&server, &["wait", "/b"]).ok();
    assert_eq!(barrier(&server, &["show", "/b"]).ok(), "not set\n");
    assert_eq!(barrier(&server, &["set", "/b"]).ok(), "");
    assert_eq!(
        barrier(&server, &["show", "/b", "--json"]).ok(),
        "{\"path\":\"/b\",\"set\":true}\n"
    );
    let (code, message) = barrier(&server, &["wait", "/b", "--timeout", "50ms"]).fails();
    assert_eq!(
        (code, message.as_str()),
        (75, "zkctl: waited 50ms for /b in vain: it is still there\n")
    );
    let waits = barrier(&server, &["wait", "/b", "--json"]).start();
    let hooks = server.hooks();
    crate::zkctl::until("it waits", || hooks.watch_count() > 0);
    assert_eq!(
        barrier(&server, &["remove", "/b", "--json"]).ok(),
        "{\"path\":\"/b\",\"removed\":true}\n"
    );
    assert_eq!(waits.line(), "{\"passed\":true,\"path\":\"/b\"}");
    assert_eq!(waits.wait().code, Some(0));
    assert_eq!(
        barrier(&server, &["remove", "/b", "--json"]).ok(),
        "{\"path\":\"/b\",\"removed\":false}\n"
    );
}

#[test]
fn a_signal_ends_the_wait() {
    let server = Server::start();
    barrier(&server, &["set", "/b"]).ok();
    let waits = barrier(&server, &["wait", "/b"]).start();
    let hooks = server.hooks();
    crate::zkctl::until("it waits", || hooks.watch_count() > 0);
    waits.signal(Signal::TERM);
    let done = waits.wait();
    assert_eq!((done.code, done.stderr.as_str()), (Some(143), ""));
}

#[test]
fn members_begin_together_and_end_together() {
    for layout in ["curator", "kazoo"] {
        let server = Server::start();
        let layout = ["--layout", layout];
        let one = enter(&server, &layout, "echo one; exit 3").start();
        server.until("the first one waits", |core| {
            let paths = core.paths().into_iter();
            paths.filter(|path| path.starts_with("/e/")).count() == 1
        });
        let (stdin, writer) = std::io::pipe().unwrap();
        let two = enter(&server, &layout, "echo two; read line").start_with(stdin);
        assert_eq!(
            (one.line(), two.line()),
            ("one".to_owned(), "two".to_owned())
        );
        // The first one's command ends at once; `zkctl` ends when the second one's does.
        drop(writer);
        assert_eq!(one.wait().code, Some(3));
        assert_eq!(two.wait().code, Some(1), "read found the end");
        assert_eq!(server.below("/e"), [""; 0]);
    }
}

#[test]
fn a_member_whose_others_do_not_come_is_withdrawn_in_time() {
    let server = Server::start();
    let (code, message) = enter(&server, &["--timeout", "50ms"], "echo ran").fails();
    assert_eq!(code, 75);
    assert_eq!(
        message,
        "zkctl: waited 50ms for /e in vain: not all of its 2 members came\n"
    );
    assert_eq!(server.below("/e"), [""; 0]);
}

#[test]
fn others_that_do_not_end_in_time_are_exit_code_75() {
    let server = Server::start();
    let slow = enter(&server, &[], "echo slow; exec sleep 600").start();
    let quick = enter(&server, &["--leave-timeout", "50ms"], "true").run();
    assert_eq!(slow.line(), "slow");
    assert_eq!(quick.code, Some(75), "{quick:?}");
    assert!(
        quick.stderr.contains("waited 50ms for /e in vain"),
        "{quick:?}"
    );
}

#[test]
fn a_member_that_is_lost_stops_its_command() {
    let server = Server::start();
    let one = enter(&server, &[], "echo one; exec sleep 600").start();
    let two = enter(&server, &[], "echo two; exec sleep 600").start();
    assert_eq!(
        (one.line(), two.line()),
        ("one".to_owned(), "two".to_owned())
    );
    for session in server.hooks().sessions() {
        server.hooks().expire(session.id);
    }
    for member in [one, two] {
        let done = member.wait();
        assert_eq!(done.code, Some(76), "{done:?}");
        assert!(
            done.stderr.contains("lost the") && done.stderr.contains("the command was stopped"),
            "{done:?}"
        );
    }
}
