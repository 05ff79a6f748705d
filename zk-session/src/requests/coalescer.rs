//! When reads are joined, and how many: what is known of the server, and how large replies have been.

use std::collections::BTreeMap;

use zk_wire::{ErrorCode, ReadOp};

use crate::config::Coalescing;

/// Read frames on the wire that may go unanswered before further reads gather.
pub(crate) const OPEN_FRAMES: usize = 4;

/// Reads in one multiRead.
const MAX_READS: usize = 128;

/// Callers that one multiRead serves: those who ask for the same share a read.
const MAX_CALLERS: usize = 1024;

/// Bytes of one multiRead.
const MAX_REQUEST: usize = 256 * 1024;

/// Bytes of the reply that a multiRead is expected to have: servers do not bound it, and it must not stall what
/// comes behind it.
const EXPECTED_REPLY: usize = 256 * 1024;

/// Different reads with larger replies are not joined: their cost is in their bytes, and fewer of them under way would be
/// slower (measured: 100 kB values in groups of three at half the rate of single reads).
const WORTH_JOINING: usize = 32 * 1024;

/// What the reply to a multiRead may have beyond the limit of a single reply.
const EXTRA_REPLY: usize = 16 * 1024 * 1024;

/// MultiHeader, length, watch flag.
const PER_READ: usize = 9 + 4 + 1;

/// Whether the server at hand knows multiRead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Knowledge {
    Unknown,
    /// It is to be asked as soon as nothing is in flight: a server that does not know it closes the connection.
    Wanted,
    /// It was asked, and nothing else is sent until it has answered.
    Asked,
    Yes,
    No,
}

/// What to do with the reads at the front of the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Nothing leaves now.
    Wait,
    /// The next request leaves as it is.
    Alone,
    /// The reads at the front leave together.
    Together,
}

/// What the decision depends on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Traffic {
    /// The next request is a read that can be joined.
    pub(crate) read_is_next: bool,
    /// Frames of reads on the wire.
    pub(crate) open_frames: usize,
    /// Nothing at all is on the wire.
    pub(crate) idle: bool,
    /// Something waits behind the reads that must not wait for them.
    pub(crate) pressed: bool,
}

/// Decides when reads are joined.
#[derive(Debug)]
pub(crate) struct Coalescer {
    mode: Coalescing,
    knowledge: Knowledge,
    /// A server of this session refused; another connection would not teach us better, and cost another one.
    refused: bool,
    data: RecentSize,
    children: RecentSize,
}

/// The size of recent replies, in bytes.
#[derive(Clone, Copy, Debug, Default)]
struct RecentSize(Option<usize>);

impl Coalescer {
    pub(crate) const fn new(mode: Coalescing) -> Self {
        let mut coalescer = Self {
            mode,
            knowledge: Knowledge::No,
            refused: false,
            data: RecentSize(None),
            children: RecentSize(None),
        };
        coalescer.start_over();
        coalescer
    }

    /// Whether reads may be joined at all.
    pub(crate) const fn is_on(&self) -> bool {
        !matches!(self.mode, Coalescing::Off)
    }

    /// Another connection, perhaps to a server of another release.
    pub(crate) const fn start_over(&mut self) {
        self.knowledge = match self.mode {
            Coalescing::Off => Knowledge::No,
            Coalescing::Probe if self.refused => Knowledge::No,
            Coalescing::Probe => Knowledge::Unknown,
            Coalescing::Known => Knowledge::Yes,
        };
    }

    /// What happens to the next request.
    pub(crate) fn turn(&mut self, traffic: Traffic) -> Turn {
        let Traffic {
            read_is_next,
            open_frames,
            idle,
            pressed,
        } = traffic;
        match self.knowledge {
            Knowledge::Asked => Turn::Wait,
            Knowledge::Wanted if !read_is_next => {
                // The reads were given up; whoever comes next asks.
                self.knowledge = Knowledge::Unknown;
                Turn::Alone
            }
            Knowledge::Wanted if idle => {
                self.knowledge = Knowledge::Asked;
                Turn::Together
            }
            Knowledge::Wanted => Turn::Wait,
            _ if !read_is_next => Turn::Alone,
            Knowledge::Unknown if open_frames >= OPEN_FRAMES => {
                self.knowledge = Knowledge::Wanted;
                Turn::Wait
            }
            Knowledge::Unknown | Knowledge::No => Turn::Alone,
            Knowledge::Yes if open_frames >= OPEN_FRAMES && !pressed => Turn::Wait,
            Knowledge::Yes => Turn::Together,
        }
    }

    /// Whether such reads have had replies small enough that different ones gain by travelling together.
    pub(crate) fn is_worth_joining(&self, kind: Kind) -> bool {
        self.expected(kind).is_none_or(|len| len <= WORTH_JOINING)
    }

