//! One task that uses one recipe, over and over.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use zk_recipes::{Client, Error, ErrorKind, Held, Released, SessionId, Zxid};

use super::crowd::Present;
use super::diary::{Diary, Grant, Mode, Step, Told, now};
use super::scribe::Scribe;
use crate::dice::Dice;
use crate::ledger::Work;

/// Whether a hold lasted until it was released.
pub(super) async fn to_the_end(
    release: impl Future<Output = Result<Released, Error>>,
) -> Result<bool, Error> {
    release.await.map(|released| released.was_held)
}

/// Where everything is.
pub(super) const ROOT: &str = "/chaos";

/// How long a worker waits for others.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(super) struct Worker {
    pub(super) zk: Client,
    /// The client's number.
    pub(super) number: usize,
    /// Like no other.
    pub(super) who: String,
    pub(super) diary: Arc<Diary>,
    pub(super) dice: Dice,
    pub(super) scribe: Arc<Scribe>,
    /// False when all is to end.
    pub(super) live: watch::Receiver<bool>,
    pub(super) serial: u32,
    /// As long as it may write, and may watch what others write.
    pub(super) writing: Option<Present>,
    pub(super) watching: Option<Present>,
    /// The client that is given up in the end.
    pub(super) is_last: bool,
}

impl Worker {
    pub(super) fn lives(&self) -> bool {
        *self.live.borrow()
    }

    /// Until all is to end.
    pub(super) fn end_of_life(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut live = self.live.clone();
        async move {
            let _ = live.wait_for(|live| !live).await;
        }
    }

    /// Writes no more, and waits until nobody does.
    pub(super) async fn end_writing(&mut self) {
        if let Some(writing) = self.writing.take() {
            writing.leave().await;
        }
    }

    /// Needs to see no more, and waits until nobody does.
    pub(super) async fn end_watching(&mut self) {
        if let Some(watching) = self.watching.take() {
            watching.leave().await;
        }
    }

    pub(super) fn session(&self) -> SessionId {
        self.scribe.meet(self.process(), &self.zk)
    }

    /// A text that is used once.
    pub(super) fn id(&mut self) -> String {
        self.serial += 1;
        format!("{}-{}", self.who, self.serial)
    }

    /// A pause between two uses, ended early by the end of all.
    pub(super) async fn rest(&mut self) {
        let pause = self.millis(400, 1600);
        let _ = timeout(pause, self.live.wait_for(|live| !live)).await;
    }

    /// What is done under a hold that is not exclusive, or between two steps.
    pub(super) async fn work(&mut self) {
        sleep(self.millis(20, 150)).await;
    }

    pub(super) fn millis(&mut self, least: usize, most: usize) -> Duration {
        let millis = least + self.dice.below(most - least);
        Duration::from_millis(u64::try_from(millis).unwrap_or_default())
    }

    /// Takes an error for what may happen, or for a finding.
    pub(super) fn failed(&self, recipe: &str, error: &Error) {
        let may_happen = matches!(
            error.kind(),
            ErrorKind::ConnectionLost
                | ErrorKind::TimedOut
                | ErrorKind::SessionExpired
                | ErrorKind::AcquireTimedOut
                | ErrorKind::WaitTimedOut
                | ErrorKind::Contended
                | ErrorKind::LockLost
        );
        let mut page = self.diary.page();
        if may_happen {
            *page.counts.entry("calls that failed").or_default() += 1;
        } else {
            let who = &self.who;
            page.findings.push(format!("{who}, {recipe}: {error}"));
        }
    }

    /// The zxid of a write of ours that was just committed: what this session sees from now on is not older.
    pub(super) async fn committed(&self) -> Option<i64> {
        let pulse = format!("{ROOT}/pulse/{}", self.who);
        let created = match self.zk.set(&pulse, "").await {
            Ok(stat) => return Some(stat.mzxid.as_raw()),
            Err(error) if error.kind() == ErrorKind::NoNode => self.zk.create(&pulse, "").await,
            Err(error) => Err(error),
        };
        if let Err(error) = created {
            if error.kind() != ErrorKind::NodeExists {
                self.failed("pulse", &error);
            }
        }
        None
    }

    /// A write that comes after all that was done before the call.
    pub(super) async fn reach(&self) -> Option<Zxid> {
        for _ in 0..20 {
            if let Some(zxid) = self.committed().await {
                return Some(Zxid::from_raw(zxid));
            }
        }
        None
    }

    /// Notes that a hold was granted.
    pub(super) fn granted(
        &self,
        place: &'static str,
        held: &Held,
        mode: Mode,
        hold: &str,
        begun: i64,
    ) {
        let told = now();
        let mut page = self.diary.page();
        *page.counts.entry(place).or_default() += 1;
        page.grants.push(Grant {
            place,
            node: held.node().to_owned(),
            mode,
            token: Some(held.token()),
            hold: hold.to_owned(),
            begun,
            told,
        });
    }

    /// Notes a change of a number.
    pub(super) fn stepped<T>(
        &self,
        recipe: &'static str,
        path: &str,
        result: Result<T, Error>,
        change: impl FnOnce(T) -> (i64, i64),
    ) {
        let told = Told::of(&result);
        let change = match result {
            Ok(done) => {
                self.diary.count(recipe);
                Some(change(done))
            }
            Err(error) => {
                self.failed(recipe, &error);
                None
            }
        };
        let path = path.to_owned();
        self.diary.page().steps.push(Step { path, told, change });
    }

    /// Writes what a ledger tells of, and releases.
    pub(super) async fn ledger(
        &self,
        place: &'static str,
        held: &Held,
        token: u64,
        id: &str,
        release: impl Future<Output = Result<bool, Error>>,
    ) {
        let work = Work {
            zk: &self.zk,
            base: &format!("{ROOT}/ledger/{place}"),
            who: &self.who,
            id,
            held,
            token,
            granted: self.zk.now(),
        };
        let say = |line: &_| {
            let mut page = self.diary.page();
            page.lines
                .entry(place)
                .or_default()
                .push(Clone::clone(line));
        };
        let release = async {
            let released = release.await;
            // What was lost before goes when the servers end its session.
            if matches!(released, Ok(true)) {
                let node = held.node().to_owned();
                self.diary.page().released.push((node, now()));
            }
            released
        };
        Box::pin(work.run(release, say)).await;
    }
}
