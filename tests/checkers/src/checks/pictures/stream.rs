//! What a picture tells, change by change.

use super::age::reaches;
use super::picture::{Picture, State, age, told};
use super::truth::Truth;
use crate::records::{Cached, News, NewsKind};
use crate::verdict::{Findings, Property};

/// `C4`: the changes fold to what the picture holds, and follow each other legally. `C5`: a node that was made again was gone
/// before. `C6`: the picture is told to be whole once, and is.
pub(super) fn judge(truth: &Truth<'_>, picture: &Picture<'_>, findings: &mut Findings) {
    let mut fold: Option<State> = None;
    let mut whole: Option<bool> = None;
    for (news, nodes) in &picture.news {
        match news.what {
            NewsKind::All => fold = Some(nodes.clone()),
            NewsKind::Stale => whole = turn(picture, whole, false, findings),
            NewsKind::Fresh => {
                whole = turn(picture, whole, true, findings);
                let state = fold.as_ref();
                if state.is_some_and(|state| !reaches(truth, picture, (state, news.at), news.zxid))
                {
                    let text = format!(
                        "{} is told whole and lacks what was before {}",
                        picture.name(),
                        news.zxid
                    );
                    findings.add(Property::C6, &[], text);
                }
            }
            NewsKind::Created | NewsKind::Changed | NewsKind::Deleted => match &mut fold {
                Some(state) => apply(picture, state, news, findings),
                None => {
                    let text = format!("{} tells of changes before what it holds", picture.name());
                    findings.add(Property::C4, &[], text);
                }
            },
        }
    }
    // Once nothing more is to be told, what was told is what is there.
    let last = picture.news.last().map(|(news, _)| news.at);
    let settled = picture
        .looks
        .iter()
        .rev()
        .find(|(_, op, _)| !op.data.is_empty());
    if let Some((place, op, nodes)) = settled
        && let Some(fold) = fold.filter(|_| last.is_some_and(|last| last <= op.invoked))
    {
        let same = |one: &State, other: &State| {
            let kept = |(_, node): (_, &Cached)| {
                let there = other.get(&node.path);
                there.is_some_and(|there| (age(there), there.data) == (age(node), node.data))
            };
            one.len() == other.len() && one.iter().all(kept)
        };
        if !same(&fold, nodes) {
            let text = format!("{} is not what was told of it", picture.name());
            findings.add(Property::C4, &[*place], text);
        }
    }
}

/// It is whole from here on, or not any more.
fn turn(
    picture: &Picture<'_>,
    before: Option<bool>,
    now: bool,
    findings: &mut Findings,
) -> Option<bool> {
    if before == Some(now) {
        let what = if now { "whole" } else { "behind" };
        let text = format!("{} is told to be {what} twice", picture.name());
        findings.add(Property::C6, &[], text);
    }
    Some(now)
}

fn apply(picture: &Picture<'_>, state: &mut State, news: &News, findings: &mut Findings) {
    let now = told(news);
    let before = match news.what {
        NewsKind::Deleted => state.remove(&news.path),
        _ => state.insert(news.path, now),
    };
    let complain = |findings: &mut Findings, property, why: &str| {
        let path = picture.history.texts.shown(news.path);
        let what = news.what.word();
        let text = format!("{} tells {path} {what} {why}", picture.name());
        findings.add(property, &[], text);
    };
    match (news.what, before) {
        (NewsKind::Created, Some(_)) => complain(findings, Property::C4, "that is there"),
        (NewsKind::Changed | NewsKind::Deleted, None) => {
            complain(findings, Property::C4, "that is not there");
        }
        (NewsKind::Changed, Some(before)) if before.czxid != news.czxid => {
            complain(findings, Property::C5, "that was made again");
        }
        (NewsKind::Changed, Some(before)) if before.data != news.old => {
            complain(
                findings,
                Property::C4,
                "and says that it held something else",
            );
        }
        (NewsKind::Deleted, Some(before))
            if (age(&before), before.data) != (age(&now), now.data) =>
        {
            complain(
                findings,
                Property::C4,
                "and says that it held something else",
            );
        }
        _ => {}
    }
}
