//! What local pictures show and tell, written down.

use zk_checkers::{Cached, Function, History, News, NewsKind, Outcome, WatchMode};
use zk_recipes::{CacheChange, CacheSnapshot, CachedNode};
use zk_wire::Zxid;

use super::Application;
use super::seen::Seen;
use super::words::Reader;

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

/// What it says of its age.
#[derive(Default)]
pub(super) struct Says {
    /// It holds all up to here.
    pub(super) reaches: Option<Zxid>,
    /// It holds all that is older than so many milliseconds.
    pub(super) millis: Option<u128>,
    /// Its stream has told all.
    pub(super) settled: bool,
    /// Whether it calls itself fresh.
    pub(super) fresh: Option<bool>,
}

/// The nodes of a snapshot, as somebody reads them.
fn nodes(snapshot: &CacheSnapshot, reader: &Reader) -> Vec<Seen> {
    let nodes = snapshot.nodes().into_iter();
    nodes
        .map(|(path, node)| seen(&path, &node, reader))
        .collect()
}

fn seen(path: &str, node: &CachedNode, reader: &Reader) -> Seen {
    Seen {
        path: path.to_owned(),
        data: reader.read(path, node),
        czxid: node.stat().czxid,
        mzxid: node.stat().mzxid,
    }
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
                op.reply = match says.fresh {
                    Some(true) => history.text("fresh"),
                    Some(false) => history.text("stale"),
                    None => op.reply,
                };
            },
        );
        call.end(1, Outcome::Ok, |_, _| {});
    }

    /// Its stream tells something.
    pub(super) fn tell(&mut self, app: &Application, change: &CacheChange, reader: &Reader) {
        let seen = |path: &str, node: &CachedNode| seen(path, node, reader);
        match change {
            CacheChange::Snapshot(all) | CacheChange::Lagged(all) => {
                self.begin(app, &nodes(all, reader));
            }
            CacheChange::Created { path, node } => {
                self.news(app, NewsKind::Created, &seen(path, node), &[]);
            }
            CacheChange::Updated { path, node, old } => {
                let old = reader.read(path, old);
                self.news(app, NewsKind::Changed, &seen(path, node), &old);
            }
            // It is gone, and there again.
            CacheChange::Recreated { path, node, old } => {
                self.news(app, NewsKind::Deleted, &seen(path, old), &[]);
                self.news(app, NewsKind::Created, &seen(path, node), &[]);
            }
            CacheChange::Deleted { path, old } => {
                self.news(app, NewsKind::Deleted, &seen(path, old), &[]);
            }
            CacheChange::Stale => self.turn(app, None),
            CacheChange::Fresh { as_of } => self.turn(app, Some(*as_of)),
            _ => {}
        }
    }

    /// Its stream tells all that it holds.
    pub(super) fn begin(&mut self, app: &Application, nodes: &[Seen]) {
        let number = self.hold(app, nodes);
        self.record(app, NewsKind::All, |news, _| news.number = number);
    }

    /// Its stream tells that it may be behind from here on, or that it is whole up to there.
    pub(super) fn turn(&self, app: &Application, whole: Option<Zxid>) {
        let what = match whole {
            Some(_) => NewsKind::Fresh,
            None => NewsKind::Stale,
        };
        self.record(app, what, |news, _| news.zxid = whole.unwrap_or_default());
    }

    /// Its stream tells of a node: what it is, or was if it is gone, and what it held before.
    pub(super) fn news(&self, app: &Application, what: NewsKind, node: &Seen, old: &[u8]) {
        self.record(app, what, |news, history| {
            news.path = history.text(&node.path);
            news.data = history.data(&node.data);
            news.old = history.data(old);
            (news.czxid, news.mzxid) = (node.czxid, node.mzxid);
        });
    }

    fn record(
        &self,
        app: &Application,
        what: NewsKind,
        fill: impl FnOnce(&mut News, &mut History),
    ) {
        let (process, watch) = (app.process(), self.watch);
        app.actor.recorder.with(|history, at| {
            let mut news = News {
                process,
                recipe: history.text(&self.name),
                root: history.text(&self.root),
                watch,
                what,
                at,
                ..News::default()
            };
            fill(&mut news, history);
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
