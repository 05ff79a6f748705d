//! Reads on their way.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use zk_client::{Client, Error, ErrorKind, Moment, Node, Pending, Stat, WatchSet, WatchTag, Zxid};

use super::asks::{Ask, Mark, What};
use super::engine::{Found, Watching};
use super::node::CachedNode;

/// What was sent, in its order, which is that of the answers.
#[derive(Default)]
pub(super) struct Wire {
    under_way: VecDeque<Flight>,
}

struct Flight {
    sent: Sent,
    answer: Answer,
}

/// What was sent.
#[derive(Debug, Clone)]
pub(super) enum Sent {
    Read(Ask),
    /// Nothing: it is reached when all before it is answered.
    Mark(Mark),
    /// A question up to where the server is; and when, if its answer proves that nobody is further.
    Question(Option<Moment>),
}

enum Answer {
    Node(Pending<Node>),
    NodeWatched(Pending<(Node, WatchTag)>),
    Children(Pending<Vec<String>>),
    ChildrenWatched(Pending<(Vec<String>, WatchTag)>),
    Coming(Pending<(Option<Stat>, WatchTag)>),
    Zxid(Pending<Zxid>),
    Reached,
}

/// What came back.
#[derive(Debug)]
pub(super) enum Back {
    Found(Ask, Found),
    Reached(Mark),
    /// The answer to a question, or nothing if it was lost.
    At(Option<Mark>),
}

impl Wire {
    pub(super) fn len(&self) -> usize {
        self.under_way.len()
    }

    /// Whether a read is under way.
    pub(super) fn is_reading(&self) -> bool {
        let mut flights = self.under_way.iter();
        flights.any(|flight| matches!(flight.sent, Sent::Read(_)))
    }

    /// Asks up to where the server is; `surely`: by a commit.
    pub(super) fn question(&mut self, client: &Client, top: &str, surely: bool) {
        let (sent, answer) = match surely {
            true => (Some(client.now()), client.barrier().submit()),
            false => (None, client.sync(top).submit()),
        };
        self.push(Sent::Question(sent), Answer::Zxid(answer));
    }

    pub(super) fn mark(&mut self, mark: Mark) {
        self.push(Sent::Mark(mark), Answer::Reached);
    }

    /// Sends a read of the node at `path`.
    pub(super) fn read(
        &mut self,
        client: &Client,
        set: &WatchSet,
        watching: Watching,
        path: &str,
        ask: Ask,
    ) {
        let answer = match (ask.what, watching) {
            (What::Node, Watching::Recursive) => Answer::Node(client.get(path).submit()),
            (What::Node, Watching::OneShot) => Answer::NodeWatched(client.get_in(path, set)),
            (What::Children, Watching::Recursive) => {
                Answer::Children(client.children(path).submit())
            }
            (What::Children, Watching::OneShot) => {
                Answer::ChildrenWatched(client.children(path).watch_in(set))
            }
            (What::Coming, _) => Answer::Coming(client.exists(path).watch_in(set)),
        };
        self.push(Sent::Read(ask), answer);
    }

    fn push(&mut self, sent: Sent, answer: Answer) {
        self.under_way.push_back(Flight { sent, answer });
    }

    /// The next answer, in the order in which was asked. Pending also when nothing is under way.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Back, Error>> {
        let Some(flight) = self.under_way.front_mut() else {
            return Poll::Pending;
        };
        let Poll::Ready(found) = flight.answer.poll(cx) else {
            return Poll::Pending;
        };
        let Some(Flight { sent, .. }) = self.under_way.pop_front() else {
            return Poll::Pending;
        };
        Poll::Ready(match (sent, found) {
            (Sent::Mark(mark), _) => Ok(Back::Reached(mark)),
            (Sent::Read(ask), Ok(Came::Found(found))) => Ok(Back::Found(ask, found)),
            (Sent::Read(ask), Err(error)) if error.kind() == ErrorKind::NoNode => {
                Ok(Back::Found(ask, Found::Nothing))
            }
            (Sent::Question(sure), Ok(Came::At(zxid))) => {
                let as_of = Some(zxid);
                Ok(Back::At(Some(Mark { as_of, sure })))
            }
            // The connection broke, and what follows from that asks again.
            (Sent::Question(_), Err(error)) if error.kind() == ErrorKind::ConnectionLost => {
                Ok(Back::At(None))
            }
            (_, Err(error)) => Err(error),
            (sent, Ok(_)) => {
                let text = format!("{sent:?} was answered as another request");
                Err(Error::new(ErrorKind::Bug, text))
            }
        })
    }
}

/// What an answer says.
enum Came {
    Found(Found),
    At(Zxid),
    Nothing,
}

impl Answer {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Came, Error>> {
        fn on<T>(
            pending: &mut Pending<T>,
            cx: &mut Context<'_>,
            came: impl FnOnce(T) -> Came,
        ) -> Poll<Result<Came, Error>>
        where
            Pending<T>: Future<Output = Result<T, Error>> + Unpin,
        {
            Pin::new(pending).poll(cx).map(|found| found.map(came))
        }
        let node = |node| Came::Found(Found::Node(CachedNode::new(node)));
        let children = |names| Came::Found(Found::Children(names));
        match self {
            Self::Node(pending) => on(pending, cx, node),
            Self::NodeWatched(pending) => on(pending, cx, |(found, _)| node(found)),
            Self::Children(pending) => on(pending, cx, children),
            Self::ChildrenWatched(pending) => on(pending, cx, |(found, _)| children(found)),
            Self::Coming(pending) => on(pending, cx, |(stat, _)| {
                Came::Found(Found::Coming(stat.is_some()))
            }),
            Self::Zxid(pending) => on(pending, cx, Came::At),
            Self::Reached => Poll::Ready(Ok(Came::Nothing)),
        }
    }
}
