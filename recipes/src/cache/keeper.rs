//! Keeps a picture up to date.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use zk_client::{AddWatchMode, Client, Error, ErrorKind, SetEvent, WatchEvent, WatchSet, Zxid};

use super::asks::{Job, Mark};
use super::engine::{Engine, Watching};
use super::handle::Wanted;
use super::limits::Exceeded;
use super::picture::Picture;
use super::wire::{Back, Wire};
use crate::renewal::{crowded_out, renewed};

pub(super) struct Keeper {
    client: Client,
    engine: Engine,
    orders: watch::Receiver<Wanted>,
    shown: Shown,
    /// How often the staleness is proven anew, and when next.
    confirm: Option<(Duration, Instant)>,
    /// The watches of the session.
    set: WatchSet,
    wire: Wire,
    /// The watches are where they should be.
    connected: bool,
    /// Where the server was when reading began, or went on after a gap; `None` while that is asked.
    base: Option<Zxid>,
}

/// Whoever keeps the picture no longer says so.
struct Shown(watch::Sender<Picture>);

/// Why following came to an end.
enum Over {
    /// The watches are gone.
    Watches,
    Failed(Error),
}

impl Drop for Shown {
    fn drop(&mut self) {
        self.end(None);
    }
}

impl Shown {
    fn end(&self, error: Option<Error>) {
        self.0.send_modify(|picture| {
            picture.stale();
            picture.ended.get_or_insert(error);
        });
    }
}

impl Keeper {
    pub(super) fn new(
        client: Client,
        engine: Engine,
        orders: watch::Receiver<Wanted>,
        shown: watch::Sender<Picture>,
        confirm: Option<Duration>,
    ) -> Self {
        Self {
            set: client.watch_set(),
            client,
            engine,
            orders,
            shown: Shown(shown),
            confirm: confirm.map(|every| (every, Instant::now() + every)),
            wire: Wire::default(),
            connected: false,
            base: None,
        }
    }

    pub(super) async fn run(mut self) -> Result<(), Error> {
        let mut orders = self.orders.clone();
        // Closed by a word, or by there being nobody left who could say it.
        let closed = async move {
            let _ = orders.wait_for(|wanted| wanted.closing).await;
        };
        let ended = tokio::select! {
            biased;
            () = closed => Ok(()),
            error = self.keep() => Err(error),
        };
        self.shown.end(ended.as_ref().err().cloned());
        ended
    }

    /// Goes on in each next session, until there is none or an error that no retry mends.
    async fn keep(&mut self) -> Error {
        loop {
            let generation = self.client.generation();
            let over = self.follow().await;
            self.shown.0.send_modify(Picture::stale);
            let Over::Failed(error) = over else {
                continue;
            };
            if error.kind() == ErrorKind::ConnectionLost {
                continue;
            }
            let Err(error) = crowded_out(error).await else {
                continue;
            };
            if let Err(error) = renewed(&self.client, generation, error) {
                return self.client.explain(error).await;
            }
        }
    }

    /// Watches, reads all, and takes in what changes, for as long as the watches last.
    async fn follow(&mut self) -> Over {
        match self.start().await {
            Ok(()) => {}
            Err(error) => return Over::Failed(error),
        }
        loop {
            self.send();
            let over = tokio::select! {
                biased;
                event = self.set.next() => self.take_in(Some(event), Vec::new()).await,
                back = poll_fn(|cx| self.wire.poll(cx)) => match back {
                    Ok(back) => self.take_in(None, vec![back]).await,
                    Err(error) => Err(Over::Failed(error)),
                },
                changed = self.orders.changed() => match changed {
                    Ok(()) => self.ordered().await,
                    // Nobody reads it any more: whoever runs this sees to the end.
                    Err(_) => std::future::pending().await,
                },
                () = due(self.confirm) => {
                    self.confirm();
                    Ok(())
                }
            };
            if let Err(over) = over {
                return over;
            }
        }
    }

    /// Sets the watches and begins to read.
    async fn start(&mut self) -> Result<(), Error> {
        self.wire = Wire::default();
        self.engine.restart();
        self.set = self.client.watch_set();
        if self.engine.watching == Watching::Recursive {
            let mode = AddWatchMode::PersistentRecursive;
            let watch = self.client.watch(self.engine.scope.top(), mode);
            match watch.watch_in(&self.set).await {
                Ok(_) => {}
                // A server before 3.6.
                Err(error) if error.kind() == ErrorKind::Unimplemented => {
                    self.engine.watching = Watching::OneShot;
                }
                Err(error) => return Err(error),
            }
        }
        self.resume(true);
        let wanted = *self.orders.borrow_and_update();
        self.engine.mark(wanted.mark);
        Ok(())
    }

    /// Nothing is under way any more, and all is to be read as soon as there is a connection.
    fn forget(&mut self) {
        self.wire = Wire::default();
        self.engine.restart();
        self.engine.walk();
        let wanted = *self.orders.borrow();
        self.engine.mark(wanted.mark);
    }

    /// The watches are in place: finds out where the server is, and with `walks` reads all.
    fn resume(&mut self, walks: bool) {
        #[cfg(feature = "__seeded-bugs")]
        let walks = walks && !zk_client::seeded::is_on("not-read-again-after-a-gap");
        self.connected = true;
        self.base = None;
        let surely = self.confirm.is_some();
        self.wire
            .question(&self.client, self.engine.scope.top(), surely);
        if walks {
            self.engine.walk();
        }
    }

    fn confirm(&mut self) {
        if let Some((every, next)) = &mut self.confirm {
            *next = Instant::now() + *every;
            if self.connected {
                self.wire
                    .question(&self.client, self.engine.scope.top(), true);
            }
        }
    }

