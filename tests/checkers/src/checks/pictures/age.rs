//! How old a picture is.

use std::time::Duration;

use zk_wire::{Moment, Zxid};

use super::picture::{Picture, State};
use super::truth::Truth;
use crate::known::Row;
use crate::records::Op;
use crate::text::Text;
use crate::verdict::{Findings, Property};

/// `C3`: what was committed so long ago that nothing can have stood in its way is shown. `C7`: nothing that is shown is older
/// than the picture says it is.
pub(super) fn judge(truth: &Truth<'_>, picture: &Picture<'_>, findings: &mut Findings) {
    for (place, op, nodes) in &picture.looks {
        let at = op.invoked;
        let bound = bound(truth, picture, op);
        let mut exempt = truth.history.clocks.iter();
        let exempt = exempt.any(|clock| clock.process == picture.process);
        if exempt && !op.from.is_empty() {
            findings.stats.exempt += 1;
        }
        let promised = |row: &Row| row.zxid <= op.token || bound.is_some_and(|by| row.at <= by);
        let overdue = |row: &Row| truth.bounds.is_late(row.at, Some(at));
        for (property, due) in [
            (Property::C7, &promised as &dyn Fn(&Row) -> bool),
            (Property::C3, &overdue),
        ] {
            if let Some((path, row)) = missing(truth, picture, (nodes, at), due) {
                let (name, path) = (picture.name(), truth.history.texts.shown(path));
                let text = format!("{name} does not show what {path} is since {}", row.zxid);
                findings.add(property, &[*place], text);
            }
        }
    }
}

/// What the picture says of its age, as the time up to which it shows all; nothing by a clock that is not right.
fn bound(truth: &Truth<'_>, picture: &Picture<'_>, op: &Op) -> Option<Moment> {
    let wrong = truth.history.clocks.iter();
    if wrong.clone().any(|clock| clock.process == picture.process) {
        return None;
    }
    let text = std::str::from_utf8(truth.history.texts.bytes(op.from)).ok()?;
    let age: u64 = text.parse().ok()?;
    // The call reads the clock once, and another one reads it when the call is written down.
    let since = op.invoked.saturating_since(Moment::ZERO);
    let by = since.checked_sub(Duration::from_millis(age))?;
    Moment::ZERO.checked_add(by)
}

/// A node that is shown older than it is since a row that is due, with that row.
pub(super) fn missing<'t>(
    truth: &'t Truth<'_>,
    picture: &Picture<'_>,
    (nodes, at): (&State, Moment),
    due: &dyn Fn(&Row) -> bool,
) -> Option<(Text, &'t Row)> {
    let paths = truth.paths.iter();
    let mut paths = paths.filter(|path| picture.covers(truth.history.texts.bytes(**path)));
    paths.find_map(|path| {
        let rows = truth.rows.at(*path);
        let last = rows.iter().rposition(due)?;
        let row = rows.get(last)?;
        let shows = match nodes.get(path) {
            // It is not known of which write it is: its data tell.
            Some(node) if node.mzxid == Zxid::NONE => {
                let mut later = rows.get(last..).unwrap_or_default().iter();
                later.any(|row| row.after == Some(node.data) && row.at <= at)
            }
            Some(node) => node.mzxid >= row.zxid && (row.after.is_some() || node.czxid > row.zxid),
            // It is gone since, or has been.
            None => {
                let mut later = rows.get(last..).unwrap_or_default().iter();
                later.any(|row| row.after.is_none() && row.at <= at)
            }
        };
        (!shows).then_some((*path, row))
    })
}

/// Whether the state holds all that was committed up to there.
pub(super) fn reaches(
    truth: &Truth<'_>,
    picture: &Picture<'_>,
    state: (&State, Moment),
    zxid: Zxid,
) -> bool {
    missing(truth, picture, state, &|row| row.zxid <= zxid).is_none()
}
