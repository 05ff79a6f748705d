//! A connection without a client: frames out, frames in, on a blocking socket.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use zk_wire::frame::write_frame;
use zk_wire::{
    ConnectRequest, ConnectResponse, Decode, Encode, ErrorCode, Reader, ReplyHeader, Request,
    Response, SessionId, Zxid,
};

use crate::outcome::Outcome;

/// Nothing here sends pings: longer than the pauses between two rounds.
const SESSION_TIMEOUT_MS: i32 = 40_000;

/// A server that takes longer than this hangs.
const PATIENCE: Duration = Duration::from_secs(20);

/// Bytes read at once.
const BUFFER: usize = 64 * 1024;

/// A connection with a session of its own.
pub(crate) struct RawConnection {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// What was read and not yet taken.
    start: usize,
    end: usize,
    xid: i32,
    sent: u64,
}

impl RawConnection {
    pub(crate) fn open(address: &str) -> Outcome<Self> {
        let stream =
            TcpStream::connect(address).map_err(|e| format!("cannot connect to {address}: {e}"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut connection = Self {
            stream,
            buffer: vec![0; BUFFER],
            start: 0,
            end: 0,
            xid: 0,
            sent: 0,
        };
        let request = ConnectRequest {
            protocol_version: 0,
            last_zxid_seen: Zxid::NONE,
            timeout_ms: SESSION_TIMEOUT_MS,
            session_id: SessionId::NONE,
            password: vec![0; 16].into(),
            read_only: Some(false),
        };
        let mut out = Vec::new();
        write_frame(&mut out, |out| request.encode(out));
        connection.stream.write_all(&out)?;
        let mut reader = Reader::new(connection.frame()?.to_vec().into());
        if ConnectResponse::decode(&mut reader)?.is_valid() {
            Ok(connection)
        } else {
            Err(format!("{address} refused a session").into())
        }
    }

    /// Requests sent so far.
    pub(crate) const fn sent(&self) -> u64 {
        self.sent
    }

    /// Appends a framed request with a fresh xid.
    pub(crate) fn encode(&mut self, request: &Request, out: &mut Vec<u8>) {
        self.xid = self.xid.wrapping_add(1).max(1);
        write_frame(out, |out| request.encode(self.xid, out));
    }

    /// Sends frames in one write.
    pub(crate) fn send(&mut self, frames: &[u8], count: usize) -> io::Result<()> {
        self.sent += count as u64;
        self.stream.write_all(frames)
    }

    /// Waits for one reply, which must be a success, and returns its body.
    pub(crate) fn reply(&mut self) -> Outcome<&[u8]> {
        let frame = self.frame()?;
        check(frame)?;
        frame
            .get(HEADER..)
            .ok_or_else(|| "a reply without a header".into())
    }

    /// Waits for at least one reply, takes all that came with it, and returns how many. All must be
    /// successes.
    pub(crate) fn replies(&mut self) -> Outcome<usize> {
        let mut count = 0;
        loop {
            while let Some(frame) = self.take() {
                check(self.buffer.get(frame).unwrap_or_default())?;
                count += 1;
            }
            if count > 0 {
                return Ok(count);
            }
            self.fill()?;
        }
    }

    /// One request and its answer.
    pub(crate) fn call(&mut self, request: &Request) -> Outcome<Result<Response, ErrorCode>> {
        let mut out = Vec::new();
        self.encode(request, &mut out);
        self.send(&out, 1)?;
        let mut reader = Reader::new(self.frame()?.to_vec().into());
        let header = ReplyHeader::decode(&mut reader)?;
        match ErrorCode::from_raw(header.err) {
            Some(code) => Ok(Err(code)),
            None => Ok(Ok(Response::decode(request.op_code(), &mut reader)?)),
        }
    }

    /// Waits for a whole frame.
    fn frame(&mut self) -> io::Result<&[u8]> {
        loop {
            if let Some(frame) = self.take() {
                return Ok(self.buffer.get(frame).unwrap_or_default());
            }
            self.fill()?;
        }
    }

    /// Takes a frame that is there already.
    fn take(&mut self) -> Option<std::ops::Range<usize>> {
        let unread = self.buffer.get(self.start..self.end)?;
        let len = u32::from_be_bytes(*unread.first_chunk()?) as usize;
        if unread.len() < 4 + len {
            return None;
        }
        let body = self.start + 4;
        self.start = body + len;
        Some(body..body + len)
    }

    /// Reads what is there, at least one byte.
    fn fill(&mut self) -> io::Result<()> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.end == self.buffer.len() {
            self.buffer.resize(2 * self.end, 0);
        }
        match self
            .stream
            .read(self.buffer.get_mut(self.end..).unwrap_or_default())?
        {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            read => {
                self.end += read;
                Ok(())
            }
        }
    }
}

/// xid, zxid, error.
const HEADER: usize = 4 + 8 + 4;

fn check(frame: &[u8]) -> Outcome<()> {
    match frame.get(HEADER - 4..HEADER) {
        Some([0, 0, 0, 0]) => Ok(()),
        Some(error) => Err(format!("a request failed with error {error:?}").into()),
        None => Err("a reply without a header".into()),
    }
}
