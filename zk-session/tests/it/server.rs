//! A scripted server: enough of a data tree to answer, and rules that say where it misbehaves.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use zk_session::ServerId;
use zk_wire::frame::write_frame;
use zk_wire::sasl::{Challenge, verify};
use zk_wire::{
    ConnectRequest, ConnectResponse, Create, CreateMode, Decode, Encode, FrameDecoder, Moment,
    MultiOp, MultiResult, ReadOp, ReadResult, Reader, ReplyHeader, Request, RequestHeader,
    Response, SessionId, Stat, WatcherEvent, Zxid, xid,
};

/// One request the server received.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) at: Moment,
    pub(crate) conn: u64,
    pub(crate) xid: i32,
    pub(crate) request: Request,
}

/// How a handshake is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Handshake {
    Grant,
    Expired,
    /// Answers with another session than the one presented.
    Substitute(i64),
    /// Closes without a word, as a server does that is behind the client.
    Close,
    /// Never answers.
    Silence,
}

/// How a request is treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reaction {
    /// Applied, and answered after a while, with everything behind it.
    Delay(Duration),
    /// Not applied, answered with this error.
    Refuse(i32),
    /// Answered at once with this error and zxid 0, ahead of replies that are held back.
    RefuseEarly(i32),
    /// Neither applied nor answered, nor is anything behind it, pings excepted.
    Hold,
    /// Applied, not answered, and nothing behind it, pings excepted.
    Swallow,
    CutBefore,
    CutAfter,
    /// Neither applied nor answered, but what is behind it is.
    PassOver,
    /// Answered with the xid of a request that does not exist.
    WrongXid,
    /// Answered with a frame of this size.
    Huge(i32),
    /// Answered, then the connection is closed.
    RefuseAndClose(i32),
}

/// How a token of SASL is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SaslAnswer {
    /// As a server does whose user `alice` has the password `wonderland`.
    Right,
    Token(Option<&'static [u8]>),
}

type Matcher = Box<dyn Fn(&Request) -> bool>;

struct Rule {
    matches: Matcher,
    /// Which of the matching requests, from 0; `None` is all.
    nth: Option<usize>,
    reaction: Reaction,
    seen: usize,
}

/// What the server wants done.
#[derive(Debug)]
pub(crate) enum Output {
    Bytes { delay: Duration, bytes: Vec<u8> },
    Close,
}

pub(crate) struct Node {
    pub(crate) owner: i64,
    pub(crate) czxid: i64,
}

#[derive(Default)]
struct Conn {
    input: BytesMut,
    established: bool,
    stuck: bool,
    delay: Duration,
}

/// All servers of the ensemble in one: they share the tree.
pub(crate) struct Server {
    pub(crate) handshake: Handshake,
    pub(crate) timeout: Duration,
    /// Whether responses carry the read-only byte, and which.
    pub(crate) read_only_byte: Option<bool>,
    pub(crate) accepts: bool,
    pub(crate) session: i64,
    pub(crate) zxid: i64,
    pub(crate) nodes: BTreeMap<String, Node>,
    pub(crate) log: Vec<Received>,
    pub(crate) handshakes: Vec<(Moment, ServerId, ConnectRequest)>,
    /// Nodes we may not read.
    pub(crate) unreadable: BTreeSet<String>,
    /// What it answers to the first token of SASL, and then to the second; `None` is a null token.
    pub(crate) sasl: [SaslAnswer; 2],
    /// Deaf and dumb: neither reads nor writes.
    pub(crate) silent: bool,
    conns: BTreeMap<u64, Conn>,
    rules: Vec<Rule>,
    sequence: u32,
}

impl Server {
    pub(crate) fn new(timeout: Duration) -> Self {
        Self {
            handshake: Handshake::Grant,
            timeout,
            read_only_byte: Some(false),
            accepts: true,
            session: 0x100_0000_0000_0001,
            zxid: 100,
            nodes: BTreeMap::new(),
            log: Vec::new(),
            handshakes: Vec::new(),
            unreadable: BTreeSet::new(),
            sasl: [SaslAnswer::Right; 2],
            silent: false,
            conns: BTreeMap::new(),
            rules: Vec::new(),
            sequence: 0,
        }
    }

