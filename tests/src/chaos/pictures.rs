//! What local pictures show and tell, written down for the checkers.

use std::time::Duration;

use zk_checkers::{Cached, Function, History, News, NewsKind, Outcome, WatchMode};
use zk_recipes::{CacheChange, CacheSnapshot, CachedNode, Zxid};
use zk_wire::Moment;

use super::worker::Worker;

/// A picture, as it is written down.
#[derive(Debug)]
pub(super) struct Shown {
    /// Like no other.
    pub(super) name: String,
    /// What it is of.
    pub(super) root: &'static str,
    /// How much of it.
    pub(super) watch: WatchMode,
    /// Counts what was written down of it.
    number: u32,
}

/// A node of it.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) path: String,
    pub(super) data: Vec<u8>,
    pub(super) czxid: Zxid,
    pub(super) mzxid: Zxid,
}

/// What it says of its age, and since when.
#[derive(Debug, Default)]
pub(super) struct Says {
    /// It holds all up to here.
    pub(super) reaches: Option<Zxid>,
    /// It holds all that was committed so long before it was asked, and when that was.
    pub(super) age: Option<(Moment, Duration)>,
    /// Its stream has told all.
    pub(super) settled: bool,
}

/// The nodes of a snapshot.
pub(super) fn nodes(snapshot: &CacheSnapshot) -> Vec<Seen> {
    let nodes = snapshot.nodes().into_iter();
    nodes
        .map(|(path, node)| Seen {
            path,
            data: node.data().to_vec(),
            czxid: node.stat().czxid,
            mzxid: node.stat().mzxid,
        })
        .collect()
}

impl Shown {
    pub(super) fn new(name: String, root: &'static str, watch: WatchMode) -> Self {
        Self {
            name,
            root,
            watch,
            number: 0,
        }
    }

    /// Somebody looks at it.
    pub(super) fn look(&mut self, worker: &Worker, seen: &[Seen], says: &Says) {
        let number = (worker.scribe).write(|history, _| self.hold(history, worker.process(), seen));
        let call = worker.begin(Function::Picture, self.root, |op, history| {
            op.recipe = history.text(&self.name);
            op.watch = self.watch;
            op.expected = i32::try_from(number).ok();
            op.token = says.reaches.unwrap_or_default();
            if let Some((asked, age)) = says.age {
                // It was asked before this is written down. All these are cut to whole milliseconds.
                let age = age + op.invoked.saturating_since(asked);
                op.from = history.text(&(age.as_millis() + 2).to_string());
            }
            if says.settled {
                op.data = history.text("settled");
            }
        });
        worker.end(call, Outcome::Ok, |_, _| {});
    }

    /// Its stream tells something.
    pub(super) fn tell(&mut self, worker: &Worker, change: &CacheChange) {
        match change {
            CacheChange::Snapshot(all) | CacheChange::Lagged(all) => {
                let seen = nodes(all);
                let number = worker
                    .scribe
                    .write(|history, _| self.hold(history, worker.process(), &seen));
                self.news(worker, NewsKind::All, None, |news| news.number = number);
            }
            CacheChange::Created { path, node } => {
                self.news(worker, NewsKind::Created, Some((path, node, None)), |_| {});
            }
            CacheChange::Updated { path, node, old } => {
                let node = Some((&**path, node, Some(old)));
                self.news(worker, NewsKind::Changed, node, |_| {});
            }
            // It is gone, and there again.
            CacheChange::Recreated { path, node, old } => {
                self.news(worker, NewsKind::Deleted, Some((path, old, None)), |_| {});
                self.news(worker, NewsKind::Created, Some((path, node, None)), |_| {});
            }
            CacheChange::Deleted { path, old } => {
                self.news(worker, NewsKind::Deleted, Some((path, old, None)), |_| {});
            }
            CacheChange::Stale => self.news(worker, NewsKind::Stale, None, |_| {}),
            CacheChange::Fresh { as_of } => {
                self.news(worker, NewsKind::Fresh, None, |news| news.zxid = *as_of);
            }
            _ => {}
        }
    }

    fn news(
        &self,
        worker: &Worker,
        what: NewsKind,
        node: Option<(&str, &CachedNode, Option<&CachedNode>)>,
        fill: impl FnOnce(&mut News),
    ) {
        worker.scribe.write(|history, at| {
            let mut news = News {
                process: worker.process(),
                recipe: history.text(&self.name),
                root: history.text(self.root),
                watch: self.watch,
                what,
                at,
                ..News::default()
            };
            if let Some((path, node, old)) = node {
                news.path = history.text(path);
                news.data = history.data(node.data());
                news.old = history.data(old.map(CachedNode::data).unwrap_or_default());
                (news.czxid, news.mzxid) = (node.stat().czxid, node.stat().mzxid);
            }
            fill(&mut news);
            history.news.push(news);
        });
    }

    /// Writes down what it holds: under which number.
    fn hold(&mut self, history: &mut History, process: u32, seen: &[Seen]) -> u32 {
        self.number += 1;
        for node in seen {
            let cached = Cached {
                process,
                recipe: history.text(&self.name),
                number: self.number,
                path: history.text(&node.path),
                data: history.data(&node.data),
                czxid: node.czxid,
                mzxid: node.mzxid,
            };
            history.cached.push(cached);
        }
        self.number
    }
}
