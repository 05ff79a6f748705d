//! What real servers do to requests of a session that has moved: why a reply that is missing is a lost connection
//! (`zk-session/src/session/receive.rs`).

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use zk_client::Zxid;
use zk_tests::{Ensemble, Role, note};
use zk_wire::{
    ConnectRequest, ConnectResponse, Create, CreateMode, Decode, Encode, FrameDecoder, Reader,
    ReplyHeader, Request, SessionId, frame,
};

use crate::turn;

/// Reads that travel right behind the write.
const READS: i32 = 50;
const ATTEMPTS: usize = 100;

/// A connection without a client's manners.
struct Raw {
    stream: TcpStream,
    input: BytesMut,
}

impl Raw {
    /// Connects, and takes up a session or begins one; yields which.
    fn connect(address: &str, session: Option<&ConnectResponse>) -> (Self, ConnectResponse) {
        let stream = TcpStream::connect(address).unwrap();
        let patience = Some(Duration::from_secs(10));
        stream.set_read_timeout(patience).unwrap();
        let mut raw = Self {
            stream,
            input: BytesMut::new(),
        };
        let request = ConnectRequest {
            protocol_version: 0,
            last_zxid_seen: Zxid::NONE,
            timeout_ms: 10_000,
            session_id: session.map_or(SessionId::NONE, |session| session.session_id),
            password: session.map_or_else(
                || Bytes::from_static(&[0; 16]),
                |session| session.password.clone(),
            ),
            read_only: Some(false),
        };
        let mut out = Vec::new();
        frame::write_frame(&mut out, |out| request.encode(out));
        raw.stream.write_all(&out).unwrap();
        let answer = raw.receive().unwrap();
        let answer = ConnectResponse::decode(&mut Reader::new(answer)).unwrap();
        assert_ne!(answer.timeout_ms, 0, "the session is there");
        (raw, answer)
    }

    /// The next frame; `None` when the server has closed the connection.
    fn receive(&mut self) -> Option<Bytes> {
        loop {
            if let Some(frame) = FrameDecoder::default().next(&mut self.input).unwrap() {
                return Some(frame);
            }
            let mut buffer = [0; 4096];
            match self.stream.read(&mut buffer) {
                Ok(0) => return None,
                Ok(read) => self.input.extend_from_slice(&buffer[..read]),
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return None,
                Err(error) => panic!("neither an answer nor an end: {error}"),
            }
        }
    }
}

fn encode(out: &mut Vec<u8>, xid: i32, request: &Request) {
    frame::write_frame(out, |out| request.encode(xid, out));
}

#[tokio::test]
async fn s6_real_servers_pass_over_a_write_of_a_session_that_has_moved_and_may_answer_what_is_behind_it()
 {
    let _turn = turn().await;
    let ensemble = Ensemble::start();
    let followers: Vec<_> = Ensemble::MEMBERS
        .filter(|member| ensemble.role(*member) == Some(Role::Follower))
        .collect();
    let addresses: Vec<String> = followers
        .iter()
        .map(|m| ensemble.connect_string_of(*m))
        .collect();
    let (mut passed_over, mut ended) = (0, 0);
    for attempt in 0..ATTEMPTS {
        let (mut old, session) = Raw::connect(&addresses[0], None);
        let (_new, _) = Raw::connect(&addresses[1], Some(&session));
        let mut out = Vec::new();
        let create = Create::new(format!("/moved-{attempt}"), "", CreateMode::Persistent);
        encode(&mut out, 1, &Request::Create(create));
        for xid in 2..2 + READS {
            let path = "/".to_owned();
            encode(&mut out, xid, &Request::GetData { path, watch: false });
        }
        old.stream.write_all(&out).unwrap();
        match old.receive() {
            None => ended += 1,
            Some(reply) => {
                let header = ReplyHeader::decode(&mut Reader::new(reply)).unwrap();
                assert_ne!(header.xid, 1, "the write is answered: {header:?}");
                passed_over += 1;
            }
        }
    }
    note(format_args!(
        "{ended} connections ended at once, on {passed_over} a later request was answered"
    ));
    assert!(passed_over > 0);
}
