//! A request on its way: decoded, recorded, hit by a fault or not, and put in line.

use std::sync::Arc;

use bytes::Bytes;
use zk_wire::jute::{Decode, Encode, Reader};
use zk_wire::{
    AddWatchMode, Create, DecodeError, ErrorCode, Moment, OpCode, Permissions, ReplyHeader,
    Request, RequestError, RequestHeader, Response, SessionId, WatcherKind, Zxid,
};

use super::acl::Identities;
use super::conn::ConnKey;
use super::envelope;
use super::multi;
use super::nulls;
use super::reads;
use super::record::RequestRecord;
use super::rules::{Reaction, Subject};
use super::server::ServerCore;
use super::txn::parent_key;
use super::waiting::{Arrived, Ask, own_data};

impl ServerCore {
    pub(super) fn handle_request(
        &mut self,
        now: Moment,
        key: ConnKey,
        session: SessionId,
        frame: Bytes,
    ) {
        let mut reader = Reader::new(frame);
        let Ok(header) = RequestHeader::decode(&mut reader) else {
            return self.close(key);
        };
        let decoded = self.decode(header.op, &mut reader);
        if !matches!(decoded, Ok(Request::Auth { .. } | Request::Sasl { .. })) {
            // What is about authentication is answered before anybody looks at the session.
            self.touch(now, session);
        }
        if let Some(conn) = self.conns.get_mut(&key) {
            conn.heard = now;
        }
        let op = OpCode::from_raw(header.op);
        let paths = decoded.as_ref().map(paths_of).unwrap_or_default();
        self.recorder.request(RequestRecord {
            at: now,
            conn: key,
            session,
            xid: header.xid,
            op,
            path: paths.first().map(|&path| path.to_owned()),
        });
        let subject = Subject {
            op,
            paths: &paths,
            session: Some(session),
            conn: key,
        };
        let reaction = self.rules.evaluate(&subject);
        if reaction == Some(Reaction::CutBeforeApply) {
            return self.cut(key);
        }
        let proves = matches!(decoded, Ok(Request::Auth { .. } | Request::Sasl { .. }));
        if !proves && self.lacks_sasl(key) {
            let err = ErrorCode::SessionClosedRequireSaslAuth.raw();
            let (xid, zxid) = (header.xid, Zxid::NONE);
            self.send_urgent(key, ReplyHeader { xid, zxid, err }, |_| ());
            return self.close(key);
        }
        match decoded {
            Err(Unread {
                error: RequestError::Unimplemented(_),
                ..
            }) => self.refuse(key, header.xid),
            Ok(request @ (Request::Ping | Request::Auth { .. } | Request::Sasl { .. })) => {
                self.overtake(now, key, header.xid, &request, reaction);
            }
            decoded => self.line_up(now, key, session, header, decoded, reaction),
        }
    }

    /// Decodes a request, as far as the release that is modelled makes anything of it.
    fn decode(&self, raw: i32, reader: &mut Reader) -> Result<Request, Unread> {
        let version = self.config.version;
        let stumbles = OpCode::from_raw(raw).is_some_and(|op| nulls::stumbles(version, op, reader));
        let request = self.read_request(raw, reader).map_err(|error| Unread {
            spends_zxid: self.counts_broken(raw),
            error,
        })?;
        if stumbles {
            return Err(Unread {
                // It was read, and so a write has its place in the order.
                spends_zxid: request.is_write(),
                error: RequestError::Marshalling(DecodeError::BadValue {
                    what: "length of a path or list",
                    value: -1,
                }),
            });
        }
        Ok(request)
    }

    /// Decodes a request, as far as the release that is modelled knows it.
    fn read_request(&self, raw: i32, reader: &mut Reader) -> Result<Request, RequestError> {
        let version = self.config.version;
        if OpCode::from_raw(raw).is_some_and(|op| !version.has_op(op)) {
            return Err(RequestError::Unimplemented(raw));
        }
        if raw == OpCode::CreateSession.raw() && reader.remaining() < 4 {
            // Not meant for clients, but let through, and then there is no timeout in it.
            return Err(RequestError::Marshalling(DecodeError::BadValue {
                what: "createSession of a client",
                value: raw,
            }));
        }
        let mut request = Request::decode(raw, reader)?;
        if let Request::Multi(ops) = &mut request {
            envelope::unpack(version, ops)?;
        }
        match &request {
            Request::CheckWatches { kind, .. } | Request::RemoveWatches { kind, .. }
                if !version.has_watcher_kind(*kind) =>
            {
                Err(RequestError::Marshalling(DecodeError::BadValue {
                    what: "kind of watcher",
                    value: kind.raw(),
                }))
            }
            _ => Ok(request),
        }
    }

