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
    check(path, "").map_err(|(position, rule)| PathError {
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
    check(path, "1").map_err(|(position, rule)| PathError {
        path: path.to_owned(),
        position,
        rule,
    })
}

fn check(path: &str, suffix: &str) -> Result<(), (usize, PathRule)> {
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
        if !is_last || suffix.is_empty() {
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
/// places or, from −1 000 000 000 down, before them as an eleventh. Where the text alone allows both, as
/// in `lock-2147483647`, the sign counts as the separator at the end of the prefix; a doubled one as in
/// `lock--2147483648` as separator and sign. Who knows the prefix asks [`sequence_after`].
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
    let start = name.len().checked_sub(10)?;
    let (prefix, ten) = name.split_at_checked(start)?;
    let longer = prefix
        .len()
        .checked_sub(1)
        .and_then(|at| name.get(at..))
        .and_then(parse_sequence);
    let shorter = parse_sequence(ten);
    match (shorter, longer) {
        (Some(_), Some(longer)) if prefix.ends_with("--") => Some(longer),
        (Some(shorter), _) => Some(shorter),
        (None, longer) => longer,
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
        // Padding stops at ten places, so eleven are needed for large numbers only.
        11 => number <= -1_000_000_000,
        _ => number >= 0 && width == 10 || number < 0,
    };
    canonical.then_some(number)
}
