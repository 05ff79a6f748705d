//! Their producers and consumers.

use std::time::{Duration, UNIX_EPOCH};

use zk_recipes::{Entry, QueueLayout};
use zk_tests::{Channel, Talk, bytes, word};

/// Which of their queues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Fifo,
    Priority,
    Delay,
    Id,
    Simple,
    Kazoo,
    KazooLocking,
}

impl Kind {
    /// As the orders say it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Fifo => "fifo",
            Self::Priority => "priority",
            Self::Delay => "delay",
            Self::Id => "id",
            Self::Simple => "simple",
            Self::Kazoo => "plain",
            Self::KazooLocking => "locking",
        }
    }

    pub(super) fn layout(self) -> QueueLayout {
        match self {
            Self::Fifo => QueueLayout::Fifo,
            Self::Priority => QueueLayout::Priority,
            Self::Delay => QueueLayout::Delay,
            Self::Id => QueueLayout::Id,
            Self::Simple => QueueLayout::Simple,
            Self::Kazoo => QueueLayout::Kazoo,
            Self::KazooLocking => QueueLayout::KazooLocking,
        }
    }

    /// Whether it is one of the four that are built alike.
    pub(super) fn is_curators(self) -> bool {
        matches!(self, Self::Fifo | Self::Priority | Self::Delay | Self::Id)
    }

    /// The priority, or the milliseconds of the due time, or the number of the id of the item that is put as this one.
    pub(super) fn rank(self, n: usize) -> usize {
        match self {
            Self::Delay => 1_000_000_000_000 + n * 7919 % 100,
            _ => n * 7919 % 100,
        }
    }

    /// Of ours, the item that is put as this one.
    pub(super) fn entry(self, text: &str, n: usize) -> Entry {
        let (entry, rank) = (Entry::new(text.to_owned()), self.rank(n));
        match self {
            Self::Fifo | Self::Simple => entry,
            Self::Priority | Self::Kazoo | Self::KazooLocking => {
                entry.priority(i32::try_from(rank).unwrap())
            }
            Self::Delay => entry.due_at(UNIX_EPOCH + Duration::from_millis(rank as u64)),
            Self::Id => entry.id(format!("r/{rank}")),
        }
    }

    /// The order that puts theirs.
    fn order(self, n: usize) -> String {
        let (item, rank) = (word(format!("j{n}").as_bytes()), self.rank(n));
        match self {
            Self::Fifo => format!("put q {item}"),
            Self::Priority => format!("put-priority q {item} {rank}"),
            Self::Delay => format!("put-delay q {item} {rank}"),
            Self::Id => format!("put-id q {item} j|{rank}"),
            Self::Simple => format!("offer q {item}"),
            Self::Kazoo | Self::KazooLocking => format!("put q {item} {rank}"),
        }
    }
}

/// A client of theirs that takes.
pub(super) struct Theirs {
    connect: String,
    kind: Kind,
    path: String,
    lock: String,
    channel: Channel,
}

/// A client of theirs that puts.
pub(super) struct Producer {
    kind: Kind,
    channel: Channel,
}

impl Producer {
    pub(super) async fn put(&mut self, n: usize) {
        self.channel.ask(&self.kind.order(n)).await;
    }

    /// Into a delay queue, due at this time in milliseconds since 1970.
    pub(super) async fn put_due(&mut self, text: &str, due: u64) {
        let item = word(text.as_bytes());
        self.channel.ask(&format!("put-delay q {item} {due}")).await;
    }
}

impl Theirs {
    /// Begins to take.
    pub(super) async fn start(connect: &str, kind: Kind, path: &str, locks: bool) -> Self {
        let mut theirs = Self::new(connect, kind, path, locks).await;
        theirs.begin().await;
        theirs
    }

    /// One that does not take yet.
    pub(super) async fn new(connect: &str, kind: Kind, path: &str, locks: bool) -> Self {
        let lock = if locks && kind.is_curators() {
            format!("{path}-locks")
        } else {
            "-".to_owned()
        };
        Self {
            connect: connect.to_owned(),
            kind,
            path: path.to_owned(),
            lock,
            channel: open(connect, kind).await,
        }
    }

    pub(super) async fn begin(&mut self) {
        let opening = self.opening("consumer");
        self.channel.ask(&opening).await;
    }

    fn opening(&self, role: &str) -> String {
        let (path, lock) = (&self.path, &self.lock);
        match self.kind {
            Kind::Simple => format!("simple q {path}"),
            Kind::Kazoo | Kind::KazooLocking => format!("start q {} {path}", self.kind.word()),
            _ => format!("start q {} {path} {lock} {role}", self.kind.word()),
        }
    }

    pub(super) async fn producer(&self) -> Producer {
        let mut channel = open(&self.connect, self.kind).await;
        channel.ask(&self.opening("producer")).await;
        let kind = self.kind;
        Producer { kind, channel }
    }

    /// What it took since the last time. Those that do not take by themselves take one now, if there is one.
    pub(super) async fn taken(&mut self) -> Vec<String> {
        let order = match self.kind {
            Kind::Simple => "poll q 1",
            Kind::Kazoo => "get q",
            Kind::KazooLocking => "lock q 0.01",
            _ => "took q 0",
        };
        let words = self.channel.ask(order).await;
        let items = words.split_whitespace().filter_map(bytes);
        let items: Vec<String> = items.map(|item| String::from_utf8(item).unwrap()).collect();
        if self.kind == Kind::KazooLocking && !items.is_empty() {
            assert_eq!(self.channel.ask("consume q").await, "true");
        }
        items
    }

    /// What Curator's consumer was given since the last time, and when, in milliseconds since 1970.
    pub(super) async fn taken_when(&mut self) -> Vec<(String, u64)> {
        let words = self.channel.ask("took-when q 0").await;
        let taken = words.split_whitespace().map(|taken| {
            let (item, at) = taken.split_once('@').unwrap();
            let item = String::from_utf8(bytes(item).unwrap()).unwrap();
            (item, at.parse().unwrap())
        });
        taken.collect()
    }

    /// Takes no more.
    pub(super) async fn stop(&mut self) {
        if self.kind.is_curators() {
            self.channel.ask("stop q").await;
        }
    }

    /// What it took before it was stopped and was not asked for.
    pub(super) async fn rest(&mut self) -> Vec<String> {
        if self.kind.is_curators() {
            self.taken().await
        } else {
            Vec::new()
        }
    }
}

async fn open(connect: &str, kind: Kind) -> Channel {
    let talk = match kind {
        Kind::Kazoo | Kind::KazooLocking => Talk::kazoo(),
        _ => Talk::curator(),
    };
    talk.open("queues", connect).await
}
