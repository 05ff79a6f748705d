//! An open connection: the stream, what was read from it and what waits to be written.

use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWrite};
use zk_session::ConnId;

use crate::driver::limits::READ_BUFFER;
use crate::transport::BoxStream;

pub(crate) struct Link {
    pub(crate) conn: ConnId,
    stream: BoxStream,
    pub(crate) input: BytesMut,
    /// The batch being written; refilled when it is empty.
    pub(crate) output: Vec<u8>,
    written: usize,
    /// The last write did not go through; the stream wakes us when it may.
    blocked: bool,
    /// The stream may keep some of what it took (an encrypted one does).
    unflushed: bool,
}

/// What reading brought.
#[derive(Default)]
pub(crate) struct Received {
    pub(crate) bytes: bool,
    /// Stopped because it was enough for one turn, not because nothing was there.
    pub(crate) more: bool,
}

impl Link {
    pub(crate) fn new(conn: ConnId, stream: BoxStream) -> Self {
        Self {
            conn,
            stream,
            input: BytesMut::new(),
            output: Vec::new(),
            written: 0,
            blocked: false,
            unflushed: false,
        }
    }

    /// Reads until nothing is there, or one buffer full.
    pub(crate) fn poll_read(&mut self, cx: &mut Context<'_>, got: &mut Received) -> io::Result<()> {
        let mut budget = READ_BUFFER;
        got.more = false;
        while budget > 0 {
            if self.input.capacity() - self.input.len() < READ_BUFFER / 16 {
                self.input.reserve(READ_BUFFER);
            }
            match pin!(self.stream.read_buf(&mut self.input)).poll(cx) {
                Poll::Pending => return Ok(()),
                Poll::Ready(Ok(0)) => {
                    return Err(io::Error::new(
                        io::ErrorKind::UnexpectedEof,
                        "the server closed the connection",
                    ));
                }
                Poll::Ready(Ok(read)) => {
                    got.bytes = true;
                    budget = budget.saturating_sub(read);
                }
                Poll::Ready(Err(error)) => return Err(error),
            }
        }
        got.more = true;
        Ok(())
    }

    /// Writes as much of the batch as the stream takes.
    pub(crate) fn poll_write(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        self.blocked = false;
        while let Some(rest) = self
            .output
            .get(self.written..)
            .filter(|rest| !rest.is_empty())
        {
            match Pin::new(&mut self.stream).poll_write(cx, rest) {
                Poll::Pending => {
                    self.blocked = true;
                    return Ok(());
                }
                Poll::Ready(Ok(0)) => return Err(io::ErrorKind::WriteZero.into()),
                Poll::Ready(Ok(written)) => {
                    self.written += written;
                    self.unflushed = true;
                }
                Poll::Ready(Err(error)) => return Err(error),
            }
        }
        self.output.clear();
        self.written = 0;
        if self.unflushed {
            // If it does not go through now, the stream wakes us.
            if let Poll::Ready(flushed) = Pin::new(&mut self.stream).poll_flush(cx) {
                flushed?;
                self.unflushed = false;
            }
        }
        Ok(())
    }

    /// True if a batch waits that the stream may take now.
    pub(crate) fn can_write(&self) -> bool {
        !self.output.is_empty() && !self.blocked
    }

    /// Writes what the stream takes without waiting, as a last act.
    pub(crate) fn flush_now(&mut self) {
        let _ = self.poll_write(&mut Context::from_waker(Waker::noop()));
    }
}
