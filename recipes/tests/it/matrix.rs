//! The cancel × cut matrix: every operation of a lock, given up after each of its polls, with each of its frames
//! cut before or after it takes effect. Whatever happens, nothing is left behind and the lock works.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use zk_embedded::{Match, Reaction};
use zk_recipes::{Client, LockGuard, Mutex};

use crate::kit::{World, settle, warm_lock};

const LOCK: &str = "/locks/a";

/// What is cancelled.
#[derive(Debug, Clone, Copy)]
enum Op {
    AcquireFree,
    AcquireBehindAnother,
    TryAcquireFree,
    TryAcquireHeld,
    Hold,
    Release,
}

const OPS: [Op; 6] = [
    Op::AcquireFree,
    Op::AcquireBehindAnother,
    Op::TryAcquireFree,
    Op::TryAcquireHeld,
    Op::Hold,
    Op::Release,
];

/// Which frame of the operation breaks the connection, and when.
#[derive(Debug, Clone, Copy)]
struct Cut {
    frame: u64,
    reaction: Reaction,
}

/// When the future is dropped.
#[derive(Debug, Clone, Copy)]
enum Drop {
    Never,
    /// Right after this many polls.
    AfterPoll(usize),
    /// After this many polls and everything that they set going: woken, but not polled again.
    LongAfterPoll(usize),
}

#[derive(Debug, Clone, Copy)]
struct Case {
    op: Op,
    cut: Option<Cut>,
    drop: Drop,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self)
    }
}

/// How far a future got.
struct Progress {
    polls: usize,
    finished: bool,
}

/// Polls a future, each time that it is woken, at most so many times; then drops it.
struct Limited<F> {
    future: Option<Pin<Box<F>>>,
    polls: usize,
    limit: usize,
}

impl<F: Future> Future for Limited<F> {
    type Output = Progress;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Progress> {
        self.polls += 1;
        let polls = self.polls;
        let Some(future) = &mut self.future else {
            return Poll::Pending;
        };
        match future.as_mut().poll(cx) {
            Poll::Ready(_) => Poll::Ready(Progress {
                polls,
                finished: true,
            }),
            Poll::Pending if polls >= self.limit => Poll::Ready(Progress {
                polls,
                finished: false,
            }),
            Poll::Pending => Poll::Pending,
        }
    }
}

async fn drive(future: impl Future, drop: Drop) -> Progress {
    let limit = match drop {
        Drop::Never => usize::MAX,
        Drop::AfterPoll(polls) | Drop::LongAfterPoll(polls) => polls,
    };
    let mut limited = Limited {
        future: Some(Box::pin(future)),
        polls: 0,
        limit,
    };
    let progress = tokio::time::timeout(Duration::from_secs(60), &mut limited)
        .await
        .expect("a hang");
    if matches!(drop, Drop::LongAfterPoll(_)) {
        // Everything arrives, a reconnect included, while nobody polls.
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    progress
}

/// Runs one case; says how many polls and frames the operation took.
async fn run(case: Case) -> (Progress, u64) {
    let world = World::new();
    let (zk, other) = (world.client().await, world.client().await);
    let mutex = warm_lock(&zk, LOCK).await;
    let theirs = Mutex::new(&other, LOCK).unwrap();
    let mut ahead = match case.op {
        Op::AcquireBehindAnother | Op::TryAcquireHeld => Some(theirs.acquire().await.unwrap()),
        _ => None,
    };
    let mine = match case.op {
        Op::Release => Some(mutex.acquire().await.unwrap()),
        _ => None,
    };
    settle().await;
    let session = zk.session_id().unwrap();
    let before = world.asked(session);
    if let Some(Cut { frame, reaction }) = case.cut {
        world
            .hooks
            .on(Match::any().session(session).nth(frame))
            .react(reaction);
    }
    let progress = match case.op {
        Op::AcquireFree => drive(async { drop(mutex.acquire().await.unwrap()) }, case.drop).await,
        Op::AcquireBehindAnother => {
            // The holder goes while the other waits.
            let ahead = ahead.take();
            let release = async {
                tokio::time::sleep(Duration::from_millis(100)).await;
                drop(ahead);
                std::future::pending::<()>().await;
            };
            tokio::select! {
                progress = drive(async { drop(mutex.acquire().await.unwrap()) }, case.drop) => progress,
                () = release => unreachable!(),
            }
        }
        Op::TryAcquireFree | Op::TryAcquireHeld => {
            drive(
                async { drop(mutex.try_acquire().await.unwrap()) },
                case.drop,
            )
            .await
        }
        Op::Hold => {
            let work = mutex.hold(|_| tokio::time::sleep(Duration::from_millis(20)));
            drive(async { work.await.unwrap() }, case.drop).await
        }
        Op::Release => {
            let guard = mine.expect("held above");
            drive(async { guard.release().await.unwrap() }, case.drop).await
        }
    };
    drop(ahead);
    settle().await;
    let frames = world.asked(session).all_since(&before);
    check(case, &world, &zk, &theirs).await;
    (progress, frames)
}

/// Nothing is left, and both sides can lock.
async fn check(case: Case, world: &World, zk: &Client, theirs: &Mutex) {
    let ours = Mutex::new(zk, LOCK).unwrap();
    let limit = Duration::from_secs(30);
    let next = |mutex: Mutex| async move { mutex.acquire().timeout(limit).await };
    world.until_empty(LOCK).await;
    let guard: LockGuard = next(ours).await.unwrap_or_else(|e| panic!("{case}: {e}"));
    guard.release().await.unwrap();
    let guard = next(theirs.clone())
        .await
        .unwrap_or_else(|e| panic!("{case}: {e}"));
    guard.release().await.unwrap();
    settle().await;
    let stats = zk.stats();
    assert_eq!(
        (stats.watches, stats.duties, stats.held),
        (0, 0, 0),
        "{case}"
    );
    assert_eq!((stats.queued, stats.in_flight), (0, 0), "{case}");
    assert_eq!(world.hooks.watch_count(), 0, "{case}");
    assert_eq!(zk.generation(), 1, "{case}: the session lives");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_left_at_any_poll_with_any_frame_cut() {
    let mut cases = 0;
    for op in OPS {
        let (_, frames) = run(Case {
            op,
            cut: None,
            drop: Drop::Never,
        })
        .await;
        let cuts = (1..=frames).flat_map(|frame| {
            [Reaction::CutBeforeApply, Reaction::CutAfterApply]
                .map(|reaction| Some(Cut { frame, reaction }))
        });
        for cut in std::iter::once(None).chain(cuts) {
            let (whole, _) = run(Case {
                op,
                cut,
                drop: Drop::Never,
            })
            .await;
            assert!(whole.finished, "{op:?} {cut:?}");
            cases += 1;
            for polls in 1..whole.polls {
                for drop in [Drop::AfterPoll(polls), Drop::LongAfterPoll(polls)] {
                    run(Case { op, cut, drop }).await;
                    cases += 1;
                }
            }
        }
    }
    println!("{cases} cases of operation × poll × cut");
    assert!(cases >= 60, "only {cases} cases");
}