    /// Treats the `nth` matching request like this, from 0.
    pub(crate) fn on(
        &mut self,
        matches: impl Fn(&Request) -> bool + 'static,
        nth: usize,
        reaction: Reaction,
    ) {
        let nth = Some(nth);
        self.rules.push(Rule {
            matches: Box::new(matches),
            nth,
            reaction,
            seen: 0,
        });
    }

    /// Treats all matching requests like this.
    pub(crate) fn on_all(
        &mut self,
        matches: impl Fn(&Request) -> bool + 'static,
        reaction: Reaction,
    ) {
        self.rules.push(Rule {
            matches: Box::new(matches),
            nth: None,
            reaction,
            seen: 0,
        });
    }

    pub(crate) fn forget_rules(&mut self) {
        self.rules.clear();
    }

    pub(crate) fn disconnect(&mut self, conn: u64) {
        self.conns.remove(&conn);
    }

    /// What was received, without pings.
    pub(crate) fn requests(&self) -> impl Iterator<Item = &Received> {
        self.log
            .iter()
            .filter(|received| received.request != Request::Ping)
    }

    pub(crate) fn receive(
        &mut self,
        now: Moment,
        (conn, server): (u64, ServerId),
        bytes: &[u8],
    ) -> Vec<Output> {
        let mut output = Vec::new();
        if self.silent {
            return output;
        }
        self.conns
            .entry(conn)
            .or_default()
            .input
            .extend_from_slice(bytes);
        while let Some(frame) = self.next_frame(conn) {
            let established = self.conns.get(&conn).is_some_and(|conn| conn.established);
            if established {
                self.receive_request(now, conn, frame, &mut output);
            } else {
                self.receive_handshake(now, (conn, server), frame, &mut output);
            }
        }
        output
    }

    fn next_frame(&mut self, conn: u64) -> Option<Bytes> {
        let conn = self.conns.get_mut(&conn)?;
        FrameDecoder::new(64 << 20).next(&mut conn.input).unwrap()
    }

    fn receive_handshake(
        &mut self,
        now: Moment,
        (conn, server): (u64, ServerId),
        frame: Bytes,
        output: &mut Vec<Output>,
    ) {
        let request = ConnectRequest::decode(&mut Reader::new(frame)).unwrap();
        let session_id = match (self.handshake, request.session_id.as_raw()) {
            (Handshake::Substitute(id), _) => id,
            (_, 0) => self.session,
            (_, presented) => presented,
        };
        self.handshakes.push((now, server, request));
        let response = match self.handshake {
            Handshake::Close => return output.push(Output::Close),
            Handshake::Silence => return,
            Handshake::Expired => ConnectResponse::invalid_session(self.read_only_byte),
            Handshake::Grant | Handshake::Substitute(_) => ConnectResponse {
                protocol_version: 0,
                timeout_ms: i32::try_from(self.timeout.as_millis()).unwrap(),
                session_id: SessionId::from_raw(session_id),
                password: Bytes::from_static(b"sixteen bytes pw"),
                read_only: self.read_only_byte,
            },
        };
        if let Some(conn) = self.conns.get_mut(&conn) {
            conn.established = true;
        }
        let mut bytes = Vec::new();
        write_frame(&mut bytes, |out| response.encode(out));
        output.push(Output::Bytes {
            delay: Duration::ZERO,
            bytes,
        });
    }