    /// Puts an ordinary request behind those of its connection that wait.
    fn line_up(
        &mut self,
        now: Moment,
        key: ConnKey,
        session: SessionId,
        header: RequestHeader,
        decoded: Result<Request, Unread>,
        reaction: Option<Reaction>,
    ) {
        let Some(conn) = self.conns.get(&key) else {
            return;
        };
        let (request, spends_zxid) = match (reaction, decoded) {
            (Some(Reaction::Error(code)), _) => (Err(code), false),
            (_, Ok(mut request)) => {
                own_data(&mut request);
                (Ok(request), self.counts_broken(header.op))
            }
            (_, Err(unread)) => (Err(unread.error.error_code()), unread.spends_zxid),
        };
        let ask = Ask {
            session,
            xid: header.xid,
            identities: Arc::clone(&conn.identities),
            spends_zxid,
            request,
        };
        if self.config.eager_acl_check && self.lacks_permission(&ask) {
            let (xid, zxid, err) = (ask.xid, Zxid::NONE, ErrorCode::NoAuth.raw());
            return self.send_urgent(key, ReplyHeader { xid, zxid, err }, |_| ());
        }
        if reaction == Some(Reaction::Postpone) {
            self.postponed.extend(ask.commits().then(|| Arc::new(ask)));
            return self.cut(key);
        }
        let arrived = Arrived {
            conn: key,
            reaction,
            ask: Arc::new(ask),
        };
        self.submit(now, arrived);
    }

    /// Whether an operation takes its zxid even if it cannot be decoded.
    fn counts_broken(&self, raw: i32) -> bool {
        match OpCode::from_raw(raw) {
            Some(OpCode::Multi | OpCode::CreateSession) => true,
            Some(OpCode::Delete | OpCode::SetData | OpCode::SetAcl | OpCode::Check) => {
                !self.config.version.decodes_before_it_counts()
            }
            Some(op) => op.is_create() && !self.config.version.decodes_before_it_counts(),
            None => false,
        }
    }

    /// Whether this server's own tree says that a write is not permitted.
    fn lacks_permission(&self, ask: &Ask) -> bool {
        let Ok(request) = &ask.request else {
            return false;
        };
        let (node, needed) = match request {
            Request::Create(Create { path, .. }) => (parent_key(path), Permissions::CREATE),
            Request::Delete { path, .. } => (parent_key(path), Permissions::DELETE),
            Request::SetData { path, .. } => (path.as_str(), Permissions::WRITE),
            Request::SetAcl { path, .. } => (path.as_str(), Permissions::ADMIN),
            _ => return false,
        };
        self.tree
            .get(node)
            .is_some_and(|node| ask.identities.check(&node.acl, needed).is_err())
    }

    /// Answers what need not wait for anything before it.
    fn overtake(
        &mut self,
        now: Moment,
        key: ConnKey,
        xid: i32,
        request: &Request,
        reaction: Option<Reaction>,
    ) {
        let proves = matches!(request, Request::Auth { .. } | Request::Sasl { .. });
        let result = match (reaction, request) {
            (Some(Reaction::Error(code)), _) => Err(code),
            (_, Request::Auth { scheme, auth }) => self
                .authenticate(key, scheme, auth)
                .map(|()| Response::Empty),
            (_, Request::Sasl { token }) => {
                self.sasl_step(key, token.as_deref().unwrap_or_default())
            }
            _ => Ok(Response::Empty),
        };
        let zxid = match request {
            Request::Ping => self.zxid,
            _ => Zxid::NONE,
        };
        let (err, body) = match (result, request) {
            (Ok(body), _) => (0, body),
            (Err(code), Request::Sasl { .. }) => (code.raw(), Response::Token(None)),
            (Err(code), _) => (code.raw(), Response::Empty),
        };
        self.answer_at_once(now, key, ReplyHeader { xid, zxid, err }, &body, reaction);
        if proves && err != 0 {
            self.close(key);
        }
    }

    /// An operation the server does not have ends the connection.
    fn refuse(&mut self, key: ConnKey, xid: i32) {
        let zxid = Zxid::from_raw(-1);
        let err = ErrorCode::Unimplemented.raw();
        self.send_urgent(key, ReplyHeader { xid, zxid, err }, |_| ());
        self.close(key);
    }

    /// Takes effect for every request received later, even while earlier ones wait.
    fn authenticate(&mut self, key: ConnKey, scheme: &str, auth: &[u8]) -> Result<(), ErrorCode> {
        let Some(conn) = self.conns.get_mut(&key) else {
            return Ok(());
        };
        let address = conn.address;
        let super_digest = self.config.super_digest.as_deref();
        let identities = Arc::make_mut(&mut conn.identities);
        identities.authenticate(scheme, auth, address, super_digest)
    }

    /// Sends a reply that may overtake others: of pings and of everything about authentication.
    fn answer_at_once(
        &mut self,
        now: Moment,
        key: ConnKey,
        header: ReplyHeader,
        body: &Response,
        reaction: Option<Reaction>,
    ) {
        match reaction {
            Some(Reaction::CutAfterApply) => return self.cut(key),
            Some(Reaction::DelayReply(delay)) => {
                return self.send_at(key, now + delay, |out| {
                    header.encode(out);
                    body.encode(out);
                });
            }
            Some(Reaction::HoldReplies) => self.hold_output(key),
            _ => {}
        }
        self.send_urgent(key, header, |out| body.encode(out));
    }

