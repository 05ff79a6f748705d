//! A script on one server, and what came of it.

use std::net::IpAddr;

use bytes::Bytes;
use zk_wire::frame::write_frame;
use zk_wire::{
    Acl, ConnectRequest, ConnectResponse, Create, CreateMode, Decode, Encode, ErrorCode,
    MultiResult, OpCode, ReadResult, Reader, ReplyHeader, Request, RequestHeader, Response,
    SessionId, SetWatches, Zxid, xid,
};

use super::cells::Cells;
use super::peer::{Peer, Received};
use super::script::{Action, Step, Ticket};
use super::show::Masks;

/// What was to be seen.
#[derive(Debug, Default)]
pub(super) struct Played {
    /// Of each step, and at last of the end.
    pub(super) seen: Vec<Vec<String>>,
    pub(super) cells: Cells,
    /// Frames to the server.
    pub(super) sent: u64,
    /// Frames from the server.
    pub(super) received: u64,
}

pub(super) fn play(peer: &mut dyn Peer, root: &str, steps: &[Step]) -> Played {
    let mut player = Player::new(peer);
    player.begin(root);
    for step in steps {
        player.step(step);
        let lines = std::mem::take(&mut player.lines);
        player.played.seen.push(lines);
    }
    player.end();
    let lines = std::mem::take(&mut player.lines);
    player.played.seen.push(lines);
    player.played
}

/// The address from which the server sees us come. Leaves no session behind.
pub(super) fn who_am_i(peer: &mut dyn Peer) -> Option<IpAddr> {
    let mut player = Player::new(peer);
    player.be_connected(0);
    player.send(0, 1, OpCode::WhoAmI.raw(), &[]);
    player.seats[0].last_xid = 1;
    let received = player.receive(0);
    player.close_session(0);
    let Received::Frame(frame) = received else {
        return None;
    };
    let mut reader = Reader::new(frame);
    ReplyHeader::decode(&mut reader).ok()?;
    match Response::decode(OpCode::WhoAmI, &mut reader).ok()? {
        Response::WhoAmI(identities) => {
            let mut ips = identities.iter().filter(|one| one.auth_scheme == "ip");
            ips.find_map(|one| one.user.parse().ok())
        }
        _ => None,
    }
}

/// One of the two sessions.
#[derive(Debug, Default)]
struct Seat {
    link: Option<usize>,
    session: SessionId,
    password: Bytes,
    last_xid: i32,
    /// How many sessions it has had.
    sessions: u32,
}

struct Player<'p> {
    peer: &'p mut dyn Peer,
    seats: [Seat; 2],
    masks: Masks,
    lines: Vec<String>,
    played: Played,
}

impl<'p> Player<'p> {
    fn new(peer: &'p mut dyn Peer) -> Self {
        Self {
            peer,
            seats: [Seat::default(), Seat::default()],
            masks: Masks::default(),
            lines: Vec::new(),
            played: Played::default(),
        }
    }

    fn begin(&mut self, root: &str) {
        self.be_connected(0);
        self.be_connected(1);
        let create = Create {
            acl: vec![Acl::open()],
            stat: true,
            ..Create::new(root, "", CreateMode::Persistent)
        };
        let body = body_of(&Request::Create(create));
        self.send(0, 1, OpCode::Create2.raw(), &body);
        self.seats[0].last_xid = 1;
        if let Received::Frame(frame) = self.receive(0) {
            if let Ok(header) = ReplyHeader::decode(&mut Reader::new(frame)) {
                self.masks.begin = header.zxid.as_raw();
                self.lines = vec![format!("begun {}", header.err)];
            }
        }
    }

    fn step(&mut self, step: &Step) {
        let who = step.who;
        match &step.action {
            Action::Ask(Request::CloseSession) => self.close_session(who),
            Action::Ask(request) => {
                let body = body_of(request);
                self.ask(step, request.op_code().raw(), &body);
            }
            Action::Burst(requests) => self.ask_all(who, requests),
            Action::Watch(watches) => {
                let request = self.restoring(watches);
                let body = body_of(&request);
                self.ask(step, request.op_code().raw(), &body);
            }
            Action::Raw { op, body } => self.ask(step, *op, body),
            Action::Reconnect(ticket) => {
                self.be_connected(who);
                self.hang_up(who);
                self.take_up(who, *ticket, None);
            }
            Action::Return(watches) => {
                self.be_connected(who);
                self.hang_up(who);
                let request = self.restoring(watches);
                self.take_up(who, Ticket::Right, Some(&request));
                let op = request.op_code();
                let err = self.answer(who, Some(op));
                self.played.cells.count(op.name(), err);
            }
        }
    }

    fn restoring(&self, watches: &SetWatches) -> Request {
        let seen = watches.relative_zxid.as_raw();
        Request::SetWatches(SetWatches {
            relative_zxid: Zxid::from_raw(self.masks.begin + seen),
            ..watches.clone()
        })
    }

