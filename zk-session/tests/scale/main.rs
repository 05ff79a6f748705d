//! Watches in very large numbers. It counts memory, so it is a program of its own.
#![expect(clippy::unwrap_used, reason = "a harness reports by panicking")]

#[path = "../hostile/allocator.rs"]
mod allocator;

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use zk_session::{
    Action, ConnId, Event, LinkFailure, Outcome, Session, SessionConfig, Submit, WatchKind,
};
use zk_wire::frame::write_frame;
use zk_wire::{
    ConnectResponse, Decode, Encode, FrameDecoder, Moment, OpCode, Reader, ReplyHeader, Request,
    RequestHeader, SessionId, Zxid,
};

use allocator::growth_of;

const WATCHES: usize = 100_000;

/// What a stock server accepts (`jute.maxbuffer`).
const SERVERS_LIMIT: usize = 1024 * 1024;

struct Scene {
    session: Session,
    now: Moment,
    conn: ConnId,
    frames: FrameDecoder,
    /// The sizes of frames that set watches again, and how many paths are in all of them.
    chunks: Vec<usize>,
    paths: usize,
    restored: bool,
}

impl Scene {
    fn connected() -> Self {
        let now = Moment::from_nanos(1);
        let session = Session::new(SessionConfig::default(), now, 7);
        let mut scene = Self {
            session,
            now,
            conn: ConnId::from_raw(u64::MAX),
            frames: FrameDecoder::new(SERVERS_LIMIT),
            chunks: Vec::new(),
            paths: 0,
            restored: false,
        };
        scene.connect();
        scene
    }

    /// Waits for the next dial; time passes only for what has to be waited for.
    fn connect(&mut self) {
        let before = self.conn;
        while self.conn == before {
            match self.session.poll_action() {
                Some(Action::Dial { conn, .. }) => self.conn = conn,
                Some(_) => {}
                None => {
                    self.now = self.session.poll_timeout().unwrap();
                    self.session.handle_timeout(self.now);
                }
            }
        }
        self.session.handle_connected(self.now, self.conn);
        let mut handshake = Vec::new();
        assert!(
            self.session
                .poll_transmit(self.now, &mut handshake)
                .is_some()
        );
        let response = ConnectResponse {
            protocol_version: 0,
            timeout_ms: 10_000,
            session_id: SessionId::from_raw(5),
            password: Bytes::from_static(&[7; 16]),
            read_only: Some(false),
        };
        self.send(|out| response.encode(out));
    }

    fn send(&mut self, body: impl FnOnce(&mut Vec<u8>)) {
        let mut frame = Vec::new();
        write_frame(&mut frame, body);
        let mut input = BytesMut::from(&frame[..]);
        self.session.handle_bytes(self.now, self.conn, &mut input);
        assert!(input.is_empty());
    }

    /// Answers whatever the session sends, until it sends nothing more. Nodes do not exist.
    fn serve(&mut self) {
        let mut batch = Vec::new();
        while self.session.poll_transmit(self.now, &mut batch).is_some() {
            let mut input = BytesMut::from(&batch[..]);
            batch.clear();
            while let Some(frame) = self.frames.next(&mut input).unwrap() {
                self.answer(frame);
            }
            assert!(input.is_empty());
            while let Some(event) = self.session.poll_event() {
                match event {
                    Event::Done { outcome, .. } => {
                        assert!(matches!(outcome, Outcome::Reply { .. }), "{outcome:?}");
                    }
                    Event::WatchesRestored => self.restored = true,
                    _ => {}
                }
            }
        }
    }

    fn answer(&mut self, frame: Bytes) {
        let len = frame.len();
        let mut reader = Reader::new(frame);
        let RequestHeader { xid, op } = RequestHeader::decode(&mut reader).unwrap();
        let request = Request::decode(op, &mut reader).unwrap();
        let err = match request {
            Request::SetWatches(watches) => {
                self.chunks.push(len);
                self.paths += watches.exist.len();
                0
            }
            Request::Exists { watch: true, .. } => -101,
            other => panic!("{}", other.op_code()),
        };
        let zxid = Zxid::from_raw(100);
        self.send(|out| ReplyHeader { xid, zxid, err }.encode(out));
    }
}

#[test]
fn zk706_a_hundred_thousand_watches_are_set_again_in_chunks_and_bounded_memory() {
    let mut scene = Scene::connected();
    let paths: Vec<String> = (0..WATCHES)
        .map(|n| format!("/services/{n:0>50}"))
        .collect();
    let bytes: usize = paths.iter().map(|path| path.len() + 4).sum();
    let some = paths.chunks(1_000);
    for paths in some {
        for path in paths {
            let request = Request::Exists {
                path: path.clone(),
                watch: true,
            };
            let submit = Submit::new().watch(WatchKind::Exist);
            scene.session.submit(scene.now, request, submit).unwrap();
        }
        scene.serve();
    }
    assert_eq!(scene.session.stats().watches, WATCHES);

    let (conn, begun) = (scene.conn, scene.now);
    let ((), growth) = growth_of(|| {
        let lost = LinkFailure::new("connection reset");
        scene.session.handle_disconnected(scene.now, conn, lost);
        scene.connect();
        scene.serve();
    });
    assert!(scene.restored && scene.session.state().is_connected());
    assert_eq!(
        (scene.paths, scene.session.stats().watches),
        (WATCHES, WATCHES)
    );
    let largest = scene.chunks.iter().max().unwrap();
    assert!(*largest <= 128 * 1024 + 64, "{largest} bytes in one frame");
    assert!(
        scene.chunks.len() <= bytes / (100 * 1024),
        "{} frames",
        scene.chunks.len()
    );
    assert!(growth <= 2 * bytes, "{growth} bytes for {bytes} of paths");
    assert!(
        scene.now - begun < Duration::from_secs(1),
        "{:?}",
        scene.now - begun
    );
    assert_eq!(scene.session.stats().sent(OpCode::Exists), WATCHES as u64);
}
