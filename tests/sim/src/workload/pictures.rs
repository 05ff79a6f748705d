//! What local pictures show and tell, written down.

use zk_checkers::{Cached, Function, News, NewsKind, Outcome, WatchMode};
use zk_recipes::{CacheChange, CacheSnapshot};
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
        let mut news = News {
            process: app.process(),
            ..News::default()
        };
        let (now, old) = match change {
            CacheChange::Snapshot(all) | CacheChange::Lagged(all) => {
                news.number = self.hold(app, &nodes(all));
                (None, None)
            }
            CacheChange::Created { path, node } => {
                news.what = NewsKind::Created;
                (Some((path, node)), None)
            }
            CacheChange::Updated { path, node, old } => {
                news.what = NewsKind::Changed;
                (Some((path, node)), Some(old))
            }
            CacheChange::Deleted { path, old } => {
                news.what = NewsKind::Deleted;
                (Some((path, old)), None)
            }
            CacheChange::Stale => {
                news.what = NewsKind::Stale;
                (None, None)
            }
            CacheChange::Fresh { as_of } => {
                news.what = NewsKind::Fresh;
                news.zxid = *as_of;
                (None, None)
            }
            _ => return,
        };
        app.actor.recorder.with(|history, at| {
            news.at = at;
            news.recipe = history.text(&self.name);
            news.root = history.text(&self.root);
            if let Some((path, node)) = now {
                news.path = history.text(path);
                news.data = history.data(node.data());
                news.czxid = node.stat().czxid;
                news.mzxid = node.stat().mzxid;
            }
            if let Some(old) = old {
                news.old = history.data(old.data());
            }
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
