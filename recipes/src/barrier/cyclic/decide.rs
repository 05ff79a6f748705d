//! Which parties a round is made of, as a pure function.

use std::collections::BTreeSet;

use zk_client::path;

/// What the name of a party begins with.
pub(super) const PARTY: &str = "party-";

/// Which party a node is one of: the same for each try of one, of which an earlier one may come late.
fn who(name: &str) -> Option<&str> {
    name.strip_prefix(PARTY)?.split('-').next()
}

/// A node of the same party as `mine`.
pub(super) fn twin<'a>(children: &'a [String], mine: &str) -> Option<&'a str> {
    let mut names = children.iter().map(String::as_str);
    names.find(|name| *name != mine && who(name).is_some() && who(name) == who(mine))
}

/// The oldest `parties` of those who wait, unless there are fewer. `passed` are those known to have passed already.
pub(super) fn round(
    children: &[String],
    passed: &BTreeSet<String>,
    parties: usize,
) -> Option<Vec<String>> {
    let mut counted: BTreeSet<_> = passed.iter().filter_map(|name| who(name)).collect();
    let mut waiting: Vec<&String> = children.iter().collect();
    waiting.sort_by_key(|name| (path::sequence_suffix(name), *name));
    waiting.retain(|name| who(name).is_some_and(|party| counted.insert(party)));
    waiting.truncate(parties);
    (waiting.len() == parties).then(|| waiting.into_iter().cloned().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn party(n: u32) -> String {
        format!("{PARTY}{:08x}-{n:010}", 99 - n)
    }

    #[test]
    fn a_round_is_made_of_the_oldest_who_have_not_passed() {
        let children = [party(7), party(3), "config".to_owned(), party(5)];
        let none = BTreeSet::new();
        assert_eq!(round(&children, &none, 2), Some(vec![party(3), party(5)]));
        assert_eq!(round(&children, &none, 4), None);
        let passed = BTreeSet::from([party(3)]);
        assert_eq!(round(&children, &passed, 2), Some(vec![party(5), party(7)]));
        assert_eq!(round(&children, &passed, 3), None);
    }

    #[test]
    fn two_nodes_of_one_party_count_once_the_older_one() {
        let [first, late, other] = ["a-x-0000000001", "a-y-0000000002", "b-z-0000000003"];
        let names = [late, other, first].map(|name| format!("{PARTY}{name}"));
        let [late, other, first] = names.clone();
        let none = BTreeSet::new();
        let both = Some(vec![first.clone(), other.clone()]);
        assert_eq!(round(&names, &none, 2), both);
        assert_eq!(round(&names, &none, 3), None);
        let passed = BTreeSet::from([first.clone()]);
        assert_eq!(round(&names, &passed, 1), Some(vec![other.clone()]));
        assert_eq!(twin(&names, &late), Some(first.as_str()));
        assert_eq!(twin(&names, &other), None);
        assert_eq!(twin(&["config".to_owned()], "config"), None);
    }
}
