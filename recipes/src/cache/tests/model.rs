//! Whatever happens in whatever order, the tree is what the server has, the changes fold to it, and nothing is promised that is
//! not so.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use proptest::prelude::*;
use zk_client::{EventType, Zxid};

use super::super::asks::{Job, Mark};
use super::super::change::CacheChange;
use super::super::engine::{Engine, Watching};
use super::super::limits::Limits;
use super::super::node::CachedNode;
use super::super::scope::Scope;
use super::super::tree::Tree;
use super::server::{Asked, Sent, Server, State};

#[derive(Debug, Clone)]
enum Step {
    /// The server commits something: 0 deletes, others write.
    Write(usize, u8),
    /// The client sends so many of the reads that are due.
    Send(usize),
    /// The server answers so many requests.
    Answer(usize),
    /// So many messages arrive, and are taken in.
    Arrive(usize),
    /// The client asks where the server is.
    Question,
    /// The connection breaks, and there is another.
    Cut,
}

const PATHS: [&str; 11] = [
    "/c", "/c/a", "/c/a/a", "/c/a/b", "/c/a/b/c", "/c/b", "/c/b/x", "/c/x", "/c/x/a", "/d",
    "/c/b/a",
];

struct Run {
    server: Server,
    /// Sent and not answered.
    asked: VecDeque<Asked>,
    /// Sent and not taken in, to be sent again if the connection breaks.
    under_way: VecDeque<Asked>,
    engine: Engine,
    tree: Tree,
    /// What a reader makes of the changes.
    folded: BTreeMap<String, State>,
    /// The newest state that was ever shown of each path.
    newest: BTreeMap<String, (i64, i64)>,
    as_of: Zxid,
}

impl Run {
    fn new(scope: Scope, watching: Watching) -> Self {
        let mut engine = Engine::new(scope.clone(), Limits::default(), watching);
        engine.walk();
        Self {
            server: Server::new(scope, watching),
            asked: VecDeque::new(),
            under_way: VecDeque::new(),
            engine,
            tree: Tree::default(),
            folded: BTreeMap::new(),
            newest: BTreeMap::new(),
            as_of: Zxid::NONE,
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Write(path, what) => self.server.write(PATHS[*path], *what),
            Step::Send(count) => {
                for _ in 0..*count {
                    match self.engine.pop() {
                        None => break,
                        Some(Job::Ask(ask)) => self.ask(Asked::Read(ask)),
                        Some(Job::Mark(mark)) => self.ask(Asked::Mark(mark)),
                    }
                }
            }
            Step::Question => self.ask(Asked::Zxid),
            Step::Answer(count) => {
                for _ in 0..*count {
                    let Some(asked) = self.asked.pop_front() else {
                        break;
                    };
                    self.server.answer(&asked);
                }
            }
            Step::Arrive(count) => {
                let count = self.server.sent.len().min(*count);
                let arrived: Vec<_> = self.server.sent.drain(..count).collect();
                self.take_in(arrived);
            }
            Step::Cut => {
                self.server.reconnect();
                self.asked = self.under_way.clone();
                if self.engine.watching == Watching::Recursive {
                    self.engine.walk();
                }
            }
        }
    }

    fn ask(&mut self, asked: Asked) {
        self.asked.push_back(asked.clone());
        self.under_way.push_back(asked);
    }

    /// As the keeper does: events first, then answers.
    fn take_in(&mut self, arrived: Vec<Sent>) {
        let mut changes = Vec::new();
        for sent in &arrived {
            if let Sent::Event(kind, path, zxid) = sent {
                self.engine
                    .told(&mut self.tree, &mut changes, *kind, path, Some(*zxid));
            }
        }
        for sent in arrived {
            if !matches!(sent, Sent::Event(..)) {
                self.under_way.pop_front();
            }
            match sent {
                Sent::Event(..) => {}
                Sent::Mark(mark) => self.engine.passed(mark),
                Sent::Zxid(zxid) => self.engine.mark(Mark {
                    as_of: Some(zxid),
                    sure: None,
                }),
                Sent::Found(ask, found) => self
                    .engine
                    .found(&mut self.tree, &mut changes, &ask, found)
                    .unwrap(),
            }
        }
        changes.into_iter().for_each(|change| self.fold(change));
        let reached = self.engine.reached().as_of.unwrap_or(Zxid::NONE);
        self.as_of = self.as_of.max(reached);
        self.check();
    }

    fn fold(&mut self, change: CacheChange) {
        let path = change.path().unwrap().to_owned();
        match change {
            CacheChange::Created { node, .. } => {
                let (now, none) = (state(&node), self.folded.get(&path));
                assert_eq!(none, None, "{path} was made twice");
                let newest = self.newest.get(&path);
                assert!(
                    newest.is_none_or(|newest| *newest < (now.0, now.1)),
                    "{path}: {now:?} after {newest:?}"
                );
                self.show(path, now);
            }
            CacheChange::Updated { node, old, .. } => {
                let (now, was) = (state(&node), state(&old));
                assert_eq!(self.folded.get(&path), Some(&was));
                assert!(now.0 == was.0 && now.1 > was.1, "{path} went back");
                self.show(path, now);
            }
            CacheChange::Recreated { node, old, .. } => {
                let (now, was) = (state(&node), state(&old));
                assert_eq!(self.folded.get(&path), Some(&was));
                assert!(now.0 > was.1, "{path} is not another");
                let below = format!("{path}/");
                let mut below = self
                    .folded
                    .iter()
                    .filter(|(path, _)| path.starts_with(&below));
                assert!(below.all(|(_, below)| below.0 > now.0));
                self.show(path, now);
            }
            CacheChange::Deleted { old, .. } => {
                assert_eq!(self.folded.remove(&path), Some(state(&old)));
                let below = format!("{path}/");
                assert!(!self.folded.keys().any(|path| path.starts_with(&below)));
            }
            other => panic!("{other:?}"),
        }
    }

