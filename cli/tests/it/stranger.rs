//! Ports that speak something else, and servers that do not want to talk.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::thread;

use crate::zkctl::Zkctl;

/// Whoever connects gets `banner` for its first bytes; then the connection is closed.
fn stranger(banner: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    // As often as it likes: a client tries again before it is told to give up. Ends with the process.
    thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let mut handshake = [0; 49];
            let _ = stream.read_exact(&mut handshake);
            let _ = stream.write_all(banner);
        }
    });
    address
}

/// The message of a command whose only server answers with `banner`.
fn met_with(banner: &'static [u8]) -> String {
    let server = stranger(banner).to_string();
    let (code, message) = Zkctl::new(&["ls", "--connect", &server]).fails();
    assert_eq!(code, 69, "{message}");
    let message = message.replace(&server, "SERVER");
    let (before, after) = message.split_once(" servers in ").unwrap();
    let (_, after) = after.split_once(" s;").unwrap();
    format!("{before} servers in T s;{after}")
}

#[test]
fn a_port_that_speaks_http_is_named_as_such() {
    let message = met_with(b"HTTP/1.1 400 Bad Request\r\nServer: Jetty\r\n\r\n");
    insta::assert_snapshot!(message, @"zkctl: cannot reach ZooKeeper: SERVER: answered with HTTP; 8080 is the admin port, clients use 2181. Tried 1 of 1 servers in T s; is it running? `zkctl ping` asks each server, `zkctl dev` starts one for development");
}

#[test]
fn a_port_that_speaks_tls_is_named_as_such() {
    let message = met_with(&[0x15, 3, 3, 0, 2, 2, 0x46]);
    insta::assert_snapshot!(message, @"zkctl: cannot reach ZooKeeper: SERVER: answered with TLS; it is a port for encrypted connections: use .tls() (zkctl --tls-ca). Tried 1 of 1 servers in T s; is it running? `zkctl ping` asks each server, `zkctl dev` starts one for development");
}

#[test]
fn another_servers_banner_is_shown_without_what_a_terminal_would_obey() {
    let message = met_with(b"SSH-2.0-\x1b]0;owned\x07\r\n");
    insta::assert_snapshot!(message, @r#"zkctl: cannot reach ZooKeeper: SERVER: answered with "SSH-2.0-\x1b]0;owned\x07\r\n", which is not ZooKeeper. Tried 1 of 1 servers in T s; is it running? `zkctl ping` asks each server, `zkctl dev` starts one for development"#);
}

#[test]
fn a_server_that_hangs_up_on_the_handshake_is_named_with_its_possible_reasons() {
    let message = met_with(b"");
    insta::assert_snapshot!(message, @"zkctl: cannot reach ZooKeeper: SERVER: connected, but it closed the connection during the handshake (the server closed the connection): it may expect TLS, or have too many connections from here (maxClientCnxns). Tried 1 of 1 servers in T s; is it running? `zkctl ping` asks each server, `zkctl dev` starts one for development");
}

#[test]
fn a_ping_tells_strangers_from_servers_that_are_down() {
    let web = stranger(b"HTTP/1.1 400 Bad Request\r\n\r\n").to_string();
    let done = Zkctl::new(&["ping", &web]).run();
    assert_eq!(done.code, Some(69));
    let expected = format!("{web}: answered with HTTP; 8080 is the admin port, clients use 2181\n");
    assert!(done.text().ends_with(&expected), "{done:?}");
}