    /// Whether further reads gather, and wait for an answer to let them go.
    pub(crate) fn gathers(&self, open_frames: usize) -> bool {
        self.knowledge == Knowledge::Yes && open_frames >= OPEN_FRAMES
    }

    /// Whether the next multiRead asks the server if it knows it.
    pub(crate) fn is_asking(&self) -> bool {
        self.knowledge == Knowledge::Asked
    }

    /// Which of these reads make up the next multiRead: for each of the callers at the front, at least one, the place
    /// of what it asks for.
    pub(crate) fn batch<'a>(&self, callers: impl Iterator<Item = (&'a str, Kind)>) -> Vec<usize> {
        let (mut reads, mut request, mut reply) = (0, 0, 0_usize);
        let mut places = Vec::new();
        let mut known = BTreeMap::new();
        let mut latest = None;
        for (path, kind) in callers.take(MAX_CALLERS) {
            let asked = match latest {
                Some((same, place)) if same == (path, kind) => Some(place),
                _ => known.get(&(path, kind)).copied(),
            };
            if let Some(place) = asked {
                latest = Some(((path, kind), place));
                places.push(place);
                continue;
            }
            request += PER_READ + path.len();
            let expected = self.expected(kind);
            // Without experience no more than certainly fit: as many as the limit of the reply allows for.
            let most = if expected.is_some() {
                MAX_READS
            } else {
                OPEN_FRAMES
            };
            if reads > 0 && !self.is_worth_joining(kind) {
                break;
            }
            if reads > 0 && (request > MAX_REQUEST || reply >= EXPECTED_REPLY || reads >= most) {
                break;
            }
            latest = Some(((path, kind), reads));
            known.insert((path, kind), reads);
            places.push(reads);
            reads += 1;
            reply = reply.saturating_add(expected.unwrap_or(0));
        }
        places
    }

    /// A read was answered with so many bytes.
    pub(crate) fn learn(&mut self, kind: Kind, len: usize) {
        match kind {
            Kind::Data => self.data.learn(len),
            Kind::Children => self.children.learn(len),
        }
    }

    /// The server answered a multiRead with results.
    pub(crate) const fn understood(&mut self) {
        self.knowledge = Knowledge::Yes;
    }

    /// The server refused a multiRead as a whole.
    pub(crate) fn refused(&mut self, code: ErrorCode) {
        match code {
            ErrorCode::Unimplemented => {
                self.refused = true;
                self.knowledge = Knowledge::No;
            }
            _ if self.knowledge == Knowledge::Asked => self.knowledge = Knowledge::Unknown,
            _ => {}
        }
    }

    const fn expected(&self, kind: Kind) -> Option<usize> {
        match kind {
            Kind::Data => self.data.0,
            Kind::Children => self.children.0,
        }
    }
}

impl RecentSize {
    /// An eighth of the way to the new one, and at once to a larger one: a frame beyond the limit costs the
    /// connection.
    fn learn(&mut self, len: usize) {
        self.0 = Some(match self.0 {
            Some(recent) if recent > len => recent - (recent - len).div_ceil(8),
            _ => len,
        });
    }
}

/// The kinds of reads that can be joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Data,
    Children,
}

impl Kind {
    pub(crate) const fn of(read: &ReadOp) -> Option<Self> {
        match read {
            ReadOp::GetData { .. } => Some(Self::Data),
            ReadOp::GetChildren { .. } => Some(Self::Children),
            _ => None,
        }
    }
}

