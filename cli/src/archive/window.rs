//! What is known of a tree ahead of the node that is read next.

use std::collections::VecDeque;
use std::vec;

use zk_recipes::path;

/// The part of a tree that was not read yet, in the order of an archive.
///
/// Families stay lists of names until their turn comes, so that a family of many nodes costs its names alone.
#[derive(Debug)]
pub(crate) struct Window {
    items: VecDeque<Item>,
}

#[derive(Debug)]
enum Item {
    /// A node; whether what is below it was listed (and follows, if there is any).
    Node { path: String, listed: bool },
    /// The nodes right below one, the first first.
    Family {
        parent: String,
        names: vec::IntoIter<String>,
    },
}

impl Window {
    pub(crate) fn new(root: &str) -> Self {
        let root = Item::Node {
            path: root.to_owned(),
            listed: false,
        };
        Self {
            items: VecDeque::from([root]),
        }
    }

    /// Whether nothing is left.
    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// How many nodes may be read now: those before the first of which it is not known what is below it. No more than
    /// `most` are counted.
    pub(crate) fn ready(&self, most: usize) -> usize {
        let is_ready = |item: &&Item| matches!(item, Item::Node { listed: true, .. });
        self.items.iter().take(most).take_while(is_ready).count()
    }

    /// The next nodes to read.
    pub(crate) fn take(&mut self, count: usize) -> Vec<String> {
        let items = self.items.drain(..count.min(self.items.len()));
        items
            .filter_map(|item| match item {
                Item::Node { path, .. } => Some(path),
                Item::Family { .. } => None,
            })
            .collect()
    }

    /// The next nodes of which it is not known what is below them; each is to be told with [`list`](Self::list).
    pub(crate) fn unlisted(&mut self, most: usize) -> Vec<String> {
        // What lies far ahead must not grow with each step into a deep tree.
        let most = if self.items.len() > FAR { 1 } else { most };
        let mut found = Vec::new();
        let mut looked_at = VecDeque::new();
        while found.len() < most {
            match self.items.pop_front() {
                Some(Item::Family { parent, mut names }) => {
                    for name in names.by_ref().take(most - found.len()) {
                        let path = path::join(&parent, &name);
                        found.push(path.clone());
                        looked_at.push_back(Item::Node {
                            path,
                            listed: false,
                        });
                    }
                    if names.len() > 0 {
                        self.items.push_front(Item::Family { parent, names });
                    }
                }
                Some(item) => {
                    if let Item::Node {
                        path,
                        listed: false,
                    } = &item
                    {
                        found.push(path.clone());
                    }
                    looked_at.push_back(item);
                }
                None => break,
            }
        }
        looked_at.append(&mut self.items);
        self.items = looked_at;
        found
    }

    /// Tells the names below nodes, in the order of [`unlisted`](Self::unlisted); `None` for a node that is gone.
    pub(crate) fn list(&mut self, answers: Vec<Option<Vec<String>>>) {
        let mut answers = answers.into_iter();
        let mut items = VecDeque::with_capacity(self.items.len());
        while answers.len() > 0 {
            match self.items.pop_front() {
                Some(Item::Node {
                    path,
                    listed: false,
                }) => {
                    let Some(Some(mut names)) = answers.next() else {
                        continue;
                    };
                    names.sort_unstable();
                    let parent = path.clone();
                    items.push_back(Item::Node { path, listed: true });
                    if !names.is_empty() {
                        let names = names.into_iter();
                        items.push_back(Item::Family { parent, names });
                    }
                }
                Some(item) => items.push_back(item),
                None => break,
            }
        }
        items.append(&mut self.items);
        self.items = items;
    }
}

/// How much may lie ahead before it is looked ahead no further.
const FAR: usize = 16_384;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::order;
    use super::*;

    /// A tree by the names below each node.
    fn family(tree: &BTreeMap<String, Vec<String>>, path: &str) -> Vec<String> {
        let mut names = tree.get(path).cloned().unwrap_or_default();
        names.reverse();
        names
    }

    #[test]
    fn nodes_come_in_the_order_of_an_archive_whatever_is_listed_at_a_time() {
        let mut tree = BTreeMap::new();
        let names = |count: usize| (0..count).map(|n| format!("{n:02}")).collect::<Vec<_>>();
        tree.insert("/r".to_owned(), names(20));
        for n in 0..20 {
            tree.insert(format!("/r/{n:02}"), names(n));
            tree.insert(format!("/r/{n:02}/00"), vec!["deep".to_owned()]);
        }
        let mut seen = Vec::new();
        for at_a_time in [1, 2, 7, 1_000] {
            let mut window = Window::new("/r");
            let mut paths = Vec::new();
            while !window.is_empty() {
                match window.ready(5) {
                    0 => {
                        let asked = window.unlisted(at_a_time);
                        assert!(!asked.is_empty() && asked.len() <= at_a_time);
                        let answers = asked.iter().map(|path| Some(family(&tree, path)));
                        window.list(answers.collect());
                    }
                    ready => paths.extend(window.take(ready)),
                }
            }
            assert!(paths.is_sorted_by(|a, b| order::compare(a, b).is_lt()));
            assert_eq!(paths.len(), 1 + 20 + (0..20).sum::<usize>() + 19);
            seen.push(paths);
        }
        seen.dedup();
        assert_eq!(seen.len(), 1);
    }

    #[test]
    fn nodes_that_are_gone_are_left_out() {
        let mut window = Window::new("/r");
        window.unlisted(9);
        window.list(vec![Some(vec!["a".to_owned(), "b".to_owned()])]);
        assert_eq!(window.take(window.ready(9)), ["/r"]);
        assert_eq!(window.unlisted(9), ["/r/a", "/r/b"]);
        window.list(vec![None, Some(Vec::new())]);
        assert_eq!(window.take(window.ready(9)), ["/r/b"]);
        assert!(window.is_empty());
    }
}
