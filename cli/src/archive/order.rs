//! The order of an archive: each node before what is below it, siblings by name.

use std::cmp::Ordering;

/// Compares two paths by that order. Byte order is not it: `-` is less than `/`.
pub(crate) fn compare(a: &str, b: &str) -> Ordering {
    names(a).cmp(names(b))
}

/// The path below `root`, with a slash in front; `/` for the root itself, `None` for what is not below it.
pub(crate) fn relative<'a>(root: &str, path: &'a str) -> Option<&'a str> {
    if root == "/" {
        return Some(path);
    }
    match path.strip_prefix(root)? {
        "" => Some("/"),
        below if below.starts_with('/') => Some(below),
        _ => None,
    }
}

/// Where a path that is relative to another root is below `root`.
pub(crate) fn below(root: &str, relative: &str) -> String {
    match (root, relative) {
        ("/", _) => relative.to_owned(),
        (_, "/") => root.to_owned(),
        _ => format!("{root}{relative}"),
    }
}

fn names(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_stands_before_what_is_below_it_and_that_before_its_siblings() {
        let sorted = ["/", "/a", "/a/b", "/a/b/c", "/a-b", "/a0", "/b"];
        for (at, a) in sorted.iter().enumerate() {
            for (other, b) in sorted.iter().enumerate() {
                assert_eq!(compare(a, b), at.cmp(&other), "{a} {b}");
            }
        }
    }

    #[test]
    fn a_path_moves_from_one_root_to_another_and_back() {
        for root in ["/", "/app"] {
            for path in ["/", "/a", "/a/b"] {
                assert_eq!(relative(root, &below(root, path)), Some(path));
            }
        }
        assert_eq!(relative("/app", "/apple"), None);
        assert_eq!(relative("/app", "/"), None);
    }
}
