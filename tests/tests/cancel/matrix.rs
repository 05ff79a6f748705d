//! The cancel × cut matrix: every operation of a mutex, a read–write lock, a semaphore and an election, given up after
//! each of its polls, with each of its frames cut before or after it takes effect, and with the session expired at each
//! of them. Whatever happens, nothing is left behind, the recipe works, and what the operation said was true.

mod case;
mod recipe;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::sleep;
use zk_client::{Client, ErrorKind, path};
use zk_embedded::{Match, Reaction};
use zk_recipes::{Held, HoldError};
use zk_wire::{OpCode, SessionId};

use self::case::{Case, Cut, How, OPS, Op, WEATHERS, Weather};
use self::recipe::{Guard, Recipe, What};
use crate::kit::{Naming, World, in_virtual_time, settle, until};
use crate::polls::{NOW_AND_LATE, Stop, at_every_poll, poll_then_drop};

const LOCK: &str = "/locks/a";

/// Runs one case alone.
const REPLAY: &str = "MATRIX_CASE";

/// How a case went.
#[derive(Debug, Clone, Copy)]
struct End {
    /// The future was ready before its last poll.
    ready: bool,
    /// There was a frame to cut.
    cut: bool,
    /// How many frames there were.
    frames: u64,
}

fn run(case: Case) -> End {
    let _naming = Naming(format!(
        "the case {case} failed; alone: {REPLAY}={case} cargo test -p zk-tests --test cancel matrix"
    ));
    in_virtual_time(Stage::play(case))
}

/// What is contended for, whose clients they are, and who is in the way.
struct Stage {
    case: Case,
    world: World,
    zk: Client,
    ours: Recipe,
    theirs: Recipe,
    /// What the others do meanwhile.
    others: Option<JoinHandle<()>>,
    /// Expires the session at a frame.
    end_of_session: Option<JoinHandle<()>>,
}

impl Stage {
    async fn play(case: Case) -> End {
        let world = World::new();
        let (zk, other) = (world.client().await, world.client().await);
        let ours = case.what.ours(&zk, LOCK);
        let theirs = case.what.theirs(&other, LOCK);
        if case.op != Op::AcquireCold {
            let warm = theirs.acquire().await.unwrap();
            warm.release().await.unwrap();
            settle().await;
        }
        let before = world.open(&[&zk, &other]);

        let mut stage = Self {
            case,
            world,
            zk,
            ours,
            theirs,
            others: None,
            end_of_session: None,
        };
        let mine = stage.set_up().await;
        settle().await;
        let session = stage.zk.session_id().unwrap();
        let frames = stage.frames(session);
        let rule = stage.break_things().await;
        let ready = stage.operate(mine).await;
        if let Some(others) = stage.others.take() {
            others.await.unwrap();
        }
        settle().await;
        let cut = rule.is_some_and(|rule| stage.world.hooks.fired(rule) > 0);
        let frames = stage.frames(session) - frames;
        stage.world.hooks.clear();
        if let Some(end_of_session) = stage.end_of_session.take() {
            end_of_session.abort();
        }

        stage.check(cut).await;
        assert_eq!(
            stage.world.open(&[&stage.zk, &other]),
            before,
            "something is left"
        );
        End { ready, cut, frames }
    }

    /// Who holds and who waits when the operation begins, and what they do then.
    async fn set_up(&mut self) -> Option<Guard> {
        let pause = || sleep(Duration::from_millis(100));
        let mut mine = None;
        self.others = match self.case.op {
            Op::Acquire | Op::AcquireCold | Op::TryAcquire | Op::Hold => None,
            Op::AcquireBehindHolder => {
                let holder = self.theirs.acquire().await.unwrap();
                Some(tokio::spawn(async move {
                    pause().await;
                    drop(holder);
                }))
            }
            Op::AcquireBehindWaiter => {
                let holder = self.theirs.acquire().await.unwrap();
                let theirs = self.theirs.clone();
                Some(tokio::spawn(async move {
                    let waits = theirs.acquire_within(Duration::from_millis(140));
                    let error = waits.await.unwrap_err();
                    assert_eq!(error.kind(), ErrorKind::AcquireTimedOut);
                    pause().await;
                    drop(holder);
                }))
            }
            Op::AcquireTooLate | Op::TryAcquireHeld => {
                let holder = self.theirs.acquire().await.unwrap();
                Some(tokio::spawn(async move {
                    sleep(Duration::from_secs(3)).await;
                    drop(holder);
                }))
            }
            Op::Release => {
                mine = Some(self.ours.acquire().await.unwrap());
                None
            }
            Op::ReleaseToWaiter => {
                mine = Some(self.ours.acquire().await.unwrap());
                let theirs = self.theirs.clone();
                Some(tokio::spawn(async move {
                    let guard = theirs.acquire().await.unwrap();
                    guard.release().await.unwrap();
                }))
            }
        };
        mine
    }

