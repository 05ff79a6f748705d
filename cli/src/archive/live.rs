//! The tree below a node of an ensemble, read in the order of an archive.

use std::collections::VecDeque;
use std::pin::Pin;
use std::time::Duration;

use tokio::time::timeout;
use zk_recipes::{
    Acl, AddWatchMode, Client, Error, ErrorKind, Node, Stat, Watch, WatchEvent, path,
};

use super::entry::Entry;
use super::header::Consistency;
use super::window::Window;
use crate::exit::Failure;

/// A tree that is read node by node, with many reads under way.
///
/// In memory are the data of no more than twice [`BLOCK`] nodes, and the names of the families on the way down to them.
pub(crate) struct Live {
    client: Client,
    terse: Client,
    root: String,
    acls: bool,
    lenient: bool,
    window: Window,
    flying: VecDeque<Flying>,
    /// How much data the last nodes had, on average.
    mean: usize,
    /// What was gone when its data was read: what is still found below it belongs to a later node.
    gone: Option<String>,
    changes: Changes,
    /// Nodes left out because they may not be read.
    pub(crate) unreadable: u64,
}

/// A node that was asked for.
struct Flying {
    path: String,
    node: Answer<Node>,
    acl: Option<Answer<(Vec<Acl>, Stat)>>,
}

type Answer<T> = Pin<Box<dyn Future<Output = Result<T, Error>>>>;

/// What happens to the tree while it is read.
struct Changes {
    /// `None` where servers know no such watches.
    watch: Option<Watch>,
    seen: bool,
    from: i64,
}

impl Live {
    /// Begins to read. With `acls` ACLs are read, too; if `lenient`, what may not be read is left out.
    pub(crate) async fn new(
        client: &Client,
        root: &str,
        acls: bool,
        lenient: bool,
    ) -> Result<Self, Failure> {
        // A missing top is an error worth explaining; what vanishes below it is none.
        client.get(root).await?;
        let watch = client.watch(root, AddWatchMode::PersistentRecursive).await;
        let watch = match watch {
            Ok(watch) => Some(watch.ending_with_connection()),
            Err(error) if error.kind() == ErrorKind::Unimplemented => None,
            Err(error) => return Err(error.into()),
        };
        let from = client.barrier().await?.as_raw();
        Ok(Self {
            client: client.clone(),
            terse: client.terse(),
            root: root.to_owned(),
            acls,
            lenient,
            window: Window::new(root),
            flying: VecDeque::new(),
            mean: FIRST_MEAN,
            gone: None,
            changes: Changes {
                watch,
                seen: false,
                from,
            },
            unreadable: 0,
        })
    }

    /// How many nodes there are, where servers tell: at most so many, since it counts also what is left out.
    pub(crate) async fn count(&self) -> Option<u64> {
        let below = self.terse.all_children_count(&self.root).await.ok()?;
        u64::try_from(below).ok()?.checked_add(1)
    }

    /// The next node; `None` after the last.
    pub(crate) async fn next(&mut self) -> Result<Option<Entry>, Failure> {
        loop {
            let block = (IN_MEMORY / self.mean.max(1)).clamp(1, BLOCK);
            if self.flying.len() < block {
                self.ask(block).await?;
            }
            let Some(flying) = self.flying.pop_front() else {
                return Ok(None);
            };
            if let Some(entry) = self.land(flying).await? {
                return Ok(Some(entry));
            }
        }
    }

    /// What the tree did between the first and the last node, and the transactions around it.
    pub(crate) async fn end(mut self) -> Result<(Consistency, (i64, i64)), Failure> {
        let to = self.client.barrier().await?.as_raw();
        // What the watch has to tell of before that came before its answer.
        self.changes.drain().await;
        let Changes { watch, seen, from } = self.changes;
        let consistency = match (watch, seen) {
            // The barrier itself is a transaction.
            _ if to == from + 1 => Consistency::Snapshot,
            (Some(_), false) => Consistency::Nodes,
            _ => Consistency::Fuzzy,
        };
        Ok((consistency, (from, to)))
    }