    /// Answers a request that changes nothing in the tree.
    pub(super) fn read(
        &mut self,
        now: Moment,
        arrived: &Arrived,
        request: &Request,
    ) -> Result<Response, ErrorCode> {
        let (key, identities): (_, &Identities) = (arrived.conn, &arrived.ask.identities);
        let tree = &self.tree;
        let guarded = self.config.version.guards_existence();
        // Watches of a connection that is gone would never be removed.
        let listens = self
            .conns
            .get(&key)
            .is_some_and(|conn| conn.session().is_some());
        match request {
            Request::Exists { path, watch } => {
                let stat = reads::exists(tree, identities, path, guarded)?;
                if *watch && listens {
                    // Before the node is missed: that is what such a watch is for.
                    self.watches.watch_data(key, path);
                    self.witness_watch(now, key, path, WatcherKind::Data);
                }
                stat.map(Response::Stat).ok_or(ErrorCode::NoNode)
            }
            Request::GetData { path, watch } => {
                let (data, stat) = reads::data(tree, identities, path)?;
                if *watch && listens {
                    self.watches.watch_data(key, path);
                    self.witness_watch(now, key, path, WatcherKind::Data);
                }
                Ok(Response::Data { data, stat })
            }
            Request::GetChildren { path, watch } | Request::GetChildren2 { path, watch } => {
                let (children, stat) = reads::children(tree, identities, path)?;
                if *watch && listens {
                    self.watches.watch_children(key, path);
                    self.witness_watch(now, key, path, WatcherKind::Children);
                }
                Ok(match request {
                    Request::GetChildren { .. } => Response::Children(children),
                    _ => Response::Children2 { children, stat },
                })
            }
            Request::GetAcl { path } => {
                let guarded = self.config.version.guards_acls();
                let (acl, stat) = reads::acl(tree, identities, path, guarded)?;
                Ok(Response::Acl { acl, stat })
            }
            Request::Sync { path } => Ok(Response::Path(path.clone())),
            Request::MultiRead(ops) => Ok(Response::MultiRead(multi::read(tree, identities, ops))),
            Request::GetEphemerals { prefix } => Ok(Response::Ephemerals(reads::ephemerals(
                tree,
                arrived.ask.session,
                prefix,
            ))),
            Request::GetAllChildrenNumber { path } => {
                reads::descendants(tree, identities, path).map(Response::Count)
            }
            Request::WhoAmI => Ok(Response::WhoAmI(identities.client_infos())),
            Request::SetWatches(wanted) if listens => {
                let notices = self.watches.restore(key, &self.tree, wanted);
                if self.truth.is_some() {
                    self.witness_restored(now, key, wanted);
                }
                self.notify(now, notices, Zxid::from_raw(-1));
                Ok(Response::Empty)
            }
            Request::AddWatch { path, mode } if listens => {
                self.watches.add(key, path, *mode);
                let kind = match mode {
                    AddWatchMode::PersistentRecursive => WatcherKind::PersistentRecursive,
                    _ => WatcherKind::Persistent,
                };
                self.witness_watch(now, key, path, kind);
                Ok(Response::ErrorBody(0))
            }
            Request::SetWatches(_) | Request::AddWatch { .. } => Ok(Response::Empty),
            // Whoever walks up from a path needs a slash to walk to.
            Request::CheckWatches { path, .. }
                if self.config.version.walks_up_from_watches()
                    && !path.is_empty()
                    && !path.contains('/') =>
            {
                Err(ErrorCode::MarshallingError)
            }
            Request::CheckWatches { path, kind } => {
                watch_found(self.watches.contains(key, path, *kind))
            }
            Request::RemoveWatches { path, kind } => {
                let found = self.watches.remove(key, path, *kind);
                watch_found(found)
            }
            _ => Err(ErrorCode::Unimplemented),
        }
    }
}

/// A request of which nothing can be made.
struct Unread {
    error: RequestError,
    /// Whether it takes its place in the order of transactions all the same.
    spends_zxid: bool,
}

const fn watch_found(found: bool) -> Result<Response, ErrorCode> {
    if found {
        Ok(Response::Empty)
    } else {
        Err(ErrorCode::NoWatcher)
    }
}

/// What a request is about, for rules and the log.
fn paths_of(request: &Request) -> Vec<&str> {
    match request {
        Request::Multi(ops) => ops.iter().map(zk_wire::MultiOp::path).collect(),
        Request::MultiRead(ops) => ops.iter().map(zk_wire::ReadOp::path).collect(),
        Request::GetEphemerals { prefix } => vec![prefix],
        request => request.path().into_iter().collect(),
    }
}
