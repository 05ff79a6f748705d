//! Shared values and counts, and their streams.

use std::time::Duration;

use async_trait::async_trait;
use tokio::time::timeout;
use zk_checkers::{Function, History, Op, Outcome};
use zk_client::Error;
use zk_recipes::{
    Bytes, Changes, CompareAndSet, CountChanges, SharedCount, SharedValue, Versioned,
};

use crate::paths::node;
use crate::schedule::{Call, Phase};
use crate::workload::Application;
use crate::workload::calls::{Ask, refused, wish, writes};
use crate::workload::family::Family;

/// The workload of shared values and counts: a handle and a stream per directory.
#[derive(Default)]
pub(in crate::workload) struct SharedValues {
    values: Vec<Handle<SharedValue>>,
    counts: Vec<Handle<SharedCount>>,
}

/// One after the other.
async fn all(ends: impl Iterator<Item = impl Future<Output = ()>>) {
    for end in ends {
        end.await;
    }
}

/// A handle, its stream with a name, and what was read last.
struct Handle<S: Shared> {
    shared: S,
    path: String,
    stream: (String, S::Stream),
    last: Option<Versioned<S::Kept>>,
}

/// A value of some kind that is shared.
#[async_trait]
trait Shared: Send + Sync + Sized {
    type Kept: Send + Sync + Clone;
    type Stream: Stream<Self::Kept>;

    fn open(app: &Application, path: &str) -> Result<Self, Error>;
    /// What it is while nobody has written.
    fn seed() -> Self::Kept;
    /// What nobody else writes.
    fn fresh(app: &mut Application) -> Self::Kept;
    fn bytes(kept: &Self::Kept) -> Vec<u8>;
    fn stream(&self) -> Self::Stream;
    async fn get(&self) -> Result<Versioned<Self::Kept>, Error>;
    async fn set(&self, kept: Self::Kept) -> Result<(), Error>;
    async fn try_set(
        &self,
        last: &Versioned<Self::Kept>,
        kept: Self::Kept,
    ) -> Result<CompareAndSet<Versioned<Self::Kept>>, Error>;
}

#[async_trait]
trait Stream<K>: Send + Sync {
    async fn next(&mut self) -> Result<Versioned<K>, Error>;
}

#[async_trait]
impl Family for SharedValues {
    async fn work(&mut self, app: &mut Application) {
        let Ok(()) = self.open(app) else { return };
        let at = app.pick_node();
        if let Some(handle) = self.values.get_mut(at) {
            handle.work(app).await;
        } else if let Some(handle) = self.counts.get_mut(at - self.values.len()) {
            handle.work(app).await;
        }
    }

    async fn last_wishes(&mut self, app: &mut Application) -> Result<(), String> {
        self.open(app)?;
        for handle in &mut self.values {
            wish("a set", handle.last_set(app).await)?;
        }
        for handle in &mut self.counts {
            wish("a set", handle.last_set(app).await)?;
        }
        let app: &Application = app;
        let values = self.values.iter_mut().map(|handle| handle.end(app));
        let counts = self.counts.iter_mut().map(|handle| handle.end(app));
        tokio::join!(all(values), all(counts));
        Ok(())
    }
}

impl SharedValues {
    /// The last directory is a count's.
    fn open(&mut self, app: &mut Application) -> Result<(), String> {
        if self.counts.is_empty() {
            for at in 0..app.plan.locks - 1 {
                self.values.push(Handle::open(app, at)?);
            }
            self.counts.push(Handle::open(app, app.plan.locks - 1)?);
        }
        Ok(())
    }
}

impl<S: Shared> Handle<S> {
    fn open(app: &mut Application, at: usize) -> Result<Self, String> {
        let path = node(at);
        let shared = S::open(app, &path).map_err(|error| error.to_string())?;
        let stream = (app.fresh_value(), shared.stream());
        Ok(Self {
            shared,
            path,
            stream,
            last: None,
        })
    }

    async fn work(&mut self, app: &mut Application) {
        match app.rng.below(10) {
            0..2 => self.get(app).await,
            2..4 => {
                self.set(app).await;
            }
            4..7 => self.try_set(app).await,
            _ => {
                let limit = Duration::from_millis(app.rng.between(10, 2000));
                self.follow(app, limit).await;
            }
        }
    }

    /// The stream until nothing more comes: then it has told what is there.
    async fn end(&mut self, app: &Application) {
        let limit = app.ages();
        while self.follow(app, limit).await {}
    }

    async fn get(&mut self, app: &mut Application) {
        let ask = Ask {
            phase: Phase::Reading,
            call: Call::Get,
            function: Function::Look,
            path: &self.path,
            limit: None,
        };
        let found = app
            .make(
                ask,
                self.shared.get(),
                |op, history| {
                    op.data = history.data(&S::bytes(&S::seed()));
                },
                told::<S>,
            )
            .await;
        self.last = found.or_else(|| self.last.take());
    }

