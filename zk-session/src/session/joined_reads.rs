//! Reads that travel together.

use bytes::Bytes;
use zk_wire::frame::write_frame;
use zk_wire::{ErrorCode, Moment, OpCode, ReadPart, ReadResult, Request, Zxid};

use crate::event::Event;
use crate::outcome::{FailCause, Fate, Outcome};
use crate::requests::coalescer::{Kind, Traffic, Turn, reply_limit};
use crate::requests::in_flight::Slot;
use crate::requests::joined::{join, part};
use crate::requests::purpose::{JoinedRead, Purpose};
use crate::session::Session;
use crate::session::lifecycle::Break;

impl Session {
    /// Sends the next request, or the reads at the front of the queue together; false if what is queued has to wait.
    pub(crate) fn transmit_next(&mut self, now: Moment, buf: &mut Vec<u8>, pinged: bool) -> bool {
        let traffic = Traffic {
            read_is_next: self.next_is_joinable(),
            open_frames: self.in_flight.read_frames(),
            idle: self.in_flight.is_empty(),
            pressed: pinged || self.queue.has_others(),
        };
        match self.coalescer.turn(traffic) {
            Turn::Wait => return false,
            Turn::Alone => {
                if let Some(queued) = self.queue.pop() {
                    self.transmit_request(now, buf, queued);
                }
            }
            Turn::Together => match self.coalescer.batch(self.queue.joinable_front()) {
                1 if !self.coalescer.is_asking() => {
                    if let Some(queued) = self.queue.pop() {
                        self.transmit_request(now, buf, queued);
                    }
                }
                reads => self.transmit_reads(now, buf, reads),
            },
        }
        true
    }

    /// Whether everything that is queued waits for an answer to let it go, so that there is nothing to transmit.
    #[must_use]
    pub fn is_gathering(&self) -> bool {
        let open = self.in_flight.read_frames();
        let gathers = self.coalescer.gathers(open) && !self.queue.has_others();
        self.link.is_ready() && gathers && (self.queue.is_empty() || self.next_is_joinable())
    }

    fn next_is_joinable(&self) -> bool {
        let next = self.queue.joinable_front().next();
        next.is_some_and(|(_, kind)| self.coalescer.is_worth_joining(kind))
    }

    fn transmit_reads(&mut self, now: Moment, buf: &mut Vec<u8>, count: usize) {
        let mut reads = Vec::with_capacity(count);
        let mut ops = Vec::with_capacity(count);
        for _ in 0..count {
            if let Some(read) = self.queue.pop().and_then(join) {
                ops.push(read.op.clone());
                reads.push(read);
            }
        }
        let request = Request::MultiRead(ops);
        let xid = self.xids.take(|xid| self.in_flight.has_xid(xid));
        let before = buf.len();
        write_frame(buf, |out| request.encode(xid, out));
        self.stats.count_sent(OpCode::MultiRead);
        self.stats.joined_reads += reads.len() as u64;
        let purpose = Purpose::Reads(reads);
        self.frame_sent(OpCode::MultiRead, xid, buf.len() - before, Some(&purpose));
        self.in_flight.push(Slot {
            xid,
            op: OpCode::MultiRead,
            sent_at: now,
            purpose,
            watch: None,
            deadline: None,
            abandoned: false,
            read_frame: true,
            again: false,
            results: None,
        });
    }

    /// How large the next frame may be.
    pub(crate) fn frame_limit(&self) -> usize {
        let single = self.config.max_frame;
        match self.in_flight.front().map(|slot| &slot.purpose) {
            Some(Purpose::Reads(reads)) => reply_limit(single, reads.len()),
            _ => single,
        }
    }

