//! What local pictures show and tell, written down.

use zk_checkers::{Cached, Function, News, NewsKind, Outcome, WatchMode};
use zk_recipes::{CacheChange, CacheSnapshot, CachedNode};
use zk_wire::Zxid;

use super::Application;

/// A picture, as it is written down.
#[derive(Debug)]
pub(super) struct Shown {
    /// Its name in this process.
    pub(super) name: String,
    /// What it is of.
    pub(super) root: String,
    /// How much of it.
    pub(super) watch: WatchMode,
    /// Counts what was written down of it.
    pub(super) number: u32,
}

/// A node of it.
pub(super) struct Seen {
    pub(super) path: String,
    pub(super) data: Vec<u8>,
    pub(super) czxid: Zxid,
    pub(super) mzxid: Zxid,
}

/// What it says of its age.
#[derive(Default)]
pub(super) struct Says {
    /// It holds all up to here.
    pub(super) reaches: Option<Zxid>,
    /// It holds all that is older than so many milliseconds.
    pub(super) millis: Option<u128>,
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
    /// Somebody looks at it.
    pub(super) fn look(&mut self, app: &Application, nodes: &[Seen], says: &Says) {
        let number = self.hold(app, nodes);
        let (watch, session) = (self.watch, app.session());
        let recorder = &app.actor.recorder;
        let call = recorder.begin(
            app.process(),
            Function::Picture,
            &self.root,
            |op, history| {
                op.recipe = history.text(&self.name);
                op.watch = watch;
                op.expected = i32::try_from(number).ok();
                op.session = session;
                op.token = says.reaches.unwrap_or_default();
                if let Some(millis) = says.millis {
                    op.from = history.text(&millis.to_string());
                }
                if says.settled {
                    op.data = history.text("settled");
                }
            },
        );
        call.end(1, Outcome::Ok, |_, _| {});
    }

    /// Its stream tells something.
    pub(super) fn tell(&mut self, app: &Application, change: &CacheChange) {
        match change {
            CacheChange::Snapshot(all) | CacheChange::Lagged(all) => {
                let number = self.hold(app, &nodes(all));
                self.news(app, NewsKind::All, None, |news| news.number = number);
            }
            CacheChange::Created { path, node } => {
                self.news(app, NewsKind::Created, Some((path, node, None)), |_| {});
            }
            CacheChange::Updated { path, node, old } => {
                self.news(
                    app,
                    NewsKind::Changed,
                    Some((path, node, Some(old))),
                    |_| {},
                );
            }
            // It is gone, and there again.
            CacheChange::Recreated { path, node, old } => {
                self.news(app, NewsKind::Deleted, Some((path, old, None)), |_| {});
                self.news(app, NewsKind::Created, Some((path, node, None)), |_| {});
            }
            CacheChange::Deleted { path, old } => {
                self.news(app, NewsKind::Deleted, Some((path, old, None)), |_| {});
            }
            CacheChange::Stale => self.news(app, NewsKind::Stale, None, |_| {}),
            CacheChange::Fresh { as_of } => {
                self.news(app, NewsKind::Fresh, None, |news| news.zxid = *as_of);
            }
            _ => {}
        }
    }

    fn news(
        &self,
        app: &Application,
        what: NewsKind,
        node: Option<(&str, &CachedNode, Option<&CachedNode>)>,
        fill: impl FnOnce(&mut News),
    ) {
        let process = app.process();
        app.actor.recorder.with(|history, at| {
            let mut news = News {
                process,
                recipe: history.text(&self.name),
                root: history.text(&self.root),
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
    fn hold(&mut self, app: &Application, nodes: &[Seen]) -> u32 {
        self.number += 1;
        let process = app.process();
        app.actor.recorder.with(|history, _| {
            for node in nodes {
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
        });
        self.number
    }
}