    fn receive_request(&mut self, now: Moment, conn: u64, frame: Bytes, output: &mut Vec<Output>) {
        let mut reader = Reader::new(frame);
        let header = RequestHeader::decode(&mut reader).unwrap();
        let request = Request::decode(header.op, &mut reader).unwrap();
        let xid = header.xid;
        self.log.push(Received {
            at: now,
            conn,
            xid,
            request: request.clone(),
        });
        let reaction = self.reaction_to(&request);
        let state = self.conns.entry(conn).or_default();
        if state.stuck && request != Request::Ping {
            if let Some(Reaction::RefuseEarly(code)) = reaction {
                output.push(reply(Duration::ZERO, xid, 0, code, &Response::Empty));
            }
            return;
        }
        let delay = if request == Request::Ping {
            Duration::ZERO
        } else {
            state.delay
        };
        match reaction {
            None => self.answer(xid, &request, delay, output),
            Some(Reaction::Delay(more)) => {
                state.delay = more;
                self.answer(xid, &request, more, output);
            }
            Some(Reaction::Refuse(code)) => {
                output.push(reply(delay, xid, self.zxid, code, &Response::Empty));
            }
            Some(Reaction::RefuseEarly(code)) => {
                output.push(reply(Duration::ZERO, xid, 0, code, &Response::Empty));
            }
            Some(Reaction::RefuseAndClose(code)) => {
                state.stuck = true;
                output.push(reply(Duration::ZERO, xid, -1, code, &Response::Empty));
                output.push(Output::Close);
            }
            Some(Reaction::Hold) => state.stuck = true,
            Some(Reaction::PassOver) => {}
            Some(Reaction::Swallow) => {
                state.stuck = true;
                let _ = self.apply(&request);
            }
            Some(Reaction::CutBefore) => {
                state.stuck = true;
                output.push(Output::Close);
            }
            Some(Reaction::CutAfter) => {
                state.stuck = true;
                let _ = self.apply(&request);
                output.push(Output::Close);
            }
            Some(Reaction::WrongXid) => {
                output.push(reply(delay, xid + 1_000, self.zxid, 0, &Response::Empty));
            }
            Some(Reaction::Huge(len)) => {
                output.push(Output::Bytes {
                    delay,
                    bytes: len.to_be_bytes().to_vec(),
                });
            }
        }
    }

    fn reaction_to(&mut self, request: &Request) -> Option<Reaction> {
        let mut chosen = None;
        for rule in &mut self.rules {
            if (rule.matches)(request) {
                if chosen.is_none() && rule.nth.is_none_or(|nth| nth == rule.seen) {
                    chosen = Some(rule.reaction);
                }
                rule.seen += 1;
            }
        }
        chosen
    }

    fn answer(&mut self, xid: i32, request: &Request, delay: Duration, out: &mut Vec<Output>) {
        let (err, response) = match self.apply(request) {
            Ok(response) => (0, response),
            Err(code) => (code, Response::Empty),
        };
        out.push(reply(delay, xid, self.zxid, err, &response));
        if *request == Request::CloseSession {
            out.push(Output::Close);
        }
    }

    fn apply(&mut self, request: &Request) -> Result<Response, i32> {
        match request {
            Request::Create(create) => {
                let (path, stat) = self.create(create)?;
                Ok(if create.answers_with_stat() {
                    Response::Created { path, stat }
                } else {
                    Response::Path(path)
                })
            }
            Request::Delete { path, .. } => {
                self.zxid += 1;
                self.nodes.remove(path).map(|_| Response::Empty).ok_or(-101)
            }
            Request::Exists { path, .. } => self.stat(path).map(Response::Stat),
            Request::GetData { path, .. } => Ok(Response::Data {
                data: Some(data(path)),
                stat: self.stat(path)?,
            }),
            Request::MultiRead(reads) => Ok(Response::MultiRead(
                reads.iter().map(|read| self.read(read)).collect(),
            )),
            Request::SetData { path, .. } => {
                self.zxid += 1;
                self.stat(path).map(Response::Stat)
            }
            Request::GetChildren { path, .. } => Ok(Response::Children(self.children(path))),
            Request::GetChildren2 { path, .. } => Ok(Response::Children2 {
                children: self.children(path),
                stat: Stat::default(),
            }),
            Request::Multi(ops) => {
                self.zxid += 1;
                Ok(Response::Multi(self.multi(ops)))
            }
            Request::GetEphemerals { prefix } => {
                let own = self
                    .nodes
                    .iter()
                    .filter(|(_, node)| node.owner == self.session);
                let paths = own.map(|(path, _)| path.clone());
                Ok(Response::Ephemerals(
                    paths.filter(|path| path.starts_with(prefix)).collect(),
                ))
            }
            Request::Sync { path } => Ok(Response::Path(path.clone())),
            Request::AddWatch { .. } => Ok(Response::ErrorBody(0)),
            Request::Sasl { token } => self.sasl_step(token.as_deref().unwrap_or_default()),
            Request::CloseSession => {
                self.zxid += 1;
                let session = self.session;
                self.nodes.retain(|_, node| node.owner != session);
                Ok(Response::Empty)
            }
            _ => Ok(Response::Empty),
        }
    }

