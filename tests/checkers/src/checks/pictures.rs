//! Local pictures of a part of the tree: what they held, and what their streams told.

use std::collections::BTreeMap;

use crate::history::History;
use crate::known::{Bounds, Rows, Tree};
use crate::records::{Cached, Function, News, Op, Outcome};
use crate::text::Text;
use crate::verdict::{Findings, Verdict};

mod age;
mod fresh;
mod picture;
mod stream;
mod truth;

use picture::Picture;

/// `C1` to `C7`, and `S1`.
pub(super) fn check(history: &History) -> Verdict {
    let mut findings = Findings::default();
    let pictures = collect(history);
    if pictures.is_empty() {
        return findings.verdict();
    }
    let (tree, rows, bounds) = (
        Tree::replay(history),
        Rows::of(history),
        Bounds::of(history),
    );
    let paths = truth::paths(history);
    for picture in &pictures {
        findings.stats.judged += picture.news.len() + picture.looks.len();
        let truth = truth::Truth {
            history,
            tree: &tree,
            rows: &rows,
            bounds: &bounds,
            paths: &paths,
        };
        truth::judge(&truth, picture, &mut findings);
        age::judge(&truth, picture, &mut findings);
        fresh::judge(&truth, picture, &mut findings);
        stream::judge(&truth, picture, &mut findings);
    }
    findings.verdict()
}

/// What is known of each picture, in the order of time.
fn collect(history: &History) -> Vec<Picture<'_>> {
    let mut states: BTreeMap<(u32, Text, u32), Vec<Cached>> = BTreeMap::new();
    for cached in &history.cached {
        let key = (cached.process, cached.recipe, cached.number);
        states.entry(key).or_default().push(*cached);
    }
    let mut pictures: BTreeMap<(u32, Text), Picture<'_>> = BTreeMap::new();
    let state = |process, recipe, number| {
        let nodes: &[Cached] = states
            .get(&(process, recipe, number))
            .map(Vec::as_slice)
            .unwrap_or_default();
        nodes.iter().map(|node| (node.path, *node)).collect()
    };
    let mut news: Vec<&News> = history.news.iter().collect();
    news.sort_by_key(|news| news.at);
    for told in news {
        let picture = (pictures.entry((told.process, told.recipe)))
            .or_insert_with(|| Picture::new(history, told.process, told.root));
        picture.watch = picture.watch.max(told.watch);
        let nodes = state(told.process, told.recipe, told.number);
        picture.news.push((*told, nodes));
    }
    let looks = history.ops.iter().enumerate();
    let looks = looks.filter(|(_, op)| {
        op.function == Function::Picture && op.outcome == Outcome::Ok && op.returned.is_some()
    });
    let mut looks: Vec<(usize, &Op)> = looks.collect();
    looks.sort_by_key(|(_, op)| op.invoked);
    for (place, op) in looks {
        let picture = (pictures.entry((op.process, op.recipe)))
            .or_insert_with(|| Picture::new(history, op.process, op.path));
        let number = op.expected.and_then(|number| u32::try_from(number).ok());
        let nodes = state(op.process, op.recipe, number.unwrap_or(0));
        picture.watch = picture.watch.max(op.watch);
        picture.looks.push((place, *op, nodes));
    }
    pictures.into_values().collect()
}
