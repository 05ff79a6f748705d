//! Paths on the command line.

use std::fmt;
use std::str::FromStr;

use zk_recipes::path;

/// A well-formed absolute path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NodePath(String);

impl NodePath {
    /// The path.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for NodePath {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        check(text, path::validate)?;
        Ok(Self(text.to_owned()))
    }
}

/// Reads what a node to create is called: with `--sequential` the last name may be empty, so that is for later.
pub(crate) fn parse_prefix(text: &str) -> Result<String, String> {
    check(text, path::validate_sequential)?;
    Ok(text.to_owned())
}

fn check(text: &str, validate: impl Fn(&str) -> Result<(), path::PathError>) -> Result<(), String> {
    let Err(error) = validate(text) else {
        return Ok(());
    };
    let suggestion = suggest(text).filter(|other| validate(other).is_ok());
    Err(match suggestion {
        Some(other) if !text.starts_with('/') => {
            format!("paths are absolute; did you mean {other}?")
        }
        Some(other) => format!("{}; did you mean {other}?", error.rule),
        None => format!("{} (byte {})", error.rule, error.position),
    })
}

/// The path without doubled and trailing slashes, with one in front.
fn suggest(text: &str) -> Option<String> {
    let names: Vec<&str> = text.split('/').filter(|name| !name.is_empty()).collect();
    (!text.is_empty()).then(|| format!("/{}", names.join("/")))
}

impl fmt::Display for NodePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        text.parse::<NodePath>().unwrap_err()
    }

    #[test]
    fn a_path_that_is_not_absolute_is_refused_with_the_one_that_was_meant() {
        assert_eq!(refused("demo"), "paths are absolute; did you mean /demo?");
        assert_eq!(refused("a/b/"), "paths are absolute; did you mean /a/b?");
    }

    #[test]
    fn a_malformed_path_is_refused_with_the_rule_it_breaks() {
        assert_eq!(
            refused("/a//b"),
            "no name between slashes is empty; did you mean /a/b?"
        );
        assert_eq!(
            refused("/a/"),
            "a path does not end in '/'; did you mean /a?"
        );
        assert_eq!(refused("/a/../b"), "no name is '.' or '..' (byte 3)");
        assert_eq!(refused(""), "a path begins with '/' (byte 0)");
        assert!(refused("/a\u{0}").contains("control characters"));
    }

    #[test]
    fn the_prefix_of_a_sequential_node_may_end_in_a_slash() {
        assert_eq!(parse_prefix("/a/").as_deref(), Ok("/a/"));
        assert!(parse_prefix("a/").is_err());
    }
}
