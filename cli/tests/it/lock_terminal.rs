//! `lock` on a terminal: the command can use it, and gives it back.

use std::process::{Child, Command, Stdio};

use crate::pty::Pty;
use crate::server::Server;

/// A script as the leader of a session on `pty`, in which $0 is zkctl.
fn script(server: &Server, pty: &Pty, script: &str) -> Child {
    Command::new("setsid")
        .args([
            "--ctty",
            "--wait",
            "sh",
            "-c",
            script,
            env!("CARGO_BIN_EXE_zkctl"),
        ])
        .env("ZK_CONNECT", server.connect_string())
        .stdin(pty.slave())
        .stdout(pty.slave())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn a_command_can_read_from_the_terminal_and_so_can_the_next_one() {
    let server = Server::start();
    let pty = Pty::open();
    let screen = pty.screen();
    let text =
        "$0 lock /l -- sh -c 'echo ready; read x; echo \"got $x\"'; read y; echo \"then $y\"";
    let mut child = script(&server, &pty, text);
    screen.until("ready\r\n");
    pty.write("first\n");
    screen.until("got first\r\n");
    pty.write("second\n");
    screen.until("then second\r\n");
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(server.below("/l"), [""; 0]);
}

#[test]
fn ctrl_c_goes_to_the_command_and_ctrl_z_suspends_nothing() {
    let server = Server::start();
    let pty = Pty::open();
    let screen = pty.screen();
    let text = "$0 lock /l -- sh -c 'trap \"echo interrupted; exit 3\" INT; echo ready; read x; echo \"got $x\"; \
                while :; do sleep 0.01; done'; echo \"code $?\"";
    let mut child = script(&server, &pty, text);
    screen.until("ready\r\n");
    pty.write("\u{1a}");
    pty.write("text\n");
    screen.until("got text\r\n");
    pty.write("\u{3}");
    screen.until("interrupted\r\n");
    screen.until("code 3\r\n");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn in_a_pipeline_the_terminal_stays_with_who_reads_the_output() {
    let server = Server::start();
    let pty = Pty::open();
    let screen = pty.screen();
    let text =
        "$0 lock /l -- echo output | sh -c 'read line; read x < /dev/tty; echo \"$line, then $x\"'";
    let mut child = script(&server, &pty, text);
    pty.write("typed\n");
    screen.until("output, then typed\r\n");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