    /// Whoever is left is closed, so that nothing of the script happens to the next one.
    fn end(&mut self) {
        for who in [0, 1] {
            self.be_connected(who);
        }
        self.close_session(0);
        self.close_session(1);
    }

    fn ask(&mut self, step: &Step, op: i32, body: &[u8]) {
        let who = step.who;
        self.be_connected(who);
        let code = OpCode::from_raw(op);
        let xid = self.next_xid(who, code);
        self.send(who, xid, op, body);
        let err = self.answer(who, code);
        self.played.cells.count(step.op_name(), err);
        let may_be_the_end = [ErrorCode::Unimplemented, ErrorCode::AuthFailed];
        if may_be_the_end.iter().any(|code| code.raw() == err) {
            self.expect_the_end(who);
        }
    }

    fn next_xid(&mut self, who: usize, op: Option<OpCode>) -> i32 {
        match op {
            Some(OpCode::Ping) => xid::PING,
            Some(OpCode::Auth) => xid::AUTH,
            Some(OpCode::SetWatches | OpCode::SetWatches2) => xid::SET_WATCHES,
            _ => {
                self.seats[who].last_xid += 1;
                self.seats[who].last_xid
            }
        }
    }

    /// Sends all of them in one write, and reads as many answers.
    fn ask_all(&mut self, who: usize, requests: &[Request]) {
        self.be_connected(who);
        let mut bytes = Vec::new();
        for request in requests {
            let op = request.op_code();
            let xid = self.next_xid(who, Some(op));
            put_frame(&mut bytes, xid, op.raw(), &body_of(request));
        }
        self.put(who, &bytes, requests.len() as u64);
        for request in requests {
            if self.seats[who].link.is_some() {
                let op = request.op_code();
                let err = self.answer(who, Some(op));
                self.played.cells.count(op.name(), err);
            }
        }
    }

    /// Nothing is sent meanwhile: a server that is about to hang up may still answer it, or may not.
    fn expect_the_end(&mut self, who: usize) {
        if self.seats[who].link.is_some() {
            let received = self.receive(who);
            self.lines
                .push(format!("session {who}: then {}", name(&received)));
            self.hang_up(who);
        }
    }

    /// The answers to a ping come behind all events that were sent before.
    fn flush(&mut self, who: usize) {
        if self.seats[who].link.is_some() {
            self.send(who, xid::PING, OpCode::Ping.raw(), &[]);
            self.answer(who, Some(OpCode::Ping));
        }
    }

    /// The nodes of an ended session are deleted in no order that anybody promises, so the events of a
    /// close are put in one.
    fn close_session(&mut self, who: usize) {
        self.be_connected(who);
        self.flush(1 - who);
        let before = self.lines.len();
        self.seats[who].last_xid += 1;
        let xid = self.seats[who].last_xid;
        self.send(who, xid, OpCode::CloseSession.raw(), &[]);
        let err = self.answer(who, Some(OpCode::CloseSession));
        self.played.cells.count(OpCode::CloseSession.name(), err);
        let replied = self.lines.len();
        sort(&mut self.lines[before..replied - 1]);
        if self.seats[who].link.is_some() {
            let received = self.receive(who);
            self.lines.push(format!("then {}", name(&received)));
        }
        self.hang_up(who);
        self.seats[who].session = SessionId::NONE;
        self.seats[who].last_xid = 0;
        let closed = self.lines.len();
        self.flush(1 - who);
        sort(&mut self.lines[closed..]);
    }

    /// Reads events up to the reply, whose code it returns.
    fn answer(&mut self, who: usize, op: Option<OpCode>) -> i32 {
        loop {
            let received = self.receive(who);
            let Received::Frame(frame) = received else {
                self.lines
                    .push(format!("session {who}: {}", name(&received)));
                self.hang_up(who);
                return ErrorCode::ConnectionLoss.raw();
            };
            let mut reader = Reader::new(frame);
            let Ok(header) = ReplyHeader::decode(&mut reader) else {
                self.lines.push(format!("session {who}: no header"));
                continue;
            };
            if header.xid == xid::NOTIFICATION {
                let line = self.masks.event(&header, &mut reader);
                self.lines.push(format!("session {who}: {line}"));
                continue;
            }
            self.count_parts(op, &header, reader.clone());
            let line = self.masks.reply(op, &header, &mut reader);
            self.lines.push(format!("session {who}: {line}"));
            return header.err;
        }
    }

