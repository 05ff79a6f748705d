//! Unmodified kazoo on the embedded server: the recipes it is used for, across cut connections.
#![expect(
    clippy::unwrap_used,
    reason = "clippy does not see that helpers of tests are tests"
)]

mod kit;

use std::path::Path;
use std::process::Command;

use zk_embedded::Match;
use zk_wire::OpCode;

use kit::Stand;

/// A part of the script in the environment that `cargo xtask python setup` makes.
fn kazoo(stand: &Stand, part: &str) -> Command {
    // A test lies in `target/PROFILE/deps`.
    let home = std::env::current_exe().unwrap();
    let target = home.ancestors().nth(3).unwrap();
    let mut program = Command::new(target.join("python-venv/bin/python"));
    program
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("python/kazoo_recipes.py"))
        .args([&stand.connect_string(), part])
        .env("PYTHONDONTWRITEBYTECODE", "1");
    program
}

#[test]
fn kazoos_lock_excludes_and_survives_cut_connections() {
    let stand = Stand::start();
    let hooks = stand.hooks();
    // kazoo looks for its own node before it creates another; this is how one gets there unheard.
    let lost = hooks
        .on(Match::ops([OpCode::Create, OpCode::Create2])
            .path("/lock/")
            .times(1))
        .cut_after_apply();
    let mut program = stand.run(kazoo(&stand, "lock"));
    program.sees("first holds");
    assert_eq!(hooks.fired(lost), 1, "the answer of no create was lost");
    program.sees("second waits");
    hooks.cut_all();
    program.say("reconnect");
    program.sees("first still holds, second still waits");
    program.sees("second holds after first");
    program.sees("counted 40 of 40, at most 1 at a time");
    program.finish();
    stand.assert_left(&["/counter", "/lock"]);
}

#[test]
fn kazoos_party_sees_members_come_and_go() {
    let stand = Stand::start();
    let mut program = stand.run(kazoo(&stand, "party"));
    program.sees("members one two");
    stand.hooks().cut_all();
    program.say("reconnect");
    program.sees("members one two");
    program.sees("members two");
    program.sees("members none");
    program.finish();
    stand.assert_left(&["/party"]);
}

#[test]
fn kazoos_queue_keeps_its_items_in_order_across_a_cut() {
    let stand = Stand::start();
    let mut program = stand.run(kazoo(&stand, "queue"));
    program.sees("put 10");
    stand.hooks().cut_all();
    program.say("reconnect");
    program.sees("len 10");
    program.sees("got urgent item-0 item-1 item-2 item-3 item-4 item-5 item-6 item-7 item-8");
    program.sees("locking queue consumed a b");
    program.finish();
    stand.assert_left(&["/locking", "/locking/entries", "/locking/taken", "/queue"]);
}

#[test]
fn kazoos_watchers_fire_before_and_after_a_cut() {
    let stand = Stand::start();
    let hooks = stand.hooks();
    let mut program = stand.run(kazoo(&stand, "watchers"));
    let session = program.sees("watcher session ");
    let session = session.rsplit(' ').next().unwrap().parse().unwrap();
    program.sees("data None, one, two; children [], [a], [a b]");
    // What changes while the watcher is away is told when it is back.
    hooks.refuse_connections(true);
    assert!(hooks.cut_session(zk_wire::SessionId::from_raw(session)));
    program.say("change");
    program.sees("changed");
    hooks.refuse_connections(false);
    program.sees("data three; children [b]");
    program.sees("data four; children []");
    program.finish();
    stand.assert_left(&["/watched"]);
}

#[test]
fn kazoos_tree_cache_converges_before_and_after_a_cut() {
    let stand = Stand::start();
    let hooks = stand.hooks();
    let mut program = stand.run(kazoo(&stand, "cache"));
    let session = program.sees("cache session ");
    let session = session.rsplit(' ').next().unwrap().parse().unwrap();
    program.sees("cache /tree=root /tree/a=1 /tree/a/x=2 /tree/b=3");
    program.sees("cache /tree=root /tree/a=one /tree/b=3 /tree/c=4");
    hooks.refuse_connections(true);
    assert!(hooks.cut_session(zk_wire::SessionId::from_raw(session)));
    program.say("change");
    program.sees("changed");
    hooks.refuse_connections(false);
    program.sees("cache /tree=root /tree/a=uno /tree/a/y=5 /tree/d=6");
    program.finish();
    stand.assert_left(&[]);
}
