//! The decision whether an instance is healthy.

/// What a check says of an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Health {
    /// There is no result yet, or too few: the instance is left as it was registered.
    Unknown,
    /// It is healthy.
    Passing,
    /// It is not: what the last attempt met.
    Failing(String),
}

/// The results so far.
#[derive(Debug)]
pub(super) struct Verdict {
    /// How many passes in a row make a failing instance healthy.
    rise: u32,
    /// How many failures in a row make it unhealthy.
    fall: u32,
    health: Health,
    /// The latest results that were alike and against the verdict.
    against: u32,
}

impl Verdict {
    pub(super) fn new(rise: u32, fall: u32) -> Self {
        Self {
            rise: rise.max(1),
            fall: fall.max(1),
            health: Health::Unknown,
            against: 0,
        }
    }

    /// Notes a result; the verdict, if it is another one now.
    pub(super) fn note(&mut self, result: Result<(), String>) -> Option<&Health> {
        let (agrees, needed) = match (&self.health, &result) {
            (Health::Passing, Ok(())) | (Health::Failing(_), Err(_)) => (true, 0),
            // One that was never seen to fail has not to recover.
            (Health::Unknown, Ok(())) => (false, 1),
            (_, Ok(())) => (false, self.rise),
            (_, Err(_)) => (false, self.fall),
        };
        self.against = if agrees { 0 } else { self.against + 1 };
        if agrees || self.against < needed {
            return None;
        }
        self.against = 0;
        self.health = match result {
            Ok(()) => Health::Passing,
            Err(why) => Health::Failing(why),
        };
        Some(&self.health)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is told at each of the results, `+` or `-`.
    fn told(rise: u32, fall: u32, results: &str) -> String {
        let mut verdict = Verdict::new(rise, fall);
        let told = results.chars().map(|result| {
            let result = if result == '+' {
                Ok(())
            } else {
                Err(String::new())
            };
            match verdict.note(result) {
                None => '.',
                Some(Health::Passing) => '+',
                Some(_) => '-',
            }
        });
        told.collect()
    }

    #[test]
    fn as_many_results_in_a_row_as_asked_for_turn_the_verdict() {
        assert_eq!(told(1, 1, "+-+-"), "+-+-");
        assert_eq!(told(2, 3, "+--+---+-++"), "+.....-...+");
        assert_eq!(told(2, 3, "--+"), "..+");
        assert_eq!(told(2, 3, "---++"), "..-.+");
        assert_eq!(told(0, 0, "-+"), "-+", "at least one");
    }

    #[test]
    fn a_result_that_agrees_is_told_once() {
        assert_eq!(told(2, 2, "++++"), "+...");
        assert_eq!(told(2, 2, "-----"), ".-...");
    }
}