    /// What became of the operations of a multi.
    fn count_parts(&mut self, op: Option<OpCode>, header: &ReplyHeader, mut body: Reader) {
        let op = op.filter(|_| header.err == 0 && !body.is_empty());
        let response = op.map(|op| Response::decode(op, &mut body));
        let codes: Vec<i32> = match response {
            Some(Ok(Response::Multi(results))) => results
                .iter()
                .map(|one| match one {
                    MultiResult::Failed(code) => *code,
                    _ => 0,
                })
                .collect(),
            Some(Ok(Response::MultiRead(results))) => results
                .iter()
                .map(|one| match one {
                    ReadResult::Failed(code) => *code,
                    _ => 0,
                })
                .collect(),
            _ => return,
        };
        for code in codes {
            let name = if op == Some(OpCode::Multi) {
                "in multi"
            } else {
                "in multiRead"
            };
            self.played.cells.count(name, code);
        }
    }

    fn be_connected(&mut self, who: usize) {
        if self.seats[who].link.is_some() {
            return;
        }
        if self.seats[who].session.is_none() {
            self.shake_hands(who, Ticket::Right, None);
        } else {
            self.take_up(who, Ticket::Right, None);
        }
    }

    fn take_up(&mut self, who: usize, ticket: Ticket, behind: Option<&Request>) {
        let code = self.shake_hands(who, ticket, behind);
        self.played.cells.count("handshake", code);
    }

    /// Sends the handshake, and in the same write the request `behind` it.
    fn shake_hands(&mut self, who: usize, ticket: Ticket, behind: Option<&Request>) -> i32 {
        let seat = &self.seats[who];
        let mut password = seat.password.clone();
        if matches!(ticket, Ticket::WrongPassword) {
            password = Bytes::from_static(b"not the password");
        } else if seat.session.is_none() {
            password = Bytes::from_static(&[0; 16]);
        }
        let seen = match ticket {
            Ticket::Ahead => i64::MAX,
            _ => 0,
        };
        let request = ConnectRequest {
            protocol_version: 0,
            last_zxid_seen: Zxid::from_raw(seen),
            timeout_ms: 30_000,
            session_id: seat.session,
            password,
            read_only: (!matches!(ticket, Ticket::WithoutReadOnly)).then_some(false),
        };
        let mut bytes = Vec::new();
        write_frame(&mut bytes, |out| request.encode(out));
        if let Some(behind) = behind {
            let op = behind.op_code();
            let xid = self.next_xid(who, Some(op));
            put_frame(&mut bytes, xid, op.raw(), &body_of(behind));
        }
        self.seats[who].link = Some(self.peer.dial());
        self.put(who, &bytes, 1 + u64::from(behind.is_some()));
        let received = self.receive(who);
        let Received::Frame(frame) = received else {
            self.lines
                .push(format!("session {who}: {}", name(&received)));
            self.hang_up(who);
            return ErrorCode::ConnectionLoss.raw();
        };
        let response = match ConnectResponse::decode(&mut Reader::new(frame)) {
            Ok(response) => response,
            Err(error) => {
                self.lines
                    .push(format!("session {who}: no answer to a handshake: {error}"));
                self.hang_up(who);
                return ErrorCode::MarshallingError.raw();
            }
        };
        if response.is_valid() && request.session_id.is_none() {
            let seat = &mut self.seats[who];
            seat.session = response.session_id;
            seat.password = response.password.clone();
            seat.sessions += 1;
            let name = format!("{}.{}", who, seat.sessions);
            self.masks.name(response.session_id, name);
        }
        let line = self.masks.handshake(&response);
        self.lines.push(format!("session {who}: {line}"));
        if response.is_valid() {
            return 0;
        }
        let received = self.receive(who);
        self.lines
            .push(format!("session {who}: {}", name(&received)));
        self.hang_up(who);
        ErrorCode::SessionExpired.raw()
    }

    fn send(&mut self, who: usize, xid: i32, op: i32, body: &[u8]) {
        let mut bytes = Vec::new();
        put_frame(&mut bytes, xid, op, body);
        self.put(who, &bytes, 1);
    }

    fn put(&mut self, who: usize, bytes: &[u8], frames: u64) {
        if let Some(link) = self.seats[who].link {
            self.peer.send(link, bytes);
            self.played.sent += frames;
        }
    }

    fn receive(&mut self, who: usize) -> Received {
        let Some(link) = self.seats[who].link else {
            return Received::Closed;
        };
        let received = self.peer.receive(link);
        self.played.received += u64::from(matches!(received, Received::Frame(_)));
        received
    }

    fn hang_up(&mut self, who: usize) {
        if let Some(link) = self.seats[who].link.take() {
            self.peer.hang_up(link);
        }
    }
}

fn put_frame(out: &mut Vec<u8>, xid: i32, op: i32, body: &[u8]) {
    write_frame(out, |out| {
        RequestHeader { xid, op }.encode(out);
        out.extend_from_slice(body);
    });
}

fn body_of(request: &Request) -> Vec<u8> {
    let mut body = Vec::new();
    request.encode_body(&mut body);
    body
}

fn sort(lines: &mut [String]) {
    lines.sort();
}

fn name(received: &Received) -> &'static str {
    match received {
        Received::Frame(_) => "a frame",
        Received::Closed => "closed",
        Received::Silence => "silence",
    }
}