    async fn list(&mut self, paths: &[String]) -> Result<Vec<Option<Vec<String>>>, Failure> {
        let asked = paths.iter().map(|path| self.terse.children(path).submit());
        let asked: Vec<_> = asked.collect();
        let mut answers = Vec::with_capacity(paths.len());
        for (path, answer) in paths.iter().zip(asked) {
            answers.push(match answer.await {
                Ok(mut names) => {
                    if self.client.absolute(path) == "/" {
                        // That belongs to the servers.
                        names.retain(|name| name != "zookeeper");
                    }
                    Some(names)
                }
                Err(error) if error.kind() == ErrorKind::NoNode => None,
                // Whether it may be left out is for the read of its data to say.
                Err(error) if error.kind() == ErrorKind::NoAuth => Some(Vec::new()),
                Err(error) => return Err(error.into()),
            });
        }
        Ok(answers)
    }

    /// Asks for the next nodes: for the data of all, then for the ACLs, since adjacent reads of one kind travel together.
    async fn ask(&mut self, block: usize) -> Result<(), Failure> {
        while self.window.ready(block) < block {
            let asked = self.window.unlisted(LISTS);
            if asked.is_empty() {
                break;
            }
            let answers = self.list(&asked).await?;
            self.window.list(answers);
        }
        let paths = self.window.take(self.window.ready(block));
        let first = self.flying.len();
        for path in paths {
            let node = Box::pin(self.terse.get(&path).submit());
            let acl = None;
            self.flying.push_back(Flying { path, node, acl });
        }
        if self.acls {
            for flying in self.flying.iter_mut().skip(first) {
                flying.acl = Some(Box::pin(self.terse.acl(&flying.path).submit()));
            }
        }
        self.changes.drain().await;
        Ok(())
    }

    /// Waits for a node; `None` if it is left out.
    async fn land(&mut self, flying: Flying) -> Result<Option<Entry>, Failure> {
        let Flying { path, node, acl } = flying;
        let node = node.await;
        let acl = match acl {
            Some(acl) => Some(acl.await),
            None => None,
        };
        if self.is_gone(&path) {
            return Ok(None);
        }
        let error = match (node, acl.transpose()) {
            (Ok(node), Ok(acl)) => {
                self.mean = (self.mean * 7 + node.data.len()) / 8;
                let acl = acl.map(|(acl, _)| acl);
                return Ok(Some(Entry::read(path, &node, acl)));
            }
            (Err(error), _) | (_, Err(error)) => error,
        };
        match error.kind() {
            ErrorKind::NoNode if path == self.root => Err(self.client.explain(error).await.into()),
            ErrorKind::NoNode => {
                self.gone = Some(path);
                Ok(None)
            }
            ErrorKind::NoAuth if self.lenient => {
                self.unreadable += 1;
                self.gone = Some(path);
                Ok(None)
            }
            ErrorKind::NoAuth => {
                let error = self.client.explain(error).await;
                Err(Failure::from(error).with_hint(UNREADABLE))
            }
            _ => Err(error.into()),
        }
    }

    /// Whether a node is below one that was gone when its turn came.
    fn is_gone(&self, at: &str) -> bool {
        let gone = self.gone.as_deref();
        gone.is_some_and(|gone| path::ancestors(at).any(|above| above == gone))
    }
}

impl Changes {
    /// Takes what was told so far.
    async fn drain(&mut self) {
        while let Some(watch) = &mut self.watch {
            match timeout(Duration::ZERO, watch.next()).await {
                Err(_) => return,
                Ok(Some(WatchEvent::Fired { path, .. })) if is_servers(&path) => {}
                // A change, a gap, or the end of the connection: one is enough to know.
                Ok(_) => {
                    self.seen = true;
                    self.watch = None;
                }
            }
        }
    }
}

/// Whether a path belongs to the servers.
pub(crate) fn is_servers(path: &str) -> bool {
    path == "/zookeeper" || path.starts_with("/zookeeper/")
}

/// Lists of children under way at a time.
const LISTS: usize = 2_048;

/// Nodes that are asked for at a time, at most; so many more may be under way.
const BLOCK: usize = 256;

/// The data that are asked for at a time, by estimate, and what the estimate begins with.
const IN_MEMORY: usize = 4 << 20;
const FIRST_MEAN: usize = 128 << 10;

const UNREADABLE: &str = "--skip-unreadable leaves out such nodes and what is below them";
