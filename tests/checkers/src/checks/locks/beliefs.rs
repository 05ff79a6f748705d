//! What holders believe.

use std::collections::BTreeMap;
use std::time::Duration;

use zk_wire::{Moment, SessionId, Zxid};

use super::view::Locks;
use crate::known::{Life, Share, later};
use crate::records::{Belief, ChangeKind, Conviction, Fault};
use crate::text::Text;
use crate::verdict::{Findings, Property};

/// `L5`, and `L7` for beliefs.
pub(super) fn judge(locks: &Locks<'_>, findings: &mut Findings) {
    let mut holds: BTreeMap<Hold, Vec<&Belief>> = BTreeMap::new();
    for belief in &locks.history.beliefs {
        findings.stats.judged += 1;
        let hold = Hold {
            lock: belief.lock,
            token: belief.token,
            process: belief.process,
            recipe: belief.recipe,
        };
        holds.entry(hold).or_default().push(belief);
    }
    let shares: BTreeMap<Zxid, Share> = locks
        .contenders
        .iter()
        .map(|(_, contender)| (contender.life.czxid, contender.share))
        .collect();
    let mut spans: BTreeMap<Text, Vec<Span>> = BTreeMap::new();
    for (hold, mut beliefs) in holds {
        beliefs.sort_by_key(|belief| belief.at);
        owner(locks, hold, &beliefs, findings);
        let Some(fast_ppm) = fast_ppm(locks, hold.process) else {
            // The clock is more wrong than the claim allows.
            findings.stats.exempt += beliefs.len();
            continue;
        };
        let share = shares.get(&hold.token).copied().unwrap_or(Share::Alone);
        for span in believed(locks, (hold, share), &beliefs, fast_ppm) {
            let excused = outlives(locks, &span, &beliefs, findings);
            // One that begins after its excuse is no belief at all.
            if excused.reaches(excused.begin) {
                spans.entry(hold.lock).or_default().push(excused);
            }
        }
    }
    for (lock, spans) in spans {
        overlaps(locks, lock, spans, findings);
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Hold {
    lock: Text,
    token: Zxid,
    process: u32,
    recipe: Text,
}

/// A time during which a process believed without a break to hold.
#[derive(Clone, Copy)]
struct Span {
    hold: Hold,
    share: Share,
    begin: Moment,
    /// For ever, if none.
    end: Option<Moment>,
}

impl Span {
    fn reaches(&self, at: Moment) -> bool {
        self.end.is_none_or(|end| end > at)
    }
}

/// By how many millionths the process's clock is fast, if that is within the claim.
fn fast_ppm(locks: &Locks<'_>, process: u32) -> Option<i32> {
    let clocks = &locks.history.clocks;
    let own = clocks.iter().filter(|clock| clock.process == process);
    // It may have been wrong in several ways, one after the other.
    let worst = own.max_by_key(|clock| clock.fast_ppm.unsigned_abs());
    let fast = worst.map_or(0, |clock| clock.fast_ppm);
    (fast.unsigned_abs() <= locks.history.limits.clock_ppm).then_some(fast)
}

/// How long it really is until that clock has gone on by `shown`.
fn real(shown: Duration, fast_ppm: i32) -> Duration {
    let rate = i128::from(MILLION) + i128::from(fast_ppm);
    let nanos = i128::try_from(shown.as_nanos()).unwrap_or(i128::MAX);
    let real = nanos.saturating_mul(i128::from(MILLION)) / rate.max(1);
    Duration::from_nanos(u64::try_from(real).unwrap_or(u64::MAX))
}

const MILLION: i64 = 1_000_000;

/// The spans of belief in one hold.
fn believed(
    locks: &Locks<'_>,
    (hold, share): (Hold, Share),
    beliefs: &[&Belief],
    fast_ppm: i32,
) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    let mut open: Option<Span> = None;
    for belief in beliefs {
        let at = belief.at;
        let lapsed = open.take_if(|span| !span.reaches(at));
        spans.extend(lapsed);
        match belief.says {
            Conviction::Held | Conviction::Safe => {
                let lasts = belief.safe_for.map(|shown| real(shown, fast_ppm));
                let end = lasts.and_then(|lasts| later(at, lasts));
                let begin = open.map_or(at, |span| span.begin);
                open = Some(Span {
                    hold,
                    share,
                    begin,
                    end,
                });
            }
            Conviction::Doubt | Conviction::Lost | Conviction::Released => {
                spans.extend(open.take().map(|span| Span {
                    end: Some(at),
                    ..span
                }));
            }
        }
    }
    let crashed = locks.ends.crashed(hold.process);
    if let Some(span) = open {
        let end = span
            .end
            .into_iter()
            .chain(crashed.filter(|at| *at > span.begin))
            .min();
        spans.push(Span { end, ..span });
    }
    spans
}

/// Nobody believes to hold a node whose session the servers have given up, or that its own session
/// has deleted. Returns the span as far as the believer could know that it was over.
fn outlives(locks: &Locks<'_>, span: &Span, beliefs: &[&Belief], findings: &mut Findings) -> Span {
    let node = beliefs.first().map_or(Text::EMPTY, |belief| belief.node);
    let life = locks.tree.made(node, span.hold.token);
    let removal = life.and_then(|life| Some((life, life.removal?)));
    let Some((life, removal)) = removal.filter(|(_, removal)| span.reaches(removal.at)) else {
        return *span;
    };
    let mut excused = *span;
    // Somebody else's delete can be told only afterwards.
    let by_others = removal.cause == ChangeKind::Delete && removal.session != life.owner;
    let why = if by_others {
        findings.meet("hold whose node somebody else deleted");
        excused.end = Some(removal.at.max(span.begin));
        if !unaware(locks, life, removal.at, beliefs) {
            return excused;
        }
        "gone for long"
    } else {
        "gone"
    };
    let end = match span.end {
        Some(end) => format!("until {}", millis(end)),
        None => "for ever".to_owned(),
    };
    let text = format!(
        "process {} believes from {} {end} to hold {}, {why} at {} by {}",
        span.hold.process,
        millis(span.begin),
        locks.history.texts.shown(node),
        millis(removal.at),
        removal.cause.word()
    );
    findings.add(Property::L5, &[], text);
    excused
}

/// How many round trips the news that somebody deleted a node may take while nothing is in their way.
const NEWS: u32 = 4;

/// Whether the holder believes in its hold long after somebody else deleted its node, although nothing kept the news
/// from it: since it made the node, and for as long as a session lasts before the deed, its connection stood and there
/// was no fault but the deed itself. One that is over at once may have kept it from watching its node.
fn unaware(locks: &Locks<'_>, life: &Life, removed: Moment, beliefs: &[&Belief]) -> bool {
    let limits = &locks.history.limits;
    let Some(due) = later(removed, limits.round_trip.saturating_mul(NEWS)) else {
        return false;
    };
    let since = life.created.min(removed - limits.session_timeout);
    let disturbs = |fault: &Fault| {
        let is_deed = locks.history.texts.bytes(fault.what) == b"evict";
        !is_deed && fault.at <= due && fault.ended.is_none_or(|ended| ended >= since)
    };
    let believes = |belief: &&Belief| {
        belief.at > due && matches!(belief.says, Conviction::Held | Conviction::Safe)
    };
    !limits.round_trip.is_zero()
        && beliefs.iter().any(believes)
        && !locks.history.faults.iter().any(disturbs)
        && !locks.ends.cut_within(life.owner, since, due)
}

/// No two processes believe at one time to hold one lock, unless they share it.
fn overlaps(locks: &Locks<'_>, lock: Text, mut spans: Vec<Span>, findings: &mut Findings) {
    spans.sort_by_key(|span| (span.begin, span.hold));
    let mut open: Vec<Span> = Vec::new();
    for span in spans {
        open.retain(|other| other.reaches(span.begin));
        let mut rivals = open
            .iter()
            .filter(|other| other.hold != span.hold && !span.share.goes_with(other.share));
        if let Some(rival) = rivals.next() {
            let text = format!(
                "processes {} and {} both believe at {} to hold {}, with {} and {}",
                rival.hold.process,
                span.hold.process,
                millis(span.begin),
                locks.history.texts.shown(lock),
                rival.hold.token,
                span.hold.token
            );
            findings.add(Property::L5, &[], text);
        }
        open.push(span);
    }
}

/// A belief is in a node of the believer's own session.
fn owner(locks: &Locks<'_>, hold: Hold, beliefs: &[&Belief], findings: &mut Findings) {
    for belief in beliefs {
        let known = belief.session != SessionId::NONE;
        let life = locks.tree.made(belief.node, hold.token).filter(|_| known);
        let Some(owner) = life.map(|life| life.owner) else {
            continue;
        };
        if owner != belief.session && belief.says == Conviction::Held {
            let text = format!(
                "process {} believes to hold {} on session {}, and {owner} owns it",
                hold.process,
                locks.history.texts.shown(belief.node),
                belief.session
            );
            findings.add(Property::L7, &[], text);
        }
    }
}

fn millis(at: Moment) -> String {
    format!("{} ms", at.as_nanos() / 1_000_000)
}
