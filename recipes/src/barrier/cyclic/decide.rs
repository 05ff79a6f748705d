//! Which parties a round is made of, as a pure function.

use std::collections::BTreeSet;

use zk_client::path;

/// What the name of a party begins with.
pub(super) const PARTY: &str = "party-";

/// The oldest `parties` of those who wait, unless there are fewer. `passed` are those known to have passed already.
pub(super) fn round(
    children: &[String],
    passed: &BTreeSet<String>,
    parties: usize,
) -> Option<Vec<String>> {
    let mut waiting: Vec<&String> = children
        .iter()
        .filter(|name| name.starts_with(PARTY) && !passed.contains(*name))
        .collect();
    waiting.sort_by_key(|name| (path::sequence_suffix(name), *name));
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
}
