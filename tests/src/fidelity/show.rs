//! What a server sent, in words in which two servers can be compared.

use std::collections::BTreeMap;

use bytes::Bytes;
use zk_wire::{
    ConnectResponse, Decode, ErrorCode, MultiResult, OpCode, ReadResult, Reader, ReplyHeader,
    Response, SessionId, Stat, WatcherEvent, Zxid,
};

/// What is masked: times are left out, and these are named.
#[derive(Debug, Default)]
pub(super) struct Masks {
    /// The transaction that the script began with.
    pub(super) begin: i64,
    sessions: BTreeMap<i64, String>,
}

impl Masks {
    pub(super) fn name(&mut self, session: SessionId, name: String) {
        self.sessions.insert(session.as_raw(), name);
    }

    /// Relative, except for those that are none.
    fn zxid(&self, zxid: Zxid) -> String {
        match zxid.as_raw() {
            none @ (0 | -1) => none.to_string(),
            raw => format!("{:+}", raw.wrapping_sub(self.begin)),
        }
    }

    fn session(&self, session: SessionId) -> String {
        let raw = session.as_raw();
        let named = self.sessions.get(&raw).cloned();
        // What containers and TTL nodes have instead of an owner is no session's id.
        named.unwrap_or_else(|| format!("{raw:#x}"))
    }

    fn stat(&self, stat: &Stat) -> String {
        format!(
            "stat(c{} m{} p{} v{} cv{} av{} owner {} length {} children {})",
            self.zxid(stat.czxid),
            self.zxid(stat.mzxid),
            self.zxid(stat.pzxid),
            stat.version,
            stat.cversion,
            stat.aversion,
            self.session(stat.ephemeral_owner),
            stat.data_length,
            stat.num_children,
        )
    }

    pub(super) fn event(&self, header: &ReplyHeader, body: &mut Reader) -> String {
        let zxid = self.zxid(header.zxid);
        match WatcherEvent::decode(body) {
            Ok(event) => format!(
                "event {} {:?} state {} zxid {zxid} err {}{}",
                event.event,
                event.path,
                event.state,
                header.err,
                rest(body)
            ),
            Err(error) => format!("event that cannot be decoded: {error}"),
        }
    }

    pub(super) fn reply(
        &self,
        op: Option<OpCode>,
        header: &ReplyHeader,
        body: &mut Reader,
    ) -> String {
        let code = code(header.err);
        let mut text = format!(
            "reply xid {} zxid {} {code}",
            header.xid,
            self.zxid(header.zxid)
        );
        let length = body.remaining();
        if length > 0 {
            text.push_str(&format!(" {length} bytes: "));
            match op
                .filter(|_| header.err == 0)
                .map(|op| Response::decode(op, body))
            {
                Some(Ok(response)) => text.push_str(&self.response(response)),
                Some(Err(error)) => text.push_str(&format!("cannot be decoded: {error}")),
                None => {}
            }
            text.push_str(&rest(body));
        }
        text
    }

    fn response(&self, response: Response) -> String {
        match response {
            Response::Created { path, stat } => format!("{path:?} {}", self.stat(&stat)),
            Response::Stat(stat) => self.stat(&stat),
            Response::Data { data, stat } => format!("{data:?} {}", self.stat(&stat)),
            Response::Acl { acl, stat } => format!("{acl:?} {}", self.stat(&stat)),
            // Servers promise no order of these.
            Response::Children(names) => sorted(names),
            Response::Ephemerals(paths) => sorted(paths),
            Response::Children2 { children, stat } => {
                format!("{} {}", sorted(children), self.stat(&stat))
            }
            Response::Multi(results) => {
                let results: Vec<String> = results.iter().map(|one| self.result(one)).collect();
                format!("[{}]", results.join(", "))
            }
            Response::MultiRead(results) => {
                let results: Vec<String> = results.into_iter().map(|one| self.read(one)).collect();
                format!("[{}]", results.join(", "))
            }
            other => format!("{other:?}"),
        }
    }

    fn result(&self, result: &MultiResult) -> String {
        match result {
            MultiResult::Created { path, stat } => {
                let stat = stat.as_ref().map(|stat| self.stat(stat));
                format!("created {path:?} {stat:?}")
            }
            MultiResult::Set(stat) => format!("set {}", self.stat(stat)),
            MultiResult::Failed(raw) => format!("failed {}", code(*raw)),
            other => format!("{other:?}"),
        }
    }

    fn read(&self, result: ReadResult) -> String {
        match result {
            ReadResult::Data { data, stat } => format!("{data:?} {}", self.stat(&stat)),
            ReadResult::Children(names) => sorted(names),
            ReadResult::Failed(raw) => format!("failed {}", code(raw)),
            other => format!("{other:?}"),
        }
    }

    pub(super) fn handshake(&self, response: &ConnectResponse) -> String {
        format!(
            "handshake protocol {} timeout {} session {} password of {} bytes, read-only {:?}",
            response.protocol_version,
            response.timeout_ms,
            self.session(response.session_id),
            response.password.len(),
            response.read_only,
        )
    }
}

fn code(raw: i32) -> String {
    ErrorCode::from_raw(raw).map_or_else(|| "ok".to_owned(), |code| format!("{code:?}"))
}

fn sorted(mut names: Vec<String>) -> String {
    names.sort();
    format!("{names:?}")
}

fn rest(body: &mut Reader) -> String {
    match body.remaining() {
        0 => String::new(),
        more => {
            let bytes: Bytes = body.clone().into_rest();
            format!(" and {more} bytes {bytes:?}")
        }
    }
}
