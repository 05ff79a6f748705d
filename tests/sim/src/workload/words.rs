//! Values of a type, as caches show them.

use zk_client::{Error, ErrorKind, path};
use zk_recipes::{Bytes, Cache, CacheSnapshot, CachedNode, Stored, TypedCache, Versioned};

use super::seen::Seen;
use crate::recipe::NO_WORD;

/// A value that a process writes: whose it is, and which.
pub(super) struct Word {
    process: u32,
    number: u64,
}

impl Stored for Word {
    type Error = &'static str;

    fn to_data(&self) -> Result<Bytes, Self::Error> {
        Ok(format!("{}.{}", self.process, self.number).into())
    }

    fn from_data(data: &[u8]) -> Result<Self, Self::Error> {
        let text = std::str::from_utf8(data).map_err(|_| "it is no text")?;
        let (process, number) = text.split_once('.').ok_or("it has no point")?;
        Ok(Self {
            process: process.parse().map_err(|_| "it is nobody's")?,
            number: number.parse().map_err(|_| "it has no number")?,
        })
    }
}

/// What somebody else leaves there, and is no value.
pub(super) fn no_word(value: &str) -> String {
    format!("{NO_WORD}{value}")
}

/// Who reads a cache: as bytes, or as values.
pub(super) struct Reader(Option<TypedCache<Word>>);

impl Reader {
    pub(super) fn new(cache: &Cache, is_typed: bool) -> Self {
        Self(is_typed.then(|| TypedCache::new(cache.clone())))
    }

    /// What is read of a node that was shown or told.
    pub(super) fn read(&self, path: &str, node: &CachedNode) -> Vec<u8> {
        match &self.0 {
            None => node.data().to_vec(),
            Some(words) => told(path, node, &words.read(path, node)),
        }
    }

    /// All that the cache shows now, of which that is a snapshot.
    pub(super) fn all(&self, root: &str, snapshot: &CacheSnapshot) -> Vec<Seen> {
        let nodes = snapshot.nodes().into_iter();
        nodes
            .map(|(path, node)| Seen {
                data: self.shown(root, &path, &node),
                czxid: node.stat().czxid,
                mzxid: node.stat().mzxid,
                path,
            })
            .collect()
    }

    fn shown(&self, root: &str, at: &str, node: &CachedNode) -> Vec<u8> {
        let Some(words) = &self.0 else {
            return self.read(at, node);
        };
        let alone = match words.get(at) {
            Ok(Some(word)) => told(at, node, &Ok(word)),
            Ok(None) => b"nothing, by its path".to_vec(),
            Err(error) => told(at, node, &Err(error)),
        };
        if at == root {
            return alone;
        }
        let children = words.children(path::parent(at).unwrap_or("/"));
        let named = children.iter().find(|(name, _)| name == path::name(at));
        match named {
            Some((_, read)) if told(at, node, read) == alone => alone,
            Some(_) => b"another value, as a child".to_vec(),
            None => b"nothing, as a child".to_vec(),
        }
    }
}

/// What the checkers are told of a reading: the data that make that value, or what is there if it is rightly none.
fn told(path: &str, node: &CachedNode, read: &Result<Versioned<Word>, Error>) -> Vec<u8> {
    let stat = node.stat();
    match read {
        Ok(word) if (word.version, word.mzxid) == (stat.version, stat.mzxid) => {
            let data = word.value.to_data();
            data.map_or_else(|why| why.into(), |data| data.to_vec())
        }
        Ok(_) => b"the value of another write".to_vec(),
        Err(error) => {
            let names = error.kind() == ErrorKind::Undecodable && error.to_string().contains(path);
            if names && Word::from_data(node.data()).is_err() {
                node.data().to_vec()
            } else {
                format!("an error: {error}").into_bytes()
            }
        }
    }
}
