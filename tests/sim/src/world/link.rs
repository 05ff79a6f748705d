//! One connection, as the wire sees it.

use std::task::Waker;

use bytes::BytesMut;
use zk_embedded::ConnKey;
use zk_wire::Moment;

use super::frames::Splitter;
use super::seen::Replies;
use crate::schedule::Direction;

/// Names a connection; never used twice in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub(crate) u64);

/// Something on its way.
#[derive(Clone, Debug)]
pub(super) enum Delivery {
    ToServer(Vec<u8>),
    /// As `ToServer`, and the connection ends with it, before any answer.
    LastToServer(Vec<u8>),
    ToClient(Vec<u8>),
    EndToServer,
    EndToClient,
}

impl Delivery {
    /// How many bytes it is.
    pub(super) fn len(&self) -> u64 {
        match self {
            Self::ToServer(bytes) | Self::LastToServer(bytes) | Self::ToClient(bytes) => {
                bytes.len() as u64
            }
            Self::EndToServer | Self::EndToClient => 0,
        }
    }
}

#[derive(Debug)]
pub(super) struct Link {
    pub(super) process: usize,
    pub(super) server: usize,
    pub(super) key: ConnKey,
    pub(super) up: Lane,
    pub(super) down: Lane,
    /// Arrived and not read.
    pub(super) inbox: BytesMut,
    pub(super) reader: Option<Waker>,
    pub(super) replies: Replies,
    /// The end has arrived at the client.
    pub(super) ended: bool,
    pub(super) client_gone: bool,
    pub(super) server_gone: bool,
    /// Cut: what is written from now on goes nowhere.
    pub(super) broken: bool,
    /// Not even a hang-up gets through.
    pub(super) deaf: bool,
}

/// One direction.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) frames: Splitter,
    /// The next frame is the first.
    pub(super) first: bool,
    /// When the last thing sent arrives.
    pub(super) newest: Moment,
    /// What is sent is lost.
    pub(super) lost: bool,
}

impl Lane {
    fn new() -> Self {
        Self {
            frames: Splitter::default(),
            first: true,
            newest: Moment::ZERO,
            lost: false,
        }
    }
}

impl Link {
    pub(super) fn new(process: usize, server: usize, key: ConnKey) -> Self {
        Self {
            process,
            server,
            key,
            up: Lane::new(),
            down: Lane::new(),
            inbox: BytesMut::new(),
            reader: None,
            replies: Replies::default(),
            ended: false,
            client_gone: false,
            server_gone: false,
            broken: false,
            deaf: false,
        }
    }

    /// Whether the client may still write. A client does not notice that a connection is broken before the end arrives,
    /// but what it writes is lost.
    pub(super) fn is_open(&self) -> bool {
        !self.client_gone && !self.ended
    }

    pub(super) fn lane_mut(&mut self, way: Direction) -> &mut Lane {
        match way {
            Direction::ToServer => &mut self.up,
            Direction::ToClient => &mut self.down,
        }
    }
}
