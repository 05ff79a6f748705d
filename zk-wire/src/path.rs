//! The rules for paths, and arithmetic on them.

use thiserror::Error;

/// The rule that a path breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum PathRule {
    /// A path begins with `/`.
    #[error("a path begins with '/'")]
    NotAbsolute,
    /// A path other than the root does not end in `/`.
    #[error("a path does not end in '/'")]
    TrailingSlash,
    /// No name is empty.
    #[error("no name between slashes is empty")]
    EmptyName,
    /// No name is `.` or `..`.
    #[error("no name is '.' or '..'")]
    RelativeName,
    /// Control, private-use and supplementary characters are not allowed.
    #[error(
        "control characters, private-use characters and characters beyond U+FFEF are not allowed"
    )]
    Character(char),
}

/// A path that every server refuses.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("path {path:?} is malformed at byte {position}: {rule}")]
#[non_exhaustive]
pub struct PathError {
    /// The path.
    pub path: String,
    /// Where it breaks the rule, in bytes from its beginning.
    pub position: usize,
    /// The rule it breaks.
    pub rule: PathRule,
}

/// Checks a complete path by the rule of ZooKeeper's server.
///
/// # Errors
///
/// [`PathError`] with the first rule that `path` breaks.
pub fn validate(path: &str) -> Result<(), PathError> {
    check(path, false).map_err(|(position, rule)| PathError {
        path: path.to_owned(),
        position,
        rule,
    })
}

/// Checks what a sequential create is given: the server appends a number before it checks, so the last
/// name may be empty, `.` or `..`.
///
/// # Errors
///
/// [`PathError`] with the first rule that `path` breaks.
pub fn validate_sequential(path: &str) -> Result<(), PathError> {
    check(path, true).map_err(|(position, rule)| PathError {
        path: path.to_owned(),
        position,
        rule,
    })
}

fn check(path: &str, to_be_continued: bool) -> Result<(), (usize, PathRule)> {
    let Some(names) = path.strip_prefix('/') else {
        return Err((0, PathRule::NotAbsolute));
    };
    if names.is_empty() {
        return Ok(());
    }
    let mut position = 1;
    let mut names = names.split('/').peekable();
    while let Some(name) = names.next() {
        if let Some((at, character)) = name.char_indices().find(|(_, c)| is_forbidden(*c)) {
            return Err((position + at, PathRule::Character(character)));
        }
        let is_last = names.peek().is_none();
        if !(is_last && to_be_continued) {
            match name {
                "" if is_last => return Err((position - 1, PathRule::TrailingSlash)),
                "" => return Err((position, PathRule::EmptyName)),
                "." | ".." => return Err((position, PathRule::RelativeName)),
                _ => {}
            }
        }
        position += name.len() + 1;
    }
    Ok(())
}

/// The server judges UTF-16 units, so the two surrogates of a supplementary character are forbidden, too.
const fn is_forbidden(character: char) -> bool {
    matches!(
        character,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{e000}'..='\u{f8ff}' | '\u{fff0}'..=char::MAX
    )
}

/// The path above `path`; `None` for the root and for what is no path.
#[must_use]
pub fn parent(path: &str) -> Option<&str> {
    if path == "/" {
        return None;
    }
    match path.rsplit_once('/')? {
        ("", _) => Some("/"),
        (parent, _) => Some(parent),
    }
}

/// The last name of `path`; empty for the root.
#[must_use]
pub fn name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// The path of the child `name` of `parent`.
#[must_use]
pub fn join(parent: &str, name: &str) -> String {
    let parent = if parent == "/" { "" } else { parent };
    let mut path = String::with_capacity(parent.len() + 1 + name.len());
    path.push_str(parent);
    path.push('/');
    path.push_str(name);
    path
}

/// The paths above `path`, nearest first, the root last.
pub fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(parent(path), |path| parent(path))
}

/// The number a server appended to a sequential node's name or path.
///
/// It is the parent's 32-bit counter in ten digits, zero padded, with a minus sign inside these ten
/// places or, from −1 000 000 000 down, before them as an eleventh. The text alone can allow two numbers:
/// the dash of `lock-2147483647` is taken for a separator, and that of `lock--2147483647`, or of a name
/// without any prefix, for the sign. Who knows the prefix asks [`sequence_after`].
///
/// ```
/// use zk_wire::path::sequence_suffix;
///
/// assert_eq!(sequence_suffix("lock-0000000042"), Some(42));
/// assert_eq!(sequence_suffix("lock--000000042"), Some(-42));
/// assert_eq!(sequence_suffix("lock--2147483648"), Some(-2_147_483_648));
/// assert_eq!(sequence_suffix("lock"), None);
/// ```
#[must_use]
pub fn sequence_suffix(name: &str) -> Option<i64> {
    let (prefix, ten) = name.split_at_checked(name.len().checked_sub(10)?)?;
    let short = parse_sequence(ten);
    let Some(before) = prefix.strip_suffix('-') else {
        return short;
    };
    let long = name.get(before.len()..).and_then(parse_sequence);
    if before.is_empty() || before.ends_with(['-', '/']) {
        long.or(short)
    } else {
        short.or(long)
    }
}

