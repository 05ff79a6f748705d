//! The words of a fault, one after the other.

use std::time::Duration;

use super::action::Who;
use super::refusal::Refusal;
use crate::core::server_id::ServerId;

/// What is left to be read of a fault.
pub(super) struct Words<'a> {
    fault: &'a str,
    rest: Vec<&'a str>,
}

impl<'a> Words<'a> {
    pub(super) fn new(fault: &'a str) -> Self {
        let mut rest: Vec<&str> = fault.split_whitespace().collect();
        rest.reverse();
        Self { fault, rest }
    }

    pub(super) fn peek(&self) -> &'a str {
        self.rest.last().copied().unwrap_or_default()
    }

    /// The next word, or an empty one.
    pub(super) fn next(&mut self) -> &'a str {
        self.rest.pop().unwrap_or_default()
    }

    /// Takes the next word if it is that one.
    pub(super) fn take(&mut self, word: &str) -> bool {
        let is_next = self.peek() == word;
        if is_next {
            self.rest.pop();
        }
        is_next
    }

    /// Everything up to a `for`, without spaces.
    pub(super) fn take_groups(&mut self) -> String {
        let mut groups = String::new();
        while !matches!(self.peek(), "" | "for") {
            groups.push_str(self.next());
        }
        groups
    }

    pub(super) fn wrong(&self, word: &str, expected: &'static str) -> Refusal {
        Refusal::Words {
            fault: self.fault.trim().to_owned(),
            word: word.to_owned(),
            expected,
        }
    }

    pub(super) fn end(&self) -> Result<(), Refusal> {
        match self.peek() {
            "" => Ok(()),
            word => Err(self.wrong(word, "the fault should have ended before")),
        }
    }

    pub(super) fn who(&mut self) -> Result<Who, Refusal> {
        let word = self.next();
        self.who_of(word)
    }

    pub(super) fn who_of(&self, word: &str) -> Result<Who, Refusal> {
        Ok(match word {
            "leader" => Who::Leader,
            "follower" => Who::Follower,
            "all" => Who::All,
            number => match number.parse() {
                Ok(number @ 1..=15) => Who::Server(ServerId::new(number)),
                _ => {
                    let expected = "expected the number of a server, leader, follower or all";
                    return Err(self.wrong(word, expected));
                }
            },
        })
    }

    pub(super) fn time(&mut self) -> Result<Duration, Refusal> {
        let word = self.next();
        let digits = word.trim_end_matches(char::is_alphabetic);
        let unit = word.get(digits.len()..).unwrap_or_default();
        let scale = match unit {
            "us" => Some(1),
            "ms" => Some(1_000),
            "s" => Some(1_000_000),
            "m" => Some(60_000_000),
            _ => None,
        };
        let number = digits.parse::<u64>().ok();
        let micros = scale
            .zip(number)
            .and_then(|(scale, number)| number.checked_mul(scale));
        micros
            .map(Duration::from_micros)
            .ok_or_else(|| self.wrong(word, "expected a time such as 500ms, 5s or 2m"))
    }

    pub(super) fn number<N: std::str::FromStr>(&mut self) -> Result<N, Refusal> {
        let word = self.next();
        word.parse()
            .map_err(|_| self.wrong(word, "expected a number"))
    }
}
