//! Frames, cut from the bytes that pass by.

use bytes::Bytes;
use zk_wire::{OpCode, ReadOp, Reader, Request};

/// One frame, or its rest, within a piece of bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Where it begins in the bytes.
    pub begin: usize,
    /// Where it ends in the bytes.
    pub end: usize,
    /// What it asks for, if it is a request.
    pub op: Option<OpCode>,
}

/// Finds the frames in a stream of bytes.
#[derive(Debug, Default)]
pub(super) struct Splitter {
    /// How much of a frame that has begun is to come.
    missing: usize,
}

impl Splitter {
    /// The frames that begin in these bytes. A length that is itself in pieces ends the search: nobody here writes so.
    pub(super) fn split(&mut self, bytes: &[u8], is_handshake: bool) -> Vec<Frame> {
        let mut frames = Vec::new();
        let mut begin = self.missing.min(bytes.len());
        self.missing -= begin;
        let mut handshake = is_handshake;
        while let Some(length) = bytes.get(begin..begin + 4) {
            let length = u32::from_be_bytes(length.try_into().unwrap_or_default());
            let end = begin + 4 + usize::try_from(length).unwrap_or(0);
            let payload = bytes
                .get(begin + 4..end.min(bytes.len()))
                .unwrap_or_default();
            let op = if handshake {
                Some(OpCode::CreateSession)
            } else {
                int(payload, 4).and_then(OpCode::from_raw)
            };
            frames.push(Frame {
                begin,
                end: end.min(bytes.len()),
                op,
            });
            handshake = false;
            self.missing = end.saturating_sub(bytes.len());
            begin = end.min(bytes.len());
        }
        frames
    }
}

impl Frame {
    /// The number of a request.
    #[must_use]
    pub fn xid_in(&self, bytes: &[u8]) -> Option<i32> {
        int(bytes.get(self.begin + 4..self.end)?, 0)
    }

    /// The nodes whose data a request asks for, alone or with others.
    #[must_use]
    pub fn reads_in(&self, bytes: &[u8]) -> Vec<String> {
        match self.op {
            Some(OpCode::GetData) => self.path_in(bytes).map(str::to_owned).into_iter().collect(),
            Some(OpCode::MultiRead) => {
                let payload = bytes.get(self.begin + 12..self.end).unwrap_or_default();
                let mut body = Reader::new(Bytes::copy_from_slice(payload));
                let request = Request::decode(OpCode::MultiRead.raw(), &mut body);
                let Ok(Request::MultiRead(reads)) = request else {
                    return Vec::new();
                };
                let paths = reads.into_iter().filter_map(|read| match read {
                    ReadOp::GetData { path } => Some(path),
                    _ => None,
                });
                paths.collect()
            }
            _ => Vec::new(),
        }
    }

    /// Reads the path of a request out of the bytes it lies in: the first string of its body, of a multi that of its
    /// first operation.
    #[must_use]
    pub fn path_in<'a>(&self, bytes: &'a [u8]) -> Option<&'a str> {
        let payload = bytes.get(self.begin + 4..self.end)?;
        let at = match self.op? {
            OpCode::CreateSession | OpCode::Ping | OpCode::Auth | OpCode::CloseSession => {
                return None;
            }
            OpCode::Multi | OpCode::MultiRead => 8 + 9,
            OpCode::SetWatches => return None,
            _ => 8,
        };
        let length = usize::try_from(int(payload, at)?).ok()?;
        std::str::from_utf8(payload.get(at + 4..at + 4 + length)?).ok()
    }
}

fn int(bytes: &[u8], at: usize) -> Option<i32> {
    let four = bytes.get(at..at + 4)?;
    Some(i32::from_be_bytes(four.try_into().ok()?))
}
