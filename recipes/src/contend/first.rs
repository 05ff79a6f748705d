//! Who is first in a queue, as a pure function: for those who look on.

use zk_client::Zxid;

use super::decide::distrusted;
use super::names::{Family, Name};

/// Whom a list of all children shows as the first contender of a family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum First {
    /// There is none.
    Nobody,
    /// The name of its node.
    Name(String),
    /// The suffixes do not tell the order: ask for the creation zxids of these, and for the [`oldest`].
    AskCreation(Vec<String>),
}

/// Contenders of other families are not seen.
pub(crate) fn first(family: Family, children: &[String]) -> First {
    let names: Vec<Name> = children
        .iter()
        .filter_map(|child| Name::parse(child))
        .filter(|name| name.family == family)
        .collect();
    if distrusted(&names) {
        return First::AskCreation(names.into_iter().map(|name| name.text).collect());
    }
    match names.into_iter().min_by_key(|name| name.sequence) {
        Some(name) => First::Name(name.text),
        None => First::Nobody,
    }
}

/// The first of these contenders, with their creation zxids at hand.
pub(crate) fn oldest(created: &[(String, Zxid)]) -> Option<&str> {
    let places = created.iter().filter_map(|(text, zxid)| {
        let name = Name::parse(text)?;
        Some((name.place(*zxid), text))
    });
    places.min().map(|(_, text)| text.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn the_first_of_the_family_is_first() {
        let children = names(&[
            "a-latch-0000000007",
            "!x",
            "b-latch-0000000003",
            "c-lock-0000000001",
        ]);
        assert_eq!(
            first(Family::Latch, &children),
            First::Name(children[2].clone())
        );
        assert_eq!(first(Family::Kazoo, &children), First::Nobody);
    }

    #[test]
    fn equal_and_overflown_suffixes_are_not_trusted() {
        for untrusted in [
            names(&["a-latch-0000000007", "b-latch-0000000007"]),
            names(&["a-latch-0000000007", "b-latch--2147483648"]),
        ] {
            assert_eq!(
                first(Family::Latch, &untrusted),
                First::AskCreation(untrusted.clone())
            );
        }
    }
}