    async fn last_set(&mut self, app: &mut Application) -> Option<()> {
        loop {
            let set = self.set(app).await;
            if set.is_some() || !app.asks_again() {
                return set;
            }
        }
    }

    async fn set(&mut self, app: &mut Application) -> Option<()> {
        let new = S::fresh(app);
        let ask = writes(Function::Replace, &self.path);
        app.make(
            ask,
            self.shared.set(new.clone()),
            |op, history| {
                op.data = history.data(&S::bytes(&new));
            },
            |_, _, ()| {},
        )
        .await
    }

    async fn try_set(&mut self, app: &mut Application) {
        if self.last.is_none() || app.rng.percent(60) {
            self.get(app).await;
        }
        let Some(last) = self.last.clone() else {
            return;
        };
        let new = S::fresh(app);
        let ask = writes(Function::ReplaceIf, &self.path);
        let ended = app
            .make(
                ask,
                self.shared.try_set(&last, new.clone()),
                |op, history| {
                    op.data = history.data(&S::bytes(&new));
                    op.token = last.mzxid;
                },
                |op, history, ended| {
                    if let CompareAndSet::Found(found) = ended {
                        refused(op);
                        told::<S>(op, history, found);
                    }
                },
            )
            .await;
        if let Some(CompareAndSet::Found(found)) = ended {
            self.last = Some(found);
        }
    }

    /// Whether the stream told something.
    async fn follow(&mut self, app: &Application, limit: Duration) -> bool {
        let ask = Ask {
            phase: Phase::Watching,
            call: Call::Follow,
            function: Function::Follow,
            path: &self.path,
            limit: Some(limit),
        };
        let (name, stream) = &mut self.stream;
        let next = async {
            match timeout(limit, stream.next()).await {
                Ok(next) => next.map(Some),
                Err(_) => Ok(None),
            }
        };
        let next = app
            .make(
                ask,
                next,
                |op, history| {
                    op.recipe = history.text(name);
                },
                |op, history, next| match next {
                    Some(found) => told::<S>(op, history, found),
                    None => op.outcome = Outcome::NotApplied,
                },
            )
            .await;
        matches!(next, Some(Some(_)))
    }
}

fn told<S: Shared>(op: &mut Op, history: &mut History, found: &Versioned<S::Kept>) {
    op.reply = history.data(&S::bytes(&found.value));
    op.mzxid = found.mzxid;
    op.version = Some(found.version);
}

#[async_trait]
impl Shared for SharedValue {
    type Kept = Bytes;
    type Stream = Changes;

    fn open(app: &Application, path: &str) -> Result<Self, Error> {
        Self::new(&app.client, path, Self::seed())
    }

    fn seed() -> Bytes {
        Bytes::from_static(b"seed.0")
    }

    fn fresh(app: &mut Application) -> Bytes {
        Bytes::from(app.fresh_value())
    }

    fn bytes(kept: &Bytes) -> Vec<u8> {
        kept.to_vec()
    }

    fn stream(&self) -> Changes {
        self.changes()
    }

    async fn get(&self) -> Result<Versioned<Bytes>, Error> {
        self.get().await
    }

    async fn set(&self, kept: Bytes) -> Result<(), Error> {
        self.set(kept).await
    }

    async fn try_set(
        &self,
        last: &Versioned<Bytes>,
        kept: Bytes,
    ) -> Result<CompareAndSet<Versioned<Bytes>>, Error> {
        self.try_set(last, kept).await
    }
}

#[async_trait]
impl Stream<Bytes> for Changes {
    async fn next(&mut self) -> Result<Versioned<Bytes>, Error> {
        self.next().await
    }
}

#[async_trait]
impl Shared for SharedCount {
    type Kept = i32;
    type Stream = CountChanges;

    fn open(app: &Application, path: &str) -> Result<Self, Error> {
        Self::new(&app.client, path, Self::seed())
    }

    fn seed() -> i32 {
        -1
    }

    fn fresh(app: &mut Application) -> i32 {
        app.values += 1;
        let values = i32::try_from(app.values % (1 << 20)).unwrap_or(0);
        // Those of one process and life, as far as a number is long.
        let process = i32::try_from(app.process()).unwrap_or(0);
        process << 20 | values
    }

    fn bytes(kept: &i32) -> Vec<u8> {
        kept.to_be_bytes().to_vec()
    }

    fn stream(&self) -> CountChanges {
        self.changes()
    }

    async fn get(&self) -> Result<Versioned<i32>, Error> {
        self.get().await
    }

    async fn set(&self, kept: i32) -> Result<(), Error> {
        self.set(kept).await
    }

    async fn try_set(
        &self,
        last: &Versioned<i32>,
        kept: i32,
    ) -> Result<CompareAndSet<Versioned<i32>>, Error> {
        self.try_set(last, kept).await
    }
}

#[async_trait]
impl Stream<i32> for CountChanges {
    async fn next(&mut self) -> Result<Versioned<i32>, Error> {
        self.next().await
    }
}
