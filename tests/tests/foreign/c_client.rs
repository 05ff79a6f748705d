//! ZooKeeper's own C client, `zookeeper_mt`, on the embedded server.
#![expect(
    clippy::unwrap_used,
    reason = "clippy does not see that helpers of tests are tests"
)]

mod kit;

use std::path::{Path, PathBuf};
use std::process::Command;

use kit::Stand;

/// The program, compiled against the installed library.
fn program() -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("c/zookeeper_mt_round.c");
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("zookeeper_mt_round");
    let status = Command::new("gcc")
        .args([
            "-std=gnu11",
            "-O1",
            "-Wall",
            "-Wextra",
            "-Werror",
            "-DTHREADED",
            "-o",
        ])
        .args([&program, &source])
        .args(["-lzookeeper_mt", "-lpthread"])
        .status()
        .unwrap();
    assert!(status.success(), "{} does not compile", source.display());
    program
}

#[test]
fn the_c_client_works_through_its_calls_across_a_cut() {
    let stand = Stand::start();
    let mut command = Command::new(program());
    command.arg(stand.connect_string());
    let mut program = stand.run(command);
    program.sees("nodes: made, read, refused");
    program.sees("answers: 256 of 256");
    program.sees("multi: all or nothing, version 1");
    program.sees("acl: guarded");
    program.sees("counted 40 of 40, at most 1 at a time");
    program.sees("event: exists created /c/new");
    program.sees("event: get changed /c/new");
    program.sees("event: children child /c/new");
    program.sees("a removed watch is silent");
    program.sees("watching, session ");
    stand.hooks().cut_all();
    program.say("reconnect");
    program.sees("event: across changed /c/new");
    program.sees("the same session after the cut");
    program.sees("done");
    program.finish();
    stand.assert_left(&[]);
}