    fn sasl_step(&self, token: &[u8]) -> Result<Response, i32> {
        let challenge = Challenge::new("zk-sasl-md5", "a nonce");
        let answer = match self.sasl[usize::from(!token.is_empty())] {
            SaslAnswer::Token(answer) => answer.map(Bytes::from_static),
            SaslAnswer::Right if token.is_empty() => Some(challenge.message().into()),
            SaslAnswer::Right => {
                let password_of = |user: &str| (user == "alice").then_some("wonderland");
                let (_, proof) = verify(&challenge, token, password_of).ok_or(-115)?;
                Some(proof.into())
            }
        };
        Ok(Response::Token(answer))
    }

    fn read(&self, read: &ReadOp) -> ReadResult {
        match read {
            ReadOp::GetChildren { path } => ReadResult::Children(self.children(path)),
            other => match self.stat(other.path()) {
                Ok(stat) => ReadResult::Data {
                    data: Some(data(other.path())),
                    stat,
                },
                Err(code) => ReadResult::Failed(code),
            },
        }
    }

    fn create(&mut self, create: &Create) -> Result<(String, Stat), i32> {
        self.zxid += 1;
        let mode = create.mode().unwrap();
        let mut path = create.path.clone();
        if mode.is_sequential() {
            path = format!("{path}{:010}", self.sequence);
            self.sequence += 1;
        }
        if self.nodes.contains_key(&path) {
            return Err(-110);
        }
        let ephemeral = matches!(
            mode,
            CreateMode::Ephemeral | CreateMode::EphemeralSequential
        );
        let owner = if ephemeral { self.session } else { 0 };
        self.nodes.insert(
            path.clone(),
            Node {
                owner,
                czxid: self.zxid,
            },
        );
        let stat = self.stat(&path)?;
        Ok((path, stat))
    }

    fn stat(&self, path: &str) -> Result<Stat, i32> {
        let node = self.nodes.get(path).ok_or(-101)?;
        Ok(Stat {
            czxid: Zxid::from_raw(node.czxid),
            ephemeral_owner: SessionId::from_raw(node.owner),
            ..Stat::default()
        })
    }

    fn children(&self, parent: &str) -> Vec<String> {
        let prefix = if parent == "/" {
            "/".to_owned()
        } else {
            format!("{parent}/")
        };
        let names = self
            .nodes
            .keys()
            .filter_map(|path| path.strip_prefix(&prefix));
        names
            .filter(|name| !name.contains('/'))
            .map(str::to_owned)
            .collect()
    }

    fn multi(&self, ops: &[MultiOp]) -> Vec<MultiResult> {
        let failure = |op: &MultiOp| match op.path() {
            path if self.unreadable.contains(path) => Some(-102),
            path if self.nodes.contains_key(path) => None,
            _ => Some(-101),
        };
        let failed = ops
            .iter()
            .enumerate()
            .find_map(|(at, op)| Some((at, failure(op)?)));
        let result = |index: usize| match failed {
            None => MultiResult::Checked,
            Some((at, code)) if index == at => MultiResult::Failed(code),
            Some((at, _)) if index < at => MultiResult::Failed(0),
            Some(_) => MultiResult::Failed(-2),
        };
        (0..ops.len()).map(result).collect()
    }
}

/// A node called `…of-N` has N bytes of data.
fn data(path: &str) -> Bytes {
    match path.rsplit_once("of-") {
        Some((_, len)) => vec![b'x'; len.parse().unwrap()].into(),
        None => Bytes::from_static(b"data"),
    }
}

pub(crate) fn reply(delay: Duration, xid: i32, zxid: i64, err: i32, response: &Response) -> Output {
    let mut bytes = Vec::new();
    write_frame(&mut bytes, |out| {
        ReplyHeader {
            xid,
            zxid: Zxid::from_raw(zxid),
            err,
        }
        .encode(out);
        if err == 0 {
            response.encode(out);
        }
    });
    Output::Bytes { delay, bytes }
}

pub(crate) fn notification(event: &WatcherEvent, zxid: i64) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_frame(&mut bytes, |out| {
        let header = ReplyHeader {
            xid: xid::NOTIFICATION,
            zxid: Zxid::from_raw(zxid),
            err: 0,
        };
        header.encode(out);
        event.encode(out);
    });
    bytes
}
