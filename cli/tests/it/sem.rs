//! `sem`.

use rustix::process::Signal;
use serde_json::Value;

use crate::server::Server;
use crate::zkctl::{Running, Zkctl};

const PATH: &str = "/limits/a";

fn sem(server: &Server, permits: &str, options: &[&str], script: &str) -> Zkctl {
    let fixed = ["sem", PATH, "--permits", permits];
    server.zkctl(&[&fixed, options, &["--", "sh", "-c", script]].concat())
}

fn holder(server: &Server, permits: &str, name: &str) -> Running {
    let options = ["--contender", name];
    let running = sem(server, permits, &options, "echo held; exec sleep 600").start();
    assert_eq!(running.line(), "held");
    running
}

fn show(server: &Server, options: &[&str]) -> Value {
    let args = [&["sem", "show", PATH, "--json"], options].concat();
    serde_json::from_str(&server.zkctl(&args).ok()).unwrap()
}

fn states(shown: &Value) -> Vec<(&str, &str)> {
    let contenders = shown["contenders"].as_array().unwrap().iter();
    contenders
        .map(|one| {
            (
                one["state"].as_str().unwrap(),
                one["text"].as_str().unwrap(),
            )
        })
        .collect()
}

#[test]
fn a_command_finds_the_semaphore_and_its_permit_in_its_environment() {
    let server = Server::start();
    let output = sem(
        &server,
        "1",
        &[],
        "echo $ZK_SEM_PATH $ZK_SEM_PERMIT; exit 7",
    )
    .run();
    assert_eq!(output.code, Some(7));
    let (path, permit) = output.text().trim().split_once(' ').unwrap();
    assert_eq!(path, PATH);
    assert!(permit.parse::<u64>().unwrap() > 0);
    assert_eq!(server.below("/limits/a/leases"), [""; 0]);
    assert_eq!(server.below("/limits/a/locks"), [""; 0]);
}

#[test]
fn so_many_run_at_a_time_and_the_next_one_waits() {
    for layout in ["curator", "kazoo"] {
        let server = Server::start();
        let start = |name: &str, script: &str| {
            sem(
                &server,
                "2",
                &["--contender", name, "--layout", layout],
                script,
            )
            .start()
        };
        let hold = "echo held; exec sleep 600";
        let (one, two) = (start("one", hold), start("two", hold));
        assert_eq!(
            (one.line(), two.line()),
            ("held".to_owned(), "held".to_owned())
        );
        let three = start("three", "echo mine");
        let shown = || show(&server, &["--layout", layout]);
        crate::zkctl::until("the third one has its permit in hand", || {
            states(&shown()).contains(&("comes in", "three"))
        });
        assert_eq!(states(&shown()).len(), 3);
        two.signal(Signal::TERM);
        assert_eq!(two.wait().code, Some(143));
        assert_eq!(three.line(), "mine");
        assert_eq!(three.wait().code, Some(0));
        assert_eq!(states(&shown()), [("holds", "one")], "{layout}");
    }
}

#[test]
fn who_has_the_permits_is_named_when_there_is_none_in_time() {
    let server = Server::start();
    let _holder = holder(&server, "1", "build-7");
    for (limit, within) in [("0s", "at once"), ("50ms", "within 50ms")] {
        let (code, message) = sem(&server, "1", &["--timeout", limit], "echo ran").fails();
        assert_eq!(code, 75);
        let expected = format!(
            "zkctl: cannot acquire a permit of {PATH} {within}: its permits are with build-7; `zkctl sem show {PATH}` shows who waits\n"
        );
        assert_eq!(message, expected);
    }
    let table = server.zkctl(&["sem", "show", PATH]).ok();
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines[0], format!("1 permit of {PATH} is taken"));
    assert!(lines[2].starts_with("holds  "), "{table}");
}

#[test]
fn a_stored_capacity_lets_in_more_while_they_wait() {
    let server = Server::start();
    let stored = ["--stored-at", "/limits/a-count"];
    let hold = "echo held; exec sleep 600";
    let one = sem(&server, "1", &stored, hold).start();
    assert_eq!(one.line(), "held");
    let two = sem(&server, "1", &stored, "echo mine").start();
    server.until("it waits", |core| {
        let paths = core.paths().into_iter();
        paths
            .filter(|path| path.starts_with("/limits/a/leases/"))
            .count()
            == 2
    });
    assert_eq!(show(&server, &stored)["capacity"], 1);
    let resize = ["sem", "resize", PATH, "2", "--stored-at", "/limits/a-count"];
    assert_eq!(server.zkctl(&resize).ok(), "");
    assert_eq!(two.line(), "mine");
    assert_eq!(show(&server, &stored)["capacity"], 2);
    // It is where nobody has stored it yet that nothing is known.
    assert_eq!(
        show(&server, &["--stored-at", "/limits/other"])["capacity"],
        Value::Null
    );
    assert!(server.hooks().node("/limits/other").is_none());
}

#[test]
fn a_command_whose_permit_is_lost_is_stopped() {
    let server = Server::start();
    let running = holder(&server, "2", "build-7");
    let session = server.hooks().sessions()[0].id;
    server.hooks().expire(session);
    let done = running.wait();
    assert_eq!(done.code, Some(76), "{done:?}");
    assert!(
        done.stderr
            .starts_with(&format!("zkctl: lost a permit of {PATH} (identity "))
            && done.stderr.contains("the command was stopped"),
        "{done:?}"
    );
}

#[test]
fn what_is_told_says_permit_and_not_token() {
    let server = Server::start();
    let done = sem(&server, "1", &["--json"], "true").run();
    let objects: Vec<Value> = done
        .stderr
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(objects.len(), 2, "{done:?}");
    assert!(objects[0]["permit"].is_u64() && objects[0]["token"].is_null());
    let done = sem(&server, "1", &["--verbose"], "true").run();
    assert!(
        done.stderr
            .starts_with(&format!("zkctl: acquired {PATH} (identity ")),
        "{done:?}"
    );
}

#[test]
fn how_many_there_are_has_to_be_said() {
    let server = Server::start();
    let (code, message) = server.zkctl(&["sem", PATH, "--", "true"]).fails();
    assert_eq!(code, 64);
    assert!(message.contains("--permits <N>"), "{message}");
    let (code, _) = sem(&server, "0", &[], "true").fails();
    assert_eq!(code, 64);
    let (code, message) = server.zkctl(&["sem", "resize", PATH, "3"]).fails();
    assert_eq!(code, 64);
    assert!(message.contains("--stored-at <NODE>"), "{message}");
}

#[test]
fn a_capacity_that_kazoos_programs_were_told_otherwise_is_refused() {
    let server = Server::start();
    let kazoo = ["--layout", "kazoo"];
    sem(&server, "2", &kazoo, "true").ok();
    let (code, message) = sem(&server, "3", &kazoo, "true").fails();
    assert_eq!(code, 1);
    assert!(
        message.contains("2 permits are stored there, and this program says 3"),
        "{message}"
    );
}
