//! The tree below a node of an ensemble, read in the order of an archive.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::timeout;
use zk_recipes::{AddWatchMode, Client, ErrorKind, Watch, WatchEvent, path};

use super::entry::Entry;
use super::header::Consistency;
use super::window::Window;
use crate::exit::Failure;

/// A tree that is read node by node, with many reads under way.
///
/// In memory are at most [`MOST`] nodes' data, and the names of the families on the way down to them.
pub(crate) struct Live {
    client: Client,
    terse: Client,
    root: String,
    acls: bool,
    lenient: bool,
    window: Window,
    ready: VecDeque<Entry>,
    /// How many nodes' data to ask for at a time.
    portion: usize,
    /// What was gone when its data was read: what is still found below it belongs to a later node.
    gone: Option<String>,
    changes: Changes,
    /// Nodes left out because they may not be read.
    pub(crate) unreadable: u64,
}

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
            ready: VecDeque::new(),
            portion: FIRST,
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
            if let Some(entry) = self.ready.pop_front() {
                return Ok(Some(entry));
            }
            if self.window.is_empty() {
                return Ok(None);
            }
            while self.window.ready(MOST) < MOST {
                let asked = self.window.unlisted(LISTS);
                if asked.is_empty() {
                    break;
                }
                let answers = self.list(&asked).await?;
                self.window.list(answers);
            }
            let count = self.window.ready(self.portion);
            let paths = self.window.take(count);
            self.read(paths).await?;
            self.changes.drain().await;
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

    /// Reads data, then ACLs: adjacent reads of one kind travel together.
    async fn read(&mut self, paths: Vec<String>) -> Result<(), Failure> {
        let nodes: Vec<_> = paths
            .iter()
            .map(|path| self.terse.get(path).submit())
            .collect();
        let asks = self.acls;
        let acls: Vec<_> = paths
            .iter()
            .map(|path| asks.then(|| self.terse.acl(path).submit()))
            .collect();
        let (count, mut bytes) = (paths.len(), 0);
        for ((path, node), acl) in paths.into_iter().zip(nodes).zip(acls) {
            let node = node.await;
            let acl = match acl {
                Some(acl) => Some(acl.await),
                None => None,
            };
            if self.is_gone(&path) {
                continue;
            }
            let error = match (node, acl.transpose()) {
                (Ok(node), Ok(acl)) => {
                    bytes += node.data.len();
                    let acl = acl.map(|(acl, _)| acl);
                    self.ready.push_back(Entry::read(path, &node, acl));
                    continue;
                }
                (Err(error), _) | (_, Err(error)) => error,
            };
            match error.kind() {
                ErrorKind::NoNode if path == self.root => {
                    return Err(self.client.explain(error).await.into());
                }
                ErrorKind::NoNode => self.gone = Some(path),
                ErrorKind::NoAuth if self.lenient => {
                    self.unreadable += 1;
                    self.gone = Some(path);
                }
                ErrorKind::NoAuth => {
                    let error = self.client.explain(error).await;
                    return Err(Failure::from(error).with_hint(UNREADABLE));
                }
                _ => return Err(error.into()),
            }
        }
        // As many at a time as fit in memory, by the sizes of the last ones.
        let mean = bytes.checked_div(count).unwrap_or(0).max(1);
        self.portion = (IN_MEMORY / mean).clamp(1, MOST).min(self.portion * 2);
        Ok(())
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
const LISTS: usize = 512;

/// Nodes whose data is read at a time, at most and at first.
const MOST: usize = 512;
const FIRST: usize = 32;

/// The data that is read at a time, by estimate.
const IN_MEMORY: usize = 8 << 20;

const UNREADABLE: &str = "--skip-unreadable leaves out such nodes and what is below them";