    /// How many frames of a session there were that can be cut.
    fn frames(&self, session: SessionId) -> u64 {
        let counts = self.world.hooks.counts_of(session).into_iter();
        counts
            .filter(|(op, _)| *op != OpCode::Ping)
            .map(|(_, count)| count)
            .sum()
    }

    /// Makes the weather, and the rule that cuts.
    async fn break_things(&mut self) -> Option<zk_embedded::RuleId> {
        let hooks = &self.world.hooks;
        let session = self.zk.session_id().unwrap();
        match self.case.weather {
            Weather::Calm => {}
            Weather::Down => {
                hooks.cut_session(session);
                until("suspended", || !self.zk.state().is_connected()).await;
            }
            Weather::WriteLost => {
                let writes = [OpCode::Create2, OpCode::CreateContainer, OpCode::Delete];
                hooks
                    .on(Match::ops(writes).session(session))
                    .cut_after_apply();
            }
        }
        let cut = self.case.cut?;
        let frames = OpCode::ALL.iter().copied().filter(|op| *op != OpCode::Ping);
        let reaction = match cut.how {
            How::Before => Reaction::CutBeforeApply,
            How::After => Reaction::CutAfterApply,
            How::Expired => Reaction::DelayReply(Duration::from_nanos(1)),
        };
        let frame = Match::ops(frames).session(session).nth(cut.frame);
        let rule = hooks.on(frame).react(reaction);
        if cut.how == How::Expired {
            let hooks = hooks.clone();
            self.end_of_session = Some(tokio::spawn(async move {
                hooks.until(|core| core.rule_fired(rule) > 0).await;
                hooks.expire(session);
            }));
        }
        Some(rule)
    }

    /// Runs the operation as far as the case says. What it yields has to be true at that moment.
    async fn operate(&self, mine: Option<Guard>) -> bool {
        let (ours, stop) = (&self.ours, self.case.stop);
        match self.case.op {
            Op::Acquire | Op::AcquireCold | Op::AcquireBehindHolder | Op::AcquireBehindWaiter => {
                let acquire = async {
                    let guard = ours.acquire().await.unwrap();
                    self.is_first(&guard.held());
                };
                poll_then_drop(acquire, stop).await.is_some()
            }
            Op::AcquireTooLate => {
                let acquire = async {
                    let error = ours.acquire_within(Duration::from_secs(2)).await;
                    let error = error.unwrap_err();
                    assert_eq!(error.kind(), ErrorKind::AcquireTimedOut);
                };
                poll_then_drop(acquire, stop).await.is_some()
            }
            Op::TryAcquire => {
                let acquire = async {
                    let guard = ours.try_acquire().await.unwrap();
                    self.is_first(&guard.expect("nobody holds it").held());
                };
                poll_then_drop(acquire, stop).await.is_some()
            }
            Op::TryAcquireHeld => {
                let acquire = async {
                    let guard = ours.try_acquire().await.unwrap();
                    assert!(guard.is_none(), "somebody else holds it");
                };
                poll_then_drop(acquire, stop).await.is_some()
            }
            Op::Hold => {
                let begun = AtomicBool::new(false);
                let hold = async {
                    let work = async |held: Held| {
                        assert!(!begun.swap(true, Ordering::Relaxed), "the work runs twice");
                        self.is_first(&held);
                        sleep(Duration::from_millis(20)).await;
                        self.is_first(&held);
                        42
                    };
                    match ours.hold(work).await {
                        Ok(output) => assert_eq!(output, 42),
                        Err(HoldError::Lost(lost)) => assert!(self.expires(), "{lost}"),
                        Err(error) => panic!("{error}"),
                    }
                };
                let ready = poll_then_drop(hold, stop).await.is_some();
                assert!(!ready || begun.into_inner());
                ready
            }
            Op::Release | Op::ReleaseToWaiter => {
                let guard = mine.expect("held from the start");
                let node = guard.held().node().to_owned();
                let release = async {
                    let released = guard.release().await.unwrap();
                    let there = self.world.hooks.node(&node);
                    assert_eq!(there, None, "released, and still there");
                    let undisturbed =
                        self.case.weather != Weather::WriteLost && self.case.cut.is_none();
                    assert!(released.was_held || !undisturbed);
                };
                poll_then_drop(release, stop).await.is_some()
            }
        }
    }

    fn expires(&self) -> bool {
        self.case.cut.is_some_and(|cut| cut.how == How::Expired)
    }

