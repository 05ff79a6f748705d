//! What a picture that calls itself fresh may lack, and for how long.

use std::time::Duration;

use zk_wire::Moment;

use super::age::missing;
use super::picture::Picture;
use super::truth::Truth;
use crate::known::{Row, later};
use crate::records::{Fault, Note, NoteKind, Op};
use crate::verdict::{Findings, Property};

/// `S1`: whoever says that changes arrive as they happen has a connection, as far as its process was told; and does not lack
/// for longer what was committed than it may take to find out that a connection is silent, or deaf.
pub(super) fn judge(truth: &Truth<'_>, picture: &Picture<'_>, findings: &mut Findings) {
    let texts = &truth.history.texts;
    for (place, op, nodes) in &picture.looks {
        if texts.bytes(op.reply) != b"fresh" {
            continue;
        }
        if let Some(since) = without_contact(truth, op) {
            let (name, since) = (picture.name(), since.as_nanos() / 1_000_000);
            let text = format!("{name} calls itself fresh without a connection since {since} ms");
            findings.add(Property::S1, &[*place], text);
        }
        let mut clocks = truth.history.clocks.iter();
        if clocks.any(|clock| clock.process == picture.process) {
            findings.stats.exempt += 1;
            continue;
        }
        let at = op.invoked;
        let overdue = |row: &Row| {
            let since = unhidden(truth, picture.process, row.at, at);
            let due =
                since.and_then(|since| later(since, bound(truth, picture.process, (since, at))));
            due.is_some_and(|due| due < at)
        };
        if let Some((path, row)) = missing(truth, picture, (nodes, at), &overdue) {
            let (name, path) = (picture.name(), texts.shown(path));
            let text = format!(
                "{name} calls itself fresh and does not show what {path} is since {}",
                row.zxid
            );
            findings.add(Property::S1, &[*place], text);
        }
    }
}

/// For how long: until a silent connection is given up, and what it takes to be told of a change and to read it. A server
/// that hears nothing and goes on telling of changes ends the session first.
fn bound(truth: &Truth<'_>, process: u32, (from, at): (Moment, Moment)) -> Duration {
    let limits = &truth.history.limits;
    let texts = &truth.history.texts;
    let deaf = truth.history.faults.iter().any(|fault| {
        let within = fault.at <= at && fault.ended.is_none_or(|ended| from <= ended);
        texts.bytes(fault.what) == b"blackhole" && is_of(truth, fault, process) && within
    });
    let silence = if deaf {
        limits.session_timeout + limits.tick
    } else {
        limits.session_timeout * 2 / 3
    };
    silence + limits.round_trip * ROUND_TRIPS
}

/// More than it takes to be told of a change and to read it.
const ROUND_TRIPS: u32 = 10;

/// Since when the process knows that its session has no connection, if it had time to tell the picture.
fn without_contact(truth: &Truth<'_>, op: &Op) -> Option<Moment> {
    let notes = truth.history.notes.iter();
    let told = notes.filter(|note| note.process == op.process && note.at <= op.invoked);
    let last = |of: &dyn Fn(&&Note) -> bool| told.clone().filter(of).map(|note| note.at).max();
    let of_session = |note: &&Note| note.session == op.session;
    let cut = last(&|note| of_session(note) && note.what == NoteKind::Disconnected)?;
    let whole = last(&|note| of_session(note) && note.what == NoteKind::Connected);
    // Whoever stood still is told of all at once.
    let resumed = last(&|note| note.what == NoteKind::Resumed);
    let due = later(
        cut.max(resumed.unwrap_or(cut)),
        truth.history.limits.round_trip,
    )?;
    (whole.is_none_or(|whole| whole < cut) && due < op.invoked).then_some(cut)
}

/// From when on nothing hid from the process what was committed at `from`, but connections that are silent or closed; `None`
/// if something else does at `at`.
fn unhidden(truth: &Truth<'_>, process: u32, from: Moment, at: Moment) -> Option<Moment> {
    let mut since = from;
    for fault in truth.history.faults.iter().filter(|fault| fault.at <= at) {
        let Some(lingers) = hides(truth, fault, process) else {
            continue;
        };
        let end = fault.ended.and_then(|ended| later(ended, lingers))?;
        if end >= at {
            return None;
        }
        since = since.max(end);
    }
    for note in &truth.history.notes {
        if note.process == process && note.what == NoteKind::Resumed && note.at <= at {
            since = since.max(note.at);
        }
    }
    Some(since)
}

/// Whether changes come late to the process for it while the connection is in use, and for how much longer than it lasts.
fn hides(truth: &Truth<'_>, fault: &Fault, process: u32) -> Option<Duration> {
    let texts = &truth.history.texts;
    let what = texts.bytes(fault.what);
    if NEVER.contains(&what) {
        return None;
    }
    if OF_ITS_CLIENT.contains(&what) {
        return is_of(truth, fault, process).then_some(Duration::ZERO);
    }
    // The servers agree anew, or one of them catches up.
    Some(truth.history.limits.election)
}

/// Whether it struck the client that the process is a life of.
fn is_of(truth: &Truth<'_>, fault: &Fault, process: u32) -> bool {
    let target = format!("client {}", process % PER_LIFE);
    truth.history.texts.bytes(fault.target) == target.as_bytes()
}

/// Processes are numbered on by so many with each restart.
const PER_LIFE: u32 = 16;

/// What breaks or silences connections, or ends processes, sessions and calls.
const NEVER: [&[u8]; 12] = [
    b"cut-before-apply",
    b"cut-after-apply",
    b"cut-at-byte",
    b"half-open",
    b"blackhole",
    b"refuse",
    b"kill",
    b"expire",
    b"evict",
    b"close",
    b"cancel",
    b"reap-containers",
];

/// What slows one client down.
const OF_ITS_CLIENT: [&[u8]; 9] = [
    b"pause",
    b"busy",
    b"starve",
    b"delay",
    b"drip",
    b"rate",
    b"stall",
    b"throttle",
    b"bytes",
];
