//! Under which name a node is kept.

use zk_client::path;

/// The name of a node that is kept, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// It has this path, in each session.
    Fixed(String),
    /// The server appends digits to `prefix` when it is made for the first time, by which it is known from then on. `mark`
    /// is a part of it that no other name has; `path` is the name without it.
    Unnumbered {
        path: String,
        prefix: String,
        mark: String,
    },
}

impl Place {
    /// As Curator's protection makes it: a name that no other node has.
    pub(super) fn marked(path: &str, uuid: String, is_sequential: bool) -> Self {
        let name = format!("_c_{uuid}-{}", path::name(path));
        let marked = path::join(path::parent(path).unwrap_or("/"), &name);
        if is_sequential {
            Self::Unnumbered {
                path: path.to_owned(),
                prefix: marked,
                mark: uuid,
            }
        } else {
            Self::Fixed(marked)
        }
    }

    /// With another mark, as long as it has no digits: each create of an ephemeral node has its own.
    pub(super) fn remarked(self, uuid: String) -> Self {
        match self {
            Self::Fixed(path) => Self::Fixed(path),
            Self::Unnumbered { path, .. } => Self::marked(&path, uuid, true),
        }
    }

    /// What the name is, or begins with.
    pub(super) fn prefix(&self) -> &str {
        match self {
            Self::Fixed(path) => path,
            Self::Unnumbered { prefix, .. } => prefix,
        }
    }

    pub(super) fn is_sequential(&self) -> bool {
        matches!(self, Self::Unnumbered { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marked_name_is_that_of_curators_protection() {
        let uuid = "53345f98-9423-4e0c-a7b5-9f819e3ec2e1";
        let marked = Place::marked("/a/b", uuid.to_owned(), false);
        assert_eq!(marked, Place::Fixed(format!("/a/_c_{uuid}-b")));
        let top = Place::marked("/b", uuid.to_owned(), true);
        assert_eq!(top.prefix(), format!("/_c_{uuid}-b"));
        assert!(top.is_sequential());
        let again = top.remarked("5d1b0e6f-0000-4000-8000-000000000000".to_owned());
        assert_eq!(again.prefix(), "/_c_5d1b0e6f-0000-4000-8000-000000000000-b");
    }
}