/// The largest frame that is accepted in answer to so many joined reads, where a single one is bounded by `single`.
pub(crate) fn reply_limit(single: usize, reads: usize) -> usize {
    single
        .saturating_mul(reads)
        .min(single.saturating_add(EXTRA_REPLY))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many different paths of this length.
    fn paths(reads: usize, len: usize) -> impl Iterator<Item = (&'static str, Kind)> {
        (0..reads).map(move |number| {
            let mut path = format!("{number:05}");
            path.extend(std::iter::repeat_n('x', len.saturating_sub(path.len())));
            (&*path.leak(), Kind::Data)
        })
    }

    fn traffic(open_frames: usize, pressed: bool) -> Traffic {
        Traffic {
            read_is_next: true,
            open_frames,
            idle: open_frames == 0,
            pressed,
        }
    }

    #[test]
    fn reads_gather_while_four_frames_are_open_and_nothing_presses() {
        let mut coalescer = Coalescer::new(Coalescing::Known);
        for open in 0..OPEN_FRAMES {
            assert_eq!(coalescer.turn(traffic(open, false)), Turn::Together);
        }
        assert_eq!(coalescer.turn(traffic(OPEN_FRAMES, false)), Turn::Wait);
        assert_eq!(coalescer.turn(traffic(OPEN_FRAMES, true)), Turn::Together);
        let other = Traffic {
            read_is_next: false,
            ..traffic(OPEN_FRAMES, true)
        };
        assert_eq!(coalescer.turn(other), Turn::Alone);
    }

    #[test]
    fn a_server_is_asked_once_per_connection_with_nothing_in_flight() {
        let mut coalescer = Coalescer::new(Coalescing::Probe);
        assert_eq!(coalescer.turn(traffic(3, false)), Turn::Alone);
        assert_eq!(coalescer.turn(traffic(4, false)), Turn::Wait);
        assert_eq!(coalescer.turn(traffic(1, false)), Turn::Wait, "one to go");
        assert_eq!(coalescer.turn(traffic(0, false)), Turn::Together);
        assert_eq!(coalescer.turn(traffic(1, true)), Turn::Wait, "asked");
        coalescer.understood();
        assert_eq!(coalescer.turn(traffic(1, false)), Turn::Together);
        coalescer.start_over();
        assert_eq!(coalescer.turn(traffic(3, false)), Turn::Alone, "forgotten");
    }

    #[test]
    fn a_refusal_lasts_for_the_session() {
        let mut coalescer = Coalescer::new(Coalescing::Probe);
        coalescer.refused(ErrorCode::Unimplemented);
        coalescer.start_over();
        assert_eq!(coalescer.turn(traffic(100, false)), Turn::Alone);
    }

    #[test]
    fn a_batch_is_bounded_by_reads_request_and_expected_reply() {
        let mut coalescer = Coalescer::new(Coalescing::Known);
        assert_eq!(
            coalescer.batch(paths(500, 5)).len(),
            OPEN_FRAMES,
            "no experience"
        );
        coalescer.learn(Kind::Data, 100);
        assert_eq!(coalescer.batch(paths(500, 5)).len(), MAX_READS);
        assert_eq!(coalescer.batch(paths(7, 5)).len(), 7);
        assert_eq!(
            coalescer.batch(paths(100, 100_000)).len(),
            2,
            "256 KiB of request"
        );
        assert_eq!(
            coalescer.batch(paths(100, 1_000_000)).len(),
            1,
            "alone it may be larger"
        );
        coalescer.learn(Kind::Data, 30_000);
        assert_eq!(coalescer.batch(paths(500, 5)).len(), 9, "256 KiB of reply");
        coalescer.learn(Kind::Data, 100_000);
        assert_eq!(coalescer.batch(paths(500, 5)).len(), 1, "not worth it");
        let lists = paths(500, 5).map(|(path, _)| (path, Kind::Children));
        assert_eq!(
            coalescer.batch(lists).len(),
            OPEN_FRAMES,
            "lists are other replies"
        );
    }

    #[test]
    fn the_same_is_asked_for_once_and_counts_once() {
        let mut coalescer = Coalescer::new(Coalescing::Known);
        let data = |path| (path, Kind::Data);
        let mixed = [
            data("/a"),
            data("/b"),
            ("/a", Kind::Children),
            data("/a"),
            data("/b"),
        ];
        assert_eq!(coalescer.batch(mixed.into_iter()), [0, 1, 2, 0, 1]);
        coalescer.learn(Kind::Data, 1_000_000);
        let hot = [data("/a"), data("/a"), data("/b"), data("/a")];
        assert_eq!(
            coalescer.batch(hot.into_iter()),
            [0, 0],
            "/b is not worth it"
        );
        let many = (0..3000).map(|_| data("/a"));
        assert_eq!(coalescer.batch(many).len(), MAX_CALLERS);
    }

    #[test]
    fn large_replies_are_remembered_at_once_and_forgotten_slowly() {
        let mut coalescer = Coalescer::new(Coalescing::Known);
        coalescer.learn(Kind::Data, 1_000_000);
        assert_eq!(coalescer.batch(paths(500, 5)).len(), 1);
        let mut answers = 0;
        while coalescer.batch(paths(500, 5)).len() < MAX_READS {
            coalescer.learn(Kind::Data, 0);
            answers += 1;
        }
        assert!((20..60).contains(&answers), "{answers}");
    }

    #[test]
    fn the_limit_of_a_reply_grows_with_the_reads_up_to_16_mib() {
        let mib = 1 << 20;
        assert_eq!(reply_limit(4 * mib, 2), 8 * mib);
        assert_eq!(reply_limit(4 * mib, 100), 20 * mib);
        assert_eq!(reply_limit(1000, 100), 100_000);
        assert_eq!(reply_limit(usize::MAX, 3), usize::MAX);
    }
}
