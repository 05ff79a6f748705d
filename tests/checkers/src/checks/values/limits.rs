//! Permits granted in windows of time.

use std::collections::BTreeMap;
use std::time::Duration;

use zk_wire::Moment;

use super::object::Object;
use crate::known::{Row, later, number_in};
use crate::records::{Function, Op, Outcome};
use crate::verdict::{Findings, Property};

/// A window of the log.
struct Window {
    /// What its rows say of its beginning, by the leader's clock.
    start: i64,
    /// When it is over at the latest: it begins when a leader takes up a write, which is committed later. `None`: it began
    /// before the log did.
    end: Option<Moment>,
    used: i64,
    /// What each process has reserved, and when.
    reserved: Vec<(u32, Moment, i64)>,
    /// What each process has granted.
    granted: BTreeMap<u32, i64>,
}

/// `A4`: no window has more than it may, none begins before the one before is over, and what a process grants it has
/// reserved in a window that is not over.
pub(super) fn judge(object: &Object<'_>, findings: &mut Findings) {
    let permits = object
        .calls
        .iter()
        .find(|(_, op)| op.function == Function::Spend);
    let Some((_, limit)) = permits else { return };
    let texts = &object.history.texts;
    let per = number_in(texts, Some(limit.from)).and_then(|ms| u64::try_from(ms).ok());
    let (Some(per), Some(most)) = (per.map(Duration::from_millis), limit.expected) else {
        return;
    };
    let mut windows: Vec<Window> = Vec::new();
    let mut last: Option<Row> = None;
    for row in object.rows {
        let begun = last.replace(*row).map(|row| row.at);
        let Some((start, used)) = read(object, row) else {
            let text = format!("{} holds no window after {}", object.name, row.zxid);
            findings.add(Property::A4, &[], text);
            continue;
        };
        if windows.last().is_none_or(|window| window.start != start) {
            let before = windows.last().map(|window| window.start);
            let length = i64::try_from(per.as_millis()).unwrap_or(i64::MAX);
            if before.is_some_and(|before| start.saturating_sub(before) < length) {
                let (name, zxid) = (&object.name, row.zxid);
                let text = format!("a window of {name} begins at {zxid} while one lasts");
                findings.add(Property::A4, &[], text);
            }
            if let Some((over, begun)) = windows.last_mut().zip(begun) {
                // The write before told its caller that the window was over: what it reserved is void.
                over.end = Some(over.end.map_or(begun, |end| end.min(begun)));
                over.reserved.retain(|(_, at, _)| *at < begun);
            }
            windows.push(Window {
                start,
                end: begun.and_then(|begun| later(begun, per + MILLI)),
                used: 0,
                reserved: Vec::new(),
                granted: BTreeMap::new(),
            });
        }
        let Some(window) = windows.last_mut() else {
            continue;
        };
        let more = used - window.used;
        if more < 0 || used > i64::from(most) {
            let (name, zxid) = (&object.name, row.zxid);
            let text = format!(
                "{name} goes from {} to {used} of {most} at {zxid}",
                window.used
            );
            findings.add(Property::A4, &[], text);
        }
        window.used = used;
        if let Some(process) = row.process.filter(|_| more > 0) {
            window.reserved.push((process, row.at, more));
        }
    }
    for (place, op) in &object.calls {
        if op.function == Function::Spend && op.outcome == Outcome::Ok {
            grant(object, &mut windows, (*place, op), findings);
        }
    }
}

/// The leader tells milliseconds, the log tells more.
const MILLI: Duration = Duration::from_millis(2);

/// Takes a grant from the first window that has as much left of what the process reserved.
fn grant(
    object: &Object<'_>,
    windows: &mut [Window],
    (place, op): (usize, &Op),
    findings: &mut Findings,
) {
    let Some(count) = number_in(&object.history.texts, Some(op.data)) else {
        return;
    };
    // By a clock that is slow a window lasts longer, and by one that stands still as long as others.
    let mut clocks = object.history.clocks.iter();
    if clocks.any(|clock| clock.process == op.process && clock.fast_ppm < 0) {
        findings.stats.exempt += 1;
        return;
    }
    let from = windows.iter_mut().find(|window| {
        let over = window.end.is_some_and(|end| end < op.invoked);
        let by_then = |at: &Moment| op.returned.is_none_or(|returned| *at <= returned);
        let own = window.reserved.iter();
        let own = own.filter(|(process, at, _)| *process == op.process && by_then(at));
        let reserved: i64 = own.map(|(_, _, count)| count).sum();
        let granted = window.granted.get(&op.process).copied().unwrap_or(0);
        !over && reserved - granted >= count
    });
    match from {
        Some(window) => *window.granted.entry(op.process).or_default() += count,
        None => {
            let what = object.what(op);
            let text = format!(
                "{what} got {count}, which its process has not reserved in a window that lasts"
            );
            findings.add(Property::A4, &[place], text);
        }
    }
}

/// The window that a row tells of: when it began, and how much of it is used.
fn read(object: &Object<'_>, row: &Row) -> Option<(i64, i64)> {
    let data = std::str::from_utf8(object.history.texts.bytes(row.after?)).ok()?;
    let (start, used) = data.split_once(' ')?;
    Some((start.parse().ok()?, used.parse().ok()?))
}
