//! Reads that travel together.

use bytes::Bytes;
use zk_wire::frame::write_frame;
use zk_wire::{ErrorCode, Moment, OpCode, ReadOp, ReadPart, ReadResult, Request, Zxid};

use crate::event::Event;
use crate::outcome::{FailCause, Fate, Outcome};
use crate::requests::coalescer::{Kind, Traffic, Turn, reply_limit};
use crate::requests::in_flight::Slot;
use crate::requests::joined::join;
use crate::requests::purpose::{JoinedRead, JoinedReads, Purpose};
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
            Turn::Together => {
                let places = self.coalescer.batch(self.queue.joinable_front());
                if places.len() > 1 || self.coalescer.is_asking() {
                    self.transmit_reads(now, buf, &places);
                } else if let Some(queued) = self.queue.pop() {
                    self.transmit_request(now, buf, queued);
                }
            }
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

    /// Whether the next request is a read that gains by travelling with others: a small one, or one that others want,
    /// too.
    fn next_is_joinable(&self) -> bool {
        let mut front = self.queue.joinable_front();
        let Some((path, kind)) = front.next() else {
            return false;
        };
        self.coalescer.is_worth_joining(kind)
            || front.next() == Some((path, kind))
            || self.in_flight.is_read(path, kind)
    }

    fn transmit_reads(&mut self, now: Moment, buf: &mut Vec<u8>, places: &[usize]) {
        let joined = join(&mut self.queue, places);
        let request = Request::MultiRead(joined.ops.clone());
        let xid = self.xids.take(|xid| self.in_flight.has_xid(xid));
        let before = buf.len();
        write_frame(buf, |out| request.encode(xid, out));
        self.stats.count_sent(OpCode::MultiRead);
        self.stats.joined_reads += joined.reads.len() as u64;
        let purpose = Purpose::Reads(joined);
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
            large: None,
            again: false,
            results: None,
        });
    }

    /// How large the next frame may be.
    pub(crate) fn frame_limit(&self) -> usize {
        let single = self.config.max_frame;
        match self.in_flight.front().map(|slot| &slot.purpose) {
            Some(Purpose::Reads(joined)) => reply_limit(single, joined.ops.len()),
            _ => single,
        }
    }

    /// Hands each read its own answer.
    pub(crate) fn reads_answered(
        &mut self,
        now: Moment,
        joined: JoinedReads,
        zxid: Zxid,
        error: Option<ErrorCode>,
        body: &Bytes,
    ) {
        if let Some(code) = error {
            self.coalescer.refused(code);
            return if ends_all(code) {
                for read in joined.reads {
                    self.read_answered(read, zxid, Err(code));
                }
            } else {
                self.queue.push_again(joined.parts());
                if code == ErrorCode::Unimplemented {
                    // It hangs up, and what we sent until then would be lost.
                    self.give_up(now, Break::hang_up("does not know multiRead"));
                }
            };
        }
        let parts = ReadResult::split(body).unwrap_or_default();
        let fits = |(op, part): (&ReadOp, &ReadPart)| match part {
            Ok((answered, _)) => *answered == op.op_code(),
            Err(code) => *code != 0,
        };
        if parts.len() != joined.ops.len() || !joined.ops.iter().zip(&parts).all(fits) {
            let broken = Break::protocol("the answer to a multiRead does not fit its reads");
            self.lose_reads(joined, &broken.cause);
            return self.give_up(now, broken);
        }
        self.coalescer.understood();
        let results: Vec<_> = joined
            .ops
            .iter()
            .zip(parts)
            .map(|(op, part)| {
                let (_, data) = part
                    .map_err(|code| ErrorCode::from_raw(code).unwrap_or(ErrorCode::SystemError))?;
                if let Some(kind) = Kind::of(op) {
                    self.coalescer.learn(kind, data.len());
                }
                Ok(kept_alone(data, body.len()))
            })
            .collect();
        let max = self.config.max_frame;
        for read in joined.reads {
            match results.get(read.place) {
                // As alone, though here without cost for the others.
                Some(Ok(data)) if data.len() + REPLY_HEADER > max => {
                    let len = data.len() + REPLY_HEADER;
                    self.read_failed(read, FailCause::FrameTooLarge { len, max });
                }
                Some(result) => self.read_answered(read, zxid, result.clone()),
                None => self.read_answered(read, zxid, Err(ErrorCode::SystemError)),
            }
        }
    }

    /// The reads on the wire will not be answered.
    pub(crate) fn lose_reads(&mut self, joined: JoinedReads, cause: &FailCause) {
        // Too large together says nothing of each.
        if matches!(cause, FailCause::FrameTooLarge { .. }) {
            return self.queue.push_again(joined.parts());
        }
        for read in joined.reads {
            self.read_failed(read, cause.clone());
        }
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

/// One value of a frame, as its readers may keep it: whoever does must not keep all the others with it. Small ones are
/// copied by their readers.
fn kept_alone(data: Bytes, frame: usize) -> Bytes {
    let is_kept_small = data.len() < KEPT || data.len().saturating_mul(4) >= frame;
    if is_kept_small {
        data
    } else {
        Bytes::copy_from_slice(&data)
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
