//! What an instance's address looks like as a URI.

use std::fmt;
use std::str::FromStr;

/// A pattern for the URI of an instance: literal text with `{variables}`, as Curator's `UriSpec`.
///
/// `scheme` (`https` with a TLS port, `http` without), `name`, `id`, `address`, `port`, `ssl-port`, `registration-time-utc`
/// (milliseconds), `service-type` (lower case), as the [instance](super::Instance::variable) has them, and `[` and `]`, which
/// stand for the braces themselves. Any other expands to nothing.
///
/// ```
/// use zk_recipes::discovery::{Instance, UriSpec};
///
/// let spec: UriSpec = "{scheme}://{address}:{port}/v1".parse()?;
/// let instance = Instance::builder("billing").address("10.0.0.7").port(80).build();
/// assert_eq!(spec.expand(|name| instance.variable(name)), "http://10.0.0.7:80/v1");
/// # Ok::<(), zk_recipes::discovery::UriSpecError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UriSpec {
    parts: Vec<UriPart>,
}

/// A part of a [`UriSpec`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum UriPart {
    /// Text that stands for itself.
    Literal(String),
    /// The name of a variable.
    Variable(String),
}

/// Why a text is no [`UriSpec`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UriSpecError {
    /// A brace opens inside of a variable.
    #[error("byte {at}: `{{` inside of a variable; a brace itself is written `{{[}}`")]
    Nested {
        /// Where, in bytes.
        at: usize,
    },
    /// A brace closes what was not open.
    #[error("byte {at}: `}}` without its `{{`; a brace itself is written `{{]}}`")]
    NotOpen {
        /// Where, in bytes.
        at: usize,
    },
    /// The last variable is not closed.
    #[error("byte {at}: this `{{` is never closed")]
    NotClosed {
        /// Where, in bytes.
        at: usize,
    },
}

impl UriSpec {
    pub(super) fn from_parts(parts: Vec<UriPart>) -> Self {
        Self { parts }
    }

    /// Its parts, in order.
    #[must_use]
    pub fn parts(&self) -> &[UriPart] {
        &self.parts
    }

    /// The text in which each variable is what it stands for.
    #[must_use]
    pub fn expand(&self, mut variable: impl FnMut(&str) -> Option<String>) -> String {
        let mut uri = String::new();
        for part in &self.parts {
            match part {
                UriPart::Literal(text) => uri.push_str(text),
                UriPart::Variable(name) => match (name.as_str(), variable(name)) {
                    (_, Some(value)) => uri.push_str(&value),
                    ("[", None) => uri.push('{'),
                    ("]", None) => uri.push('}'),
                    _ => {}
                },
            }
        }
        uri
    }
}

impl FromStr for UriSpec {
    type Err = UriSpecError;

    fn from_str(text: &str) -> Result<Self, UriSpecError> {
        let mut parts = Vec::new();
        let mut rest = 0;
        let mut open = None;
        for (at, brace) in text.match_indices(['{', '}']) {
            let before = text.get(rest..at).unwrap_or_default();
            match (brace, open) {
                ("{", Some(_)) => return Err(UriSpecError::Nested { at }),
                ("{", None) => {
                    if !before.is_empty() {
                        parts.push(UriPart::Literal(before.to_owned()));
                    }
                    open = Some(at);
                }
                (_, None) => return Err(UriSpecError::NotOpen { at }),
                (_, Some(_)) => {
                    if !before.is_empty() {
                        parts.push(UriPart::Variable(before.trim().to_owned()));
                    }
                    open = None;
                }
            }
            rest = at + 1;
        }
        if let Some(at) = open {
            return Err(UriSpecError::NotClosed { at });
        }
        match text.get(rest..) {
            None | Some("") => {}
            Some(last) => parts.push(UriPart::Literal(last.to_owned())),
        }
        Ok(Self { parts })
    }
}

/// The text that reads as this pattern. A literal brace is written as its variable; a name of a variable with braces in it,
/// which no text can have, loses them.
impl fmt::Display for UriSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.parts {
            match part {
                UriPart::Literal(text) => {
                    for char in text.chars() {
                        match char {
                            '{' => f.write_str("{[}")?,
                            '}' => f.write_str("{]}")?,
                            other => write!(f, "{other}")?,
                        }
                    }
                }
                UriPart::Variable(name) => write!(f, "{{{}}}", name.replace(['{', '}'], ""))?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn spec(text: &str) -> UriSpec {
        text.parse().unwrap()
    }

    fn known(name: &str) -> Option<String> {
        (name == "name").then(|| "foo".to_owned())
    }

    #[test]
    fn known_variables_expand_braces_stand_for_themselves_and_the_rest_is_nothing() {
        assert_eq!(spec("{name}|{[}{]}|{what}|{}|").expand(known), "foo|{}|||");
    }

    #[test]
    fn white_space_inside_of_braces_does_not_count_and_outside_it_does() {
        assert_eq!(spec(" { name }\t{\tname} ").expand(known), " foo\tfoo ");
    }

    #[test]
    fn braces_that_do_not_pair_are_refused_with_their_place() {
        let refused = |text: &str| text.parse::<UriSpec>().unwrap_err();
        assert_eq!(refused("a{b{c}}"), UriSpecError::Nested { at: 3 });
        assert_eq!(refused("ab}"), UriSpecError::NotOpen { at: 2 });
        assert_eq!(refused("a{b}{c"), UriSpecError::NotClosed { at: 4 });
        assert!(refused("{").to_string().contains("byte 0"));
    }

    proptest! {
        #[test]
        fn prop_any_text_is_refused_or_means_the_same_written_again(text in r"[a{}\[\] é]{0,12}") {
            if let Ok(read) = text.parse::<UriSpec>() {
                let again: UriSpec = read.to_string().parse().unwrap();
                prop_assert_eq!(again.expand(known), read.expand(known));
            }
        }
    }
}
