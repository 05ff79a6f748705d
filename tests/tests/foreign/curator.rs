//! Curator 5.4: the recipes it is used for.

use std::process::Command;

use zk_embedded::Match;
use zk_tests::java;
use zk_wire::{OpCode, SessionId};

use crate::kit::{Program, Stand};

fn curator(stand: &Stand, part: &str) -> Command {
    let mut program = java("CuratorRecipes");
    program.args([&stand.connect_string(), part]);
    program
}

/// The number at the end of a line such as `cache session 123`.
fn session(program: &mut Program, what: &str) -> SessionId {
    let line = program.sees(what);
    SessionId::from_raw(line.rsplit(' ').next().unwrap().parse().unwrap())
}

#[test]
fn curators_mutex_excludes_and_survives_cut_connections() {
    let stand = Stand::start();
    let hooks = stand.hooks();
    let creates = Match::ops([OpCode::Create2, OpCode::CreateContainer]);
    let lost = hooks.on(creates.path("/lock/").times(1)).cut_after_apply();
    let mut program = stand.run(curator(&stand, "mutex"));
    // Its protected create finds the node whose answer was lost.
    program.sees("first holds, 1 in line");
    assert_eq!(hooks.fired(lost), 1, "the answer of no create was lost");
    program.sees("second waits, 2 in line");
    hooks.cut_all();
    program.say("reconnect");
    program.sees("first still holds, 2 in line");
    program.sees("second holds after first");
    program.sees("counted 40 of 40, at most 1 at a time");
    program.finish();
    hooks.run_reaper();
    stand.assert_left(&["/counter"]);
}

#[test]
fn curators_latch_hands_over_and_survives_a_cut() {
    let stand = Stand::start();
    let hooks = stand.hooks();
    let mut program = stand.run(curator(&stand, "latch"));
    program.sees("second waits");
    let leader = session(&mut program, "first leads, session ");
    assert!(hooks.cut_session(leader));
    // It steps down while it cannot know, and stands again.
    program.sees("first stepped down");
    program.sees("one of two leads");
    program.sees("the other leads after a close");
    program.finish();
    hooks.run_reaper();
    stand.assert_left(&[]);
}

#[test]
fn curators_cache_converges_before_and_after_a_cut() {
    let stand = Stand::start();
    let hooks = stand.hooks();
    let mut program = stand.run(curator(&stand, "cache"));
    let cache = session(&mut program, "cache session ");
    program.sees("cache /tree=root /tree/a=1 /tree/a/x=2 /tree/b=3");
    program.sees("cache /tree=root /tree/a=one /tree/b=3 /tree/c=4");
    hooks.refuse_connections(true);
    assert!(hooks.cut_session(cache));
    program.say("change");
    program.sees("changed");
    hooks.refuse_connections(false);
    program.sees("cache /tree=root /tree/a=uno /tree/a/y=5 /tree/d=6");
    program.finish();
    stand.assert_left(&[]);
}