    /// Sends what is due, as much as may be under way; without a connection nothing, as it would be answered before what was
    /// asked earlier and lost.
    fn send(&mut self) {
        while self.connected && self.wire.len() < WINDOW {
            match self.engine.pop() {
                None => return,
                Some(Job::Mark(mark)) => self.wire.mark(mark),
                Some(Job::Ask(ask)) => {
                    let path = self.engine.scope.path(&ask.below);
                    let watching = self.engine.watching;
                    self.wire
                        .read(&self.client, &self.set, watching, &path, ask);
                }
            }
        }
    }

    /// Somebody waits for what the session has seen by now.
    async fn ordered(&mut self) -> Result<(), Over> {
        // What it has seen was told before.
        self.take_in(None, Vec::new()).await?;
        let wanted = *self.orders.borrow_and_update();
        self.engine.mark(wanted.mark);
        Ok(())
    }

    /// Takes in an event or answers, and what else is there. Events first: those that the server sent before an answer are
    /// there when the answer is.
    async fn take_in(&mut self, event: Option<SetEvent>, mut backs: Vec<Back>) -> Result<(), Over> {
        let mut failed = None;
        while !backs.is_empty() && backs.len() < BATCH {
            match now(|cx| self.wire.poll(cx)).await {
                Some(Ok(back)) => backs.push(back),
                Some(Err(error)) => {
                    failed = Some(error);
                    break;
                }
                None => break,
            }
        }
        let mut events = Vec::from_iter(event);
        while events.len() < BATCH || !backs.is_empty() {
            match now(|cx| pin!(self.set.next()).poll(cx)).await {
                Some(event) => events.push(event),
                None => break,
            }
        }
        let mut over = Ok(());
        let shown = self.shown.0.clone();
        shown.send_modify(|picture| over = self.apply(picture, events, backs));
        over?;
        match failed {
            Some(error) => Err(Over::Failed(error)),
            None => Ok(()),
        }
    }

    fn apply(
        &mut self,
        picture: &mut Picture,
        events: Vec<SetEvent>,
        mut backs: Vec<Back>,
    ) -> Result<(), Over> {
        for event in events {
            if matches!(event, SetEvent::Suspended) {
                // It is all asked again.
                backs.clear();
            }
            self.told(picture, event)?;
        }
        for back in backs {
            match back {
                Back::At(mark) => self.located(picture, mark),
                Back::Reached(mark) => self.engine.passed(mark),
                Back::Found(ask, found) => {
                    let mut changes = Vec::new();
                    let tree = &mut picture.tree;
                    let applied = self.engine.found(tree, &mut changes, &ask, found);
                    picture.tell(changes);
                    applied.map_err(|exceeded| Over::Failed(self.incomplete(picture, exceeded)))?;
                }
            }
        }
        picture.reach(self.engine.reached());
        let settled = self.connected && !self.engine.is_walking();
        if settled && self.base.is_some_and(|base| picture.as_of >= base) {
            picture.freshen();
        }
        Ok(())
    }

    /// A question was answered, or its answer lost.
    fn located(&mut self, picture: &mut Picture, mark: Option<Mark>) {
        self.base = mark.and_then(|mark| mark.as_of);
        if self.base.is_some_and(|base| base < picture.as_of) {
            // Another ensemble's numbers: this one was set up anew, or from a backup.
            picture.as_of = Zxid::NONE;
            picture.sure = None;
            self.engine.unsee();
        }
        self.engine.mark(mark.unwrap_or_default());
    }

    fn incomplete(&self, picture: &Picture, exceeded: Exceeded) -> Error {
        let (nodes, bytes) = (picture.tree.nodes(), picture.tree.bytes());
        let top = self.engine.scope.top();
        self.engine.limits.error(exceeded, top, nodes, bytes)
    }

    fn told(&mut self, picture: &mut Picture, event: SetEvent) -> Result<(), Over> {
        let recursive = self.engine.watching == Watching::Recursive;
        match event {
            SetEvent::Suspended => {
                self.connected = false;
                #[cfg(feature = "__seeded-bugs")]
                if zk_client::seeded::is_on("fresh-without-a-connection") {
                    return Ok(());
                }
                picture.stale();
                // Reads that are lost with the connection are sent again when they are waited for: each behind what was asked
                // after it, and so with an answer that is newer than those that follow.
                if recursive {
                    self.forget();
                } else if self.wire.is_reading() {
                    // Their watches are lost, too.
                    return Err(Over::Watches);
                }
            }
            SetEvent::Watch { event, .. } => match event {
                WatchEvent::Fired { kind, path, zxid } => {
                    let mut changes = Vec::new();
                    let tree = &mut picture.tree;
                    self.engine.told(tree, &mut changes, kind, &path, zxid);
                    picture.tell(changes);
                }
                WatchEvent::Gap => {
                    picture.stale();
                    if !recursive {
                        return Err(Over::Watches);
                    }
                    self.resume(true);
                }
                _ => return Err(Over::Watches),
            },
            // With one-shot watches all that was missed was told before this.
            SetEvent::Restored if !self.connected => self.resume(recursive),
            _ => {}
        }
        Ok(())
    }
}

/// What is there now.
async fn now<T>(mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>) -> Option<T> {
    poll_fn(|cx| {
        Poll::Ready(match poll(cx) {
            Poll::Ready(found) => Some(found),
            Poll::Pending => None,
        })
    })
    .await
}

async fn due(confirm: Option<(Duration, Instant)>) {
    match confirm {
        Some((_, next)) => tokio::time::sleep_until(next).await,
        None => std::future::pending().await,
    }
}

/// Reads under way at a time: enough to fill joined reads, and few enough for others to come in between.
const WINDOW: usize = 1024;

/// Answers that are taken in together, while readers wait.
const BATCH: usize = 256;
