//! How often the sides of a test follow one another.

/// How often somebody of one side came directly after somebody else, and the other way round.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a test reads them all")]
pub struct Exchanges {
    /// The side came after the others.
    pub to: usize,
    /// The others came after it.
    pub from: usize,
}

impl Exchanges {
    /// Counts the step from one who came to the next; each is of the side or not.
    pub(crate) fn step(&mut self, was: bool, is: bool) {
        match (was, is) {
            (false, true) => self.to += 1,
            (true, false) => self.from += 1,
            _ => {}
        }
    }

    /// The fewer of both.
    #[must_use]
    pub fn each_way(&self) -> usize {
        self.to.min(self.from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_steps_from_one_side_to_the_other_count() {
        let mut exchanges = Exchanges::default();
        for (was, is) in [(true, true), (true, false), (false, false), (true, false)] {
            exchanges.step(was, is);
        }
        assert_eq!((exchanges.to, exchanges.from), (0, 2));
        assert_eq!(exchanges.each_way(), 0);
        exchanges.step(false, true);
        assert_eq!(exchanges.each_way(), 1);
    }
}