/// The number behind a known prefix: as [`sequence_suffix`], but without ambiguity. `None` unless `name`
/// is exactly `prefix` and a number.
#[must_use]
pub fn sequence_after(prefix: &str, name: &str) -> Option<i64> {
    name.strip_prefix(prefix).and_then(parse_sequence)
}

/// Parses exactly what the server's `%010d` produces.
fn parse_sequence(text: &str) -> Option<i64> {
    let (digits, width) = match text.strip_prefix('-') {
        Some(digits) => (digits, if text.len() == 11 { 10 } else { 9 }),
        None => (text, 10),
    };
    if digits.len() != width || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number = i64::from(text.parse::<i32>().ok()?);
    let canonical = match text.len() {
        // Padding stops at ten places, so only large numbers need an eleventh.
        11 => number <= -1_000_000_000,
        _ => width == 10 || number < 0,
    };
    canonical.then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(path: &str) -> (usize, PathRule) {
        let error = validate(path).unwrap_err();
        assert_eq!(error.path, path);
        (error.position, error.rule)
    }

    #[test]
    fn ordinary_paths_are_valid() {
        for path in [
            "/",
            "/a",
            "/a/b",
            "/...",
            "/.a",
            "/a/..b",
            "/\u{a0}",
            "/\u{f900}",
            "/\u{ffef}",
        ] {
            assert_eq!(validate(path), Ok(()), "{path:?}");
        }
    }

    #[test]
    fn a_malformed_path_is_named_with_position_and_rule() {
        assert_eq!(broken(""), (0, PathRule::NotAbsolute));
        assert_eq!(broken("a/b"), (0, PathRule::NotAbsolute));
        assert_eq!(broken("/a/"), (2, PathRule::TrailingSlash));
        assert_eq!(broken("//"), (1, PathRule::EmptyName));
        assert_eq!(broken("/a//b"), (3, PathRule::EmptyName));
        assert_eq!(broken("/a/./b"), (3, PathRule::RelativeName));
        assert_eq!(broken("/a/.."), (3, PathRule::RelativeName));
        assert_eq!(
            validate("demo").unwrap_err().to_string(),
            "path \"demo\" is malformed at byte 0: a path begins with '/'"
        );
    }

    #[test]
    fn forbidden_units_are_forbidden_at_the_edges_of_their_ranges() {
        for (character, forbidden) in [
            ('\0', true),
            ('\u{1f}', true),
            (' ', false),
            ('~', false),
            ('\u{7f}', true),
            ('\u{9f}', true),
            ('\u{d7ff}', false),
            ('\u{e000}', true),
            ('\u{f8ff}', true),
            ('\u{fff0}', true),
            ('\u{ffff}', true),
            // Two surrogates in Java's eyes.
            ('\u{10000}', true),
            ('\u{1f512}', true),
            ('\u{10ffff}', true),
        ] {
            let found = validate(&format!("/a{character}")).map_err(|error| error.rule);
            let expected = if forbidden {
                Err(PathRule::Character(character))
            } else {
                Ok(())
            };
            assert_eq!(found, expected, "{character:?}");
        }
    }

    #[test]
    fn a_sequential_path_may_lack_its_last_name() {
        for path in ["/", "/a/", "/a/.", "/a/..", "/a"] {
            assert_eq!(validate_sequential(path), Ok(()), "{path:?}");
        }
        for path in ["", "//", "/a//", "/./a", "/a/\0"] {
            assert!(validate_sequential(path).is_err(), "{path:?}");
        }
    }

    #[test]
    fn paths_come_apart_and_together_again() {
        assert_eq!((parent("/a/b"), name("/a/b")), (Some("/a"), "b"));
        assert_eq!((parent("/a"), name("/a")), (Some("/"), "a"));
        assert_eq!((parent("/"), name("/")), (None, ""));
        assert_eq!(parent("demo"), None);
        assert_eq!(join("/", "a"), "/a");
        assert_eq!(join("/a", "b"), "/a/b");
        assert_eq!(ancestors("/a/b/c").collect::<Vec<_>>(), ["/a/b", "/a", "/"]);
        assert_eq!(ancestors("/").count(), 0);
    }

    #[test]
    fn go21b4929_every_counter_is_read_back_from_a_curator_style_name() {
        for counter in [
            0,
            1,
            42,
            i32::MAX,
            -1,
            -42,
            -999_999_999,
            -1_000_000_000,
            i32::MIN + 1,
            i32::MIN,
        ] {
            // Rust pads as Java does: the sign counts as one of the ten places.
            for prefix in ["lock-", "/locks/_c_5f3a-lock-", ""] {
                let name = format!("{prefix}{counter:010}");
                assert_eq!(sequence_suffix(&name), Some(counter.into()), "{name}");
                assert_eq!(
                    sequence_after(prefix, &name),
                    Some(counter.into()),
                    "{name}"
                );
            }
        }
    }

    #[test]
    fn what_the_server_does_not_append_is_no_sequence() {
        for name in [
            "",
            "lock-",
            "lock_000000042",
            "x-000000000",
            "x9999999999",
            "lock-00000000a1",
            "é23456789é",
        ] {
            assert_eq!(sequence_suffix(name), None, "{name}");
        }
        assert_eq!(sequence_after("lock-", "lock-00000000001"), None);
        assert_eq!(
            sequence_after("lock", "lock-2147483647"),
            Some(-2_147_483_647)
        );
    }
}