    fn show(&mut self, path: String, now: State) {
        let was_so = &self.server.history[&path];
        assert!(was_so.iter().any(|(_, state)| state.as_ref() == Some(&now)));
        self.newest.insert(path.clone(), (now.0, now.1));
        self.folded.insert(path, now);
    }

    fn shown(&self) -> BTreeMap<String, State> {
        let all = self.tree.all().into_iter();
        all.map(|(below, node)| (self.engine.scope.path(&below), state(&node)))
            .collect()
    }

    fn check(&self) {
        let shown = self.shown();
        assert_eq!(shown, self.folded);
        assert_eq!(shown.len(), self.tree.nodes());
        let weight = |(path, state): (&String, &State)| {
            let name = path.rsplit('/').next().unwrap_or_default();
            state.2.len() + if path == "/c" { 0 } else { name.len() }
        };
        assert_eq!(shown.iter().map(weight).sum::<usize>(), self.tree.bytes());
        // Whatever is shown of a node was so at the transaction that all is promised up to, or later.
        for (path, history) in &self.server.history {
            let below = self.engine.scope.below(path);
            if !below.is_some_and(|below| self.engine.scope.wants(below)) {
                continue;
            }
            let later = history.iter().rev().scan(true, |later, (zxid, state)| {
                let is_later = *later;
                *later = Zxid::from_raw(*zxid) > self.as_of;
                is_later.then_some(state.clone())
            });
            let mut states: Vec<_> = later.collect();
            if Zxid::from_raw(history[0].0) > self.as_of {
                states.push(None);
            }
            let now = shown.get(path).cloned();
            assert!(
                states.contains(&now),
                "{path} is shown as {now:?} as of {}, was {history:?}",
                self.as_of
            );
        }
    }

    /// Nothing is written any more, and all arrives.
    fn finish(&mut self) {
        for _ in 0..10_000 {
            self.step(&Step::Answer(9));
            self.step(&Step::Arrive(9));
            self.step(&Step::Send(9));
            if self.under_way.is_empty() && self.server.sent.is_empty() {
                break;
            }
        }
        assert_eq!(self.engine.pop(), None);
        assert!(!self.engine.is_walking());
        assert_eq!(self.shown(), self.server.wanted());
        self.step(&Step::Question);
        let at = Zxid::from_raw(self.server.zxid);
        for _ in 0..4 {
            self.step(&Step::Answer(9));
            self.step(&Step::Arrive(9));
            self.step(&Step::Send(9));
        }
        assert_eq!(self.as_of, at);
    }
}

fn state(node: &CachedNode) -> State {
    let stat = node.stat();
    let data = String::from_utf8(node.data().to_vec()).unwrap();
    (stat.czxid.as_raw(), stat.mzxid.as_raw(), data)
}

/// Steps on a few paths or many, with cuts, which mend much, or without.
fn steps() -> impl Strategy<Value = Vec<Step>> {
    (2..=PATHS.len(), 0..2u32).prop_flat_map(|(paths, cuts)| {
        let step = prop_oneof![
            8 => (0..paths, 0..3u8).prop_map(|(path, what)| Step::Write(path, what)),
            4 => (1..6usize).prop_map(Step::Send),
            4 => (1..6usize).prop_map(Step::Answer),
            3 => (1..8usize).prop_map(Step::Arrive),
            1 => Just(Step::Question),
            cuts => Just(Step::Cut),
        ];
        prop::collection::vec(step, 0..100)
    })
}

fn scopes() -> impl Strategy<Value = Scope> {
    (
        prop_oneof![Just(0), Just(1), Just(2), Just(usize::MAX)],
        any::<bool>(),
    )
        .prop_map(|(depth, selects)| {
            let mut scope = Scope::new("/c", depth);
            if selects {
                scope.select = Some(Arc::new(|path| !path.ends_with("/x")));
            }
            scope
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 250, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn c87_with_one_watch_over_all_the_tree_is_the_servers_and_the_changes_fold_to_it(
        steps in steps(), scope in scopes()
    ) {
        let mut run = Run::new(scope, Watching::Recursive);
        steps.iter().for_each(|step| run.step(step));
        run.finish();
    }

    #[test]
    fn c87_with_a_watch_per_read_the_tree_is_the_servers_and_the_changes_fold_to_it(
        steps in steps(), scope in scopes()
    ) {
        let mut run = Run::new(scope, Watching::OneShot);
        steps.iter().for_each(|step| run.step(step));
        run.finish();
    }
}

/// A server that tells of more nodes than anybody could read costs a walk, and no memory for each.
#[test]
fn a_flood_of_events_is_answered_with_one_walk() {
    let mut engine = Engine::new(
        Scope::new("/c", usize::MAX),
        Limits::default(),
        Watching::Recursive,
    );
    let (mut tree, mut changes) = (Tree::default(), Vec::new());
    for number in 0..200_000 {
        let (kind, path) = (EventType::Created, format!("/c/{number}"));
        engine.told(&mut tree, &mut changes, kind, &path, None);
    }
    assert!(engine.is_walking());
    let jobs = std::iter::from_fn(|| engine.pop());
    assert_eq!(jobs.count(), 65_537);
}