    /// The nodes of all who hold or wait.
    fn contenders(&self) -> Vec<String> {
        let mut nodes = self.world.below(LOCK);
        nodes.retain(|path| {
            let node = self.world.hooks.node(path);
            node.is_some_and(|node| node.stat.ephemeral_owner.as_raw() != 0)
        });
        nodes
    }

    /// The hold has its node, which is the first in the queue, and its token is the node's or of a later write.
    fn is_first(&self, held: &Held) {
        let hooks = &self.world.hooks;
        let Some(node) = hooks.node(held.node()) else {
            // The news of the expiry may be under way.
            assert!(self.expires(), "held without a node");
            return;
        };
        assert_eq!(Some(node.stat.ephemeral_owner), self.zk.session_id());
        let created = u64::try_from(node.stat.czxid.as_raw()).unwrap();
        if self.case.what.is_token_of_creation() {
            assert_eq!(created, held.token());
        } else {
            assert!(created < held.token());
        }
        let directory = path::parent(held.node());
        for other in self.contenders() {
            if path::parent(&other) != directory {
                continue;
            }
            let created = hooks.node(&other).map(|other| other.stat.czxid);
            assert!(
                created >= Some(node.stat.czxid),
                "{other} was there before the holder"
            );
        }
    }

    /// No contender is left, and others can take the lock, and then this client, whose session lives unless it was
    /// expired.
    async fn check(&self, cut: bool) {
        until("empty", || self.contenders().is_empty()).await;
        for recipe in [&self.theirs, &self.ours] {
            let next = recipe.acquire_within(Duration::from_secs(30)).await;
            let released = next.unwrap().release().await.unwrap();
            assert!(released.was_held);
        }
        let expired = cut && self.expires();
        assert_eq!(self.zk.generation(), 1 + u64::from(expired));
        settle().await;
    }
}

/// Runs the cases of one operation in one weather: every cut, and for each cut every poll. How many there are shows
/// only in running them. A drop that ends the operation before the frame to be cut is the same case as without the cut,
/// and is not run again.
fn sweep(what: What, op: Op, weather: Weather) -> usize {
    let mut cases = 0;
    let mut uncut: Vec<(Stop, End)> = Vec::new();
    let mut polls = |cut: Option<Cut>| {
        let mut was_there = false;
        // In bad weather and after an expiry the reconnect makes one kind of drop as good as the other.
        let late = match (weather, cut) {
            (Weather::Calm, None) => NOW_AND_LATE,
            (Weather::Calm, Some(cut)) if cut.how != How::Expired => NOW_AND_LATE,
            _ => &[false],
        };
        at_every_poll(late, |stop| {
            let known = uncut.iter().find(|(known, _)| *known == stop);
            if let (Some((_, end)), Some(cut)) = (known, cut) {
                if end.frames < cut.frame {
                    return end.ready;
                }
            }
            let end = run(Case {
                what,
                op,
                weather,
                cut,
                stop,
            });
            cases += 1;
            was_there |= end.cut;
            if cut.is_none() {
                uncut.push((stop, end));
            }
            end.ready
        });
        was_there
    };
    polls(None);
    for frame in 1.. {
        let mut was_there = false;
        for how in How::ALL {
            if how == How::Expired && weather != Weather::Calm {
                continue;
            }
            was_there |= polls(Some(Cut { frame, how }));
        }
        if !was_there {
            break;
        }
    }
    cases
}

#[test]
fn nothing_is_left_at_any_poll_with_any_frame_cut() {
    if let Ok(case) = std::env::var(REPLAY) {
        let end = run(case.parse().unwrap());
        println!("{case}: {end:?}");
        return;
    }
    let mut counts = BTreeMap::new();
    thread::scope(|scope| {
        let mut sweeps = Vec::new();
        for what in What::ALL {
            for op in OPS {
                let sweep = move || {
                    let weathers = WEATHERS.iter().filter(|weather| is_played(what, **weather));
                    weathers
                        .map(|weather| sweep(what, op, *weather))
                        .sum::<usize>()
                };
                sweeps.push((what, op, scope.spawn(sweep)));
            }
        }
        for (what, op, sweep) in sweeps {
            let cases: &mut Vec<_> = counts.entry(format!("{what}")).or_default();
            cases.push((op, sweep.join().unwrap()));
        }
    });
    let mut all = 0;
    for (what, cases) in &counts {
        println!("{what}: {cases:?}");
        all += cases.iter().map(|(_, cases)| cases).sum::<usize>();
    }
    println!("{all} cases of recipe × operation × weather × poll × cut");
    assert!(all >= 300, "only {all} cases");
}

/// The engine below is one: what bad weather does to it the mutex shows.
fn is_played(what: What, weather: Weather) -> bool {
    what == What::Mutex || weather == Weather::Calm
}
