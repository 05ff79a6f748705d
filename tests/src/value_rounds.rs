//! Our side of rounds with counters, values and barriers that a foreign program takes part in at the same time.

use std::time::Duration;

use tokio::time::sleep;
use zk_recipes::{
    AtomicLong, AtomicNumber, AtomicValue, Barrier, Bytes, Client, CompareAndSet, DoubleBarrier,
    Error, Layout, Number, SharedCount, SharedValue,
};

/// How long one step of a round may take: the other side is a process on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);

/// How many changes each side makes at least.
pub const LEAST: usize = 60;

/// How often one side has to follow the other.
pub const EXCHANGES: usize = 50;

/// What came of changing a number or value next to a peer.
#[derive(Debug, Default, Clone, Copy)]
#[non_exhaustive]
pub struct Tally {
    /// How many changes we made.
    pub ours: usize,
    /// How many of those came right after a change of the other side.
    pub exchanges: usize,
}

impl Tally {
    fn wants_more(&self) -> bool {
        self.ours < LEAST || self.exchanges < EXCHANGES
    }

    fn note(&mut self, interrupted: bool) {
        self.ours += 1;
        self.exchanges += usize::from(interrupted);
        assert!(self.ours < 20_000, "the other side does nothing: {self:?}");
    }
}

/// Adds 1 until both sides have followed each other often enough, and tells the peer to stop.
///
/// # Errors
///
/// As the counter.
pub async fn increment<N: Number>(zk: &Client, counter: &AtomicNumber<N>) -> Result<Tally, Error> {
    let (mut tally, mut last) = (Tally::default(), None);
    while tally.wants_more() {
        let change = counter.increment().await?;
        tally.note(last.is_some_and(|last| last != change.before));
        last = Some(change.after);
        breathe().await;
    }
    stop(zk, counter.path()).await?;
    Ok(tally)
}

/// Appends `r` to a value until both sides have followed each other often enough, and tells the peer to stop.
///
/// # Errors
///
/// As the value.
pub async fn append(zk: &Client, value: &AtomicValue) -> Result<Tally, Error> {
    let (mut tally, mut last) = (Tally::default(), None);
    while tally.wants_more() {
        let replaced = value.update(with_ours).await?;
        tally.note(last.is_some() && last != replaced.before);
        last = Some(replaced.after);
        breathe().await;
    }
    stop(zk, value.path()).await?;
    Ok(tally)
}

/// Adds 1 to a shared count until both sides have followed each other often enough, and tells the peer to stop.
///
/// # Errors
///
/// As the count.
pub async fn count(zk: &Client, count: &SharedCount) -> Result<Tally, Error> {
    let (mut tally, mut last) = (Tally::default(), None);
    let mut current = count.get().await?;
    while tally.wants_more() {
        current = match count.try_set(&current, current.value + 1).await? {
            CompareAndSet::Found(found) => found,
            _ => {
                tally.note(last.is_some_and(|last| last != current.value));
                last = Some(current.value + 1);
                breathe().await;
                count.get().await?
            }
        };
    }
    stop(zk, count.path()).await?;
    Ok(tally)
}

/// Appends `r` to a shared value until both sides have followed each other often enough, and tells the peer to stop.
///
/// # Errors
///
/// As the value.
pub async fn append_shared(zk: &Client, value: &SharedValue) -> Result<Tally, Error> {
    let (mut tally, mut last) = (Tally::default(), None);
    let mut current = value.get().await?;
    while tally.wants_more() {
        let next = with_ours(Some(&current.value));
        current = match value.try_set(&current, next.clone()).await? {
            CompareAndSet::Found(found) => found,
            _ => {
                tally.note(last.is_some_and(|last| last != current.value));
                last = Some(next);
                breathe().await;
                value.get().await?
            }
        };
    }
    stop(zk, value.path()).await?;
    Ok(tally)
}

/// Tells the peer that it has done enough.
///
/// # Errors
///
/// If there is no node at `path`, or it was told already.
pub async fn stop(zk: &Client, path: &str) -> Result<(), Error> {
    zk.create(&format!("{path}-stop"), "").await.map(drop)
}

/// Sets the two barriers that [`ping_pong`] and its peer need.
///
/// # Errors
///
/// As the barriers.
pub async fn set_up(zk: &Client, at: &str) -> Result<(), Error> {
    Barrier::new(zk, &format!("{at}/ping"))?.set().await?;
    Barrier::new(zk, &format!("{at}/pong"))?.set().await
}

/// Lets the other side pass and waits for it to let us pass, so many times.
///
/// # Errors
///
/// As the barriers; `WaitTimedOut` if the other side does not answer.
pub async fn ping_pong(zk: &Client, at: &str, rounds: usize) -> Result<(), Error> {
    let ping = Barrier::new(zk, &format!("{at}/ping"))?;
    let pong = Barrier::new(zk, &format!("{at}/pong"))?;
    for _ in 0..rounds {
        ping.remove().await?;
        pong.wait().timeout(LIMIT).await?;
        pong.set().await?;
    }
    Ok(())
}

/// Enters and leaves a barrier of three so many times, and checks each time that all came before anybody entered, and that
/// all began to leave before anybody had left.
///
/// # Errors
///
/// As the barriers; `WaitTimedOut` if the others do not come.
///
/// # Panics
///
/// If somebody passed early.
pub async fn enter_and_leave(
    zk: &Client,
    at: &str,
    rounds: usize,
    layout: Layout,
) -> Result<(), Error> {
    for round in 0..rounds {
        let counter = |step: &str| {
            let counter = AtomicLong::new(zk, &format!("{at}/{step}-{round}"));
            counter.map(|counter| counter.layout(layout))
        };
        let (came, entered, leaves) = (counter("came")?, counter("entered")?, counter("leaves")?);
        let barrier = DoubleBarrier::new(zk, &format!("{at}/barrier-{round}"), 3)?.layout(layout);
        came.increment().await?;
        let member = barrier.enter().timeout(LIMIT).await?;
        assert_eq!(
            came.get().await?,
            3,
            "entered before all had come, round {round}"
        );
        entered.increment().await?;
        while entered.get().await? < 3 {
            breathe().await;
        }
        leaves.increment().await?;
        let left = member.leave().timeout(LIMIT).await?;
        assert!(left.was_member);
        assert_eq!(leaves.get().await?, 3, "left before all did, round {round}");
    }
    Ok(())
}

fn with_ours(old: Option<&Bytes>) -> Bytes {
    let old = old.map_or(&[][..], |old| &old[..]);
    [old, b"r"].concat().into()
}

/// Leaves the server to the other side for a moment.
async fn breathe() {
    sleep(Duration::from_millis(2)).await;
}
