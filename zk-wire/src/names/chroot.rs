//! A part of the tree taken for the whole.

use std::borrow::Cow;
use std::fmt;

use crate::path::{self, PathError};

/// The path under which a client sees its root.
///
/// Only the client knows of it: paths get the prefix on their way out and lose it on their way in.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Chroot {
    /// Empty for the server's own root, so that it can be put before any path.
    prefix: Box<str>,
}

impl Chroot {
    /// The server's own root: changes nothing.
    #[must_use]
    pub fn root() -> Self {
        Self::default()
    }

    /// The chroot at `path`; `/` is the server's own root.
    ///
    /// # Errors
    ///
    /// [`PathError`] if `path` is malformed.
    pub fn new(path: &str) -> Result<Self, PathError> {
        path::validate(path)?;
        Ok(Self {
            prefix: if path == "/" { "".into() } else { path.into() },
        })
    }

    /// The chroot's own path on the server.
    #[must_use]
    pub fn path(&self) -> &str {
        if self.prefix.is_empty() {
            "/"
        } else {
            &self.prefix
        }
    }

    /// Whether this is the server's own root.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.prefix.is_empty()
    }

    /// The path on the server of what the client calls `path`; `/` is the chroot itself.
    #[must_use]
    pub fn absolute<'a>(&self, path: &'a str) -> Cow<'a, str> {
        if self.prefix.is_empty() {
            Cow::Borrowed(path)
        } else if path == "/" {
            Cow::Owned(self.prefix.to_string())
        } else {
            let mut absolute = String::with_capacity(self.prefix.len() + path.len());
            absolute.push_str(&self.prefix);
            absolute.push_str(path);
            Cow::Owned(absolute)
        }
    }

    /// What the client calls the node at `path` on the server; `None` if it lies outside, such as the
    /// configuration node.
    #[must_use]
    pub fn strip<'a>(&self, path: &'a str) -> Option<&'a str> {
        if self.prefix.is_empty() {
            return Some(path);
        }
        match path.strip_prefix(&*self.prefix)? {
            "" => Some("/"),
            inside if inside.starts_with('/') => Some(inside),
            // The prefix ended in the middle of a name.
            _ => None,
        }
    }

    /// The chroot at `sub` inside this one.
    ///
    /// # Errors
    ///
    /// [`PathError`] if `sub` is malformed.
    pub fn join(&self, sub: &str) -> Result<Self, PathError> {
        path::validate(sub)?;
        Self::new(&self.absolute(sub))
    }
}

impl fmt::Display for Chroot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.path())
    }
}

impl fmt::Debug for Chroot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Chroot({})", self.path())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_go_out_with_the_prefix_and_come_back_without() {
        let app = Chroot::new("/app").unwrap();
        assert_eq!(app.absolute("/a/b"), "/app/a/b");
        assert_eq!(app.absolute("/"), "/app");
        assert_eq!(app.strip("/app/a/b"), Some("/a/b"));
        assert_eq!(app.strip("/app"), Some("/"));
    }

    #[test]
    fn what_lies_outside_is_not_stripped() {
        let app = Chroot::new("/app").unwrap();
        assert_eq!(app.strip("/apple"), None);
        assert_eq!(app.strip("/zookeeper/config"), None);
        assert_eq!(app.strip("/"), None);
    }

    #[test]
    fn the_root_changes_nothing() {
        for root in [Chroot::root(), Chroot::new("/").unwrap()] {
            assert!(root.is_root());
            assert!(matches!(root.absolute("/a"), Cow::Borrowed("/a")));
            assert_eq!(root.strip("/a"), Some("/a"));
            assert_eq!(root.path(), "/");
        }
    }

    #[test]
    fn chroots_nest() {
        let app = Chroot::root().join("/app").unwrap();
        assert_eq!(app.join("/sub").unwrap().path(), "/app/sub");
        assert_eq!(app.join("/").unwrap(), app);
        assert!(app.join("sub").is_err());
        assert!(Chroot::new("/app/").is_err());
    }
}