    /// Hands each read its own answer.
    pub(crate) fn reads_answered(
        &mut self,
        now: Moment,
        reads: Vec<JoinedRead>,
        zxid: Zxid,
        error: Option<ErrorCode>,
        body: &Bytes,
    ) {
        if let Some(code) = error {
            self.coalescer.refused(code);
            return if ends_all(code) {
                for read in reads {
                    self.read_answered(read, zxid, Err(code));
                }
            } else {
                self.read_again(reads);
                if code == ErrorCode::Unimplemented {
                    // It hangs up, and what we sent until then would be lost.
                    self.give_up(now, Break::hang_up("does not know multiRead"));
                }
            };
        }
        let parts = ReadResult::split(body).unwrap_or_default();
        let fits = |(read, part): (&JoinedRead, &ReadPart)| match part {
            Ok((op, _)) => *op == read.op.op_code(),
            Err(code) => *code != 0,
        };
        if parts.len() != reads.len() || !reads.iter().zip(&parts).all(fits) {
            let broken = Break::protocol("the answer to a multiRead does not fit its reads");
            self.lose_reads(reads, &broken.cause);
            return self.give_up(now, broken);
        }
        self.coalescer.understood();
        for (read, part) in reads.into_iter().zip(parts) {
            match part {
                Err(code) => {
                    let code = ErrorCode::from_raw(code).unwrap_or(ErrorCode::SystemError);
                    self.read_answered(read, zxid, Err(code));
                }
                Ok((_, data)) => {
                    if let Some(kind) = Kind::of(&read.op) {
                        self.coalescer.learn(kind, data.len());
                    }
                    self.read_succeeded(read, zxid, data, body.len());
                }
            }
        }
    }

    fn read_succeeded(&mut self, read: JoinedRead, zxid: Zxid, data: Bytes, frame: usize) {
        let (len, max) = (data.len() + REPLY_HEADER, self.config.max_frame);
        if len > max {
            // As alone, though here without cost for the others.
            return self.read_failed(read, FailCause::FrameTooLarge { len, max });
        }
        // Whoever keeps a value must not keep all the others with it; small ones are copied by their readers.
        let is_kept_small = data.len() < KEPT || data.len().saturating_mul(4) >= frame;
        let data = if is_kept_small {
            data
        } else {
            Bytes::copy_from_slice(&data)
        };
        self.read_answered(read, zxid, Ok(data));
    }

    /// The reads on the wire will not be answered.
    pub(crate) fn lose_reads(&mut self, reads: Vec<JoinedRead>, cause: &FailCause) {
        // Too large together says nothing of each.
        if matches!(cause, FailCause::FrameTooLarge { .. }) {
            return self.read_again(reads);
        }
        for read in reads {
            self.read_failed(read, cause.clone());
        }
    }

    /// What failed together is asked again alone.
    fn read_again(&mut self, mut reads: Vec<JoinedRead>) {
        reads.retain(|read| !read.abandoned);
        self.queue.push_again(reads.into_iter().map(part).collect());
    }

    fn read_answered(&mut self, read: JoinedRead, zxid: Zxid, result: Result<Bytes, ErrorCode>) {
        self.read_done(read, Outcome::Reply { zxid, result });
    }

    fn read_failed(&mut self, read: JoinedRead, cause: FailCause) {
        let fate = Fate::Unknown;
        self.read_done(read, Outcome::Failed { cause, fate });
    }

    fn read_done(&mut self, read: JoinedRead, outcome: Outcome) {
        let JoinedRead { id, deadline, .. } = read;
        if let Some(deadline) = deadline {
            self.deadlines.remove(&(deadline, id));
        }
        if !read.abandoned {
            self.events.push_back(Event::Done { id, outcome });
        }
    }
}

/// Whether the error is about the session or the connection, so that asking again would be of no use.
const fn ends_all(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::SessionExpired | ErrorCode::AuthFailed | ErrorCode::SessionClosedRequireSaslAuth
    )
}

/// xid, zxid and error: what a read's own reply has besides its body.
const REPLY_HEADER: usize = 16;

/// Values below this are copied by whoever hands them out.
const KEPT: usize = 16 * 1024;
