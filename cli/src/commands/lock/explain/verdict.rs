//! What follows from what is known of a lock, in words.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use zk_recipes::{Contender, Family, path};

use super::super::super::locks::picture::{REQUEST, family, named};
use super::facts::{Facts, Semaphore};
use super::health::Health;
use crate::{duration, output, since};

/// How a lock is, and what to do.
#[derive(Debug)]
pub(super) struct Verdict {
    pub(super) state: State,
    /// Sentences.
    pub(super) findings: Vec<String>,
    /// Command lines.
    pub(super) next: Vec<String>,
}

/// The worst that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum State {
    Free,
    Held,
    Semaphore,
    /// The holder was not heard for more than half its timeout.
    Silent,
    /// The same session stands here more than once.
    Ghost,
    /// No server has a connection of the holder's session.
    Unconnected,
    /// The holder's node belongs to no session.
    Persistent,
    /// Contenders that do not see each other.
    Mixed,
}

impl State {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Held => "held",
            Self::Semaphore => "semaphore",
            Self::Silent => "silent",
            Self::Ghost => "ghost",
            Self::Unconnected => "unconnected",
            Self::Persistent => "persistent",
            Self::Mixed => "mixed",
        }
    }
}

impl Verdict {
    pub(super) fn of(facts: &Facts) -> Self {
        let mut verdict = Self {
            state: State::Free,
            findings: Vec::new(),
            next: Vec::new(),
        };
        let holders = facts.contenders.iter().filter(|one| one.holds);
        for holder in holders {
            verdict.holder(facts, holder);
        }
        verdict.nobody(facts);
        verdict.mixed(facts);
        verdict.ghosts(facts);
        verdict.sequence(facts);
        verdict.queue(facts);
        verdict.rest(facts);
        verdict.advise(facts);
        verdict
    }

    /// As it is printed: the findings, then what to run.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for finding in &self.findings {
            text.push_str(finding);
            text.push('\n');
        }
        if let Some((first, more)) = self.next.split_first() {
            text.push_str(&format!("\nNext: {first}\n"));
            for command in more {
                text.push_str(&format!("      {command}\n"));
            }
        }
        text
    }

    fn say(&mut self, finding: String) {
        self.findings.push(finding);
    }

    fn worst(&mut self, state: State) {
        self.state = self.state.max(state);
    }

    fn holder(&mut self, facts: &Facts, holder: &Contender) {
        self.worst(State::Held);
        let path = &facts.path;
        self.say(format!(
            "{path} is held by {}, token {}, in the queue since {} ({}).",
            named(holder),
            holder.token,
            since::rfc3339(since::millis(holder.since)),
            duration::show(age(holder))
        ));
        if holder.text == REQUEST {
            self.say(
                "It was asked to let go (the request replaced what it said about itself), and has not yet."
                    .to_owned(),
            );
        }
        let health = Health::of(holder, &facts.sessions);
        self.say(health.sentence(holder, &facts.sessions));
        self.worst(match health {
            Health::Alive | Health::Untold => State::Held,
            Health::Silent => State::Silent,
            Health::Unconnected => State::Unconnected,
            Health::Persistent => State::Persistent,
        });
    }

    fn nobody(&mut self, facts: &Facts) {
        let path = &facts.path;
        match facts.semaphore {
            Some(Semaphore::Curator) => {
                self.worst(State::Semaphore);
                self.say(format!(
                    "{path} is a semaphore (Curator's layout): permits are below {path}/leases, the queue is below {path}/locks."
                ));
                self.next.push(format!("zkctl sem show {path}"));
                self.next.push(format!("zkctl lock explain {path}/leases"));
            }
            Some(Semaphore::Kazoo) => {
                self.worst(State::Semaphore);
                self.say(format!(
                    "{path} is a semaphore (kazoo's layout): its queue is below {path}-__lock__."
                ));
                self.next
                    .push(format!("zkctl sem show {path} --layout kazoo"));
            }
            None if facts.contenders.is_empty() => {
                self.say(format!("{path} is free: nobody holds it, nobody waits."));
            }
            None => {}
        }
    }

    fn mixed(&mut self, facts: &Facts) {
        let queues = facts.queues();
        if queues.len() < 2 {
            return;
        }
        self.worst(State::Mixed);
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for contender in &facts.contenders {
            *counts.entry(family(contender.family)).or_default() += 1;
        }
        let counts: Vec<String> = counts
            .iter()
            .map(|(name, count)| format!("{count} × {name}"))
            .collect();
        self.say(format!(
            "There are contenders of {} recipes here that do not see each other ({}): each of them has a holder of its own, \
             so several work at once. Programs of this library refuse the path (MixedContenders).",
            queues.len(),
            counts.join(", ")
        ));
    }

    fn ghosts(&mut self, facts: &Facts) {
        let mut attempts: BTreeMap<&str, Vec<&Contender>> = BTreeMap::new();
        let mut sessions: BTreeMap<i64, Vec<&Contender>> = BTreeMap::new();
        for contender in &facts.contenders {
            if let Some(mark) = mark(path::name(&contender.node)) {
                attempts.entry(mark).or_default().push(contender);
            }
            if !contender.session.is_none() {
                let stands = sessions.entry(contender.session.as_raw());
                stands.or_default().push(contender);
            }
        }
        for twice in attempts.values().filter(|nodes| nodes.len() > 1) {
            self.worst(State::Ghost);
            self.say(format!(
                "One attempt of {} has left {} nodes ({}): all but one are ghosts, under which nobody works.",
                named(twice[0]),
                twice.len(),
                nodes(twice)
            ));
        }
        for several in sessions.values().filter(|nodes| nodes.len() > 1) {
            if several[0].holds {
                self.worst(State::Ghost);
            }
            self.say(format!(
                "Session {} stands here {} times ({}). If its program takes this lock once at a time, all but the youngest are \
                 ghosts: left by attempts that were given up, they hold for nobody and go with the session only.",
                several[0].session,
                several.len(),
                nodes(several)
            ));
        }
    }

    fn sequence(&mut self, facts: &Facts) {
        let nodes = facts.contenders.iter();
        let Some(strange) = nodes
            .map(|one| path::name(&one.node))
            .find(|name| is_beyond(name))
        else {
            return;
        };
        self.say(format!(
            "The server's counter of names is at its end ({strange}): Curator and kazoo put contenders in a wrong order from here \
             on. Delete {} when nobody is there; it is made again with a new counter.",
            facts.path
        ));
    }

    fn queue(&mut self, facts: &Facts) {
        let waiting = facts.contenders.iter().enumerate();
        let waiting: Vec<_> = waiting.filter(|(_, one)| !one.holds).collect();
        match waiting.len() {
            0 if facts.contenders.is_empty() => {}
            0 => self.say("Nobody waits.".to_owned()),
            1 => self.say("One waits:".to_owned()),
            count => self.say(format!("{count} wait, in this order:")),
        }
        let places: BTreeMap<usize, usize> = waiting
            .iter()
            .enumerate()
            .map(|(place, (at, _))| (*at, place + 1))
            .collect();
        for (at, waiter) in waiting.iter().take(MANY) {
            let behind = match facts.behind(*at) {
                Some(ahead) => match places.get(&ahead) {
                    Some(place) => format!("behind {place}"),
                    None => "behind the holder".to_owned(),
                },
                None => "behind nobody".to_owned(),
            };
            let health = Health::of(waiter, &facts.sessions);
            let remark = match health {
                Health::Alive | Health::Untold => String::new(),
                health => format!("; {}", health.remark()),
            };
            let place = places.get(at).copied().unwrap_or_default();
            self.say(format!(
                "  {place}. {}, for {}, {behind}{remark}",
                named(waiter),
                duration::show(age(waiter))
            ));
        }
        if waiting.len() > MANY {
            self.say(format!("  … and {} more", waiting.len() - MANY));
        }
    }

    fn rest(&mut self, facts: &Facts) {
        if !facts.others.is_empty() {
            let shown: Vec<&str> = facts.others.iter().take(FEW).map(String::as_str).collect();
            let more = match facts.others.len().saturating_sub(FEW) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            self.say(format!(
                "With the holder's session would go, too: {}{more}.",
                shown.join(", ")
            ));
        }
        if facts.semaphore.is_none() && !facts.strangers.is_empty() {
            let shown: Vec<String> = facts
                .strangers
                .iter()
                .take(FEW)
                .map(|name| output::printable(name))
                .collect();
            let more = match facts.strangers.len().saturating_sub(FEW) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            self.say(format!(
                "Below it there is also what is no contender: {}{more}.",
                shown.join(", ")
            ));
        }
        if let Some((count, record)) = &facts.broken {
            let field = |name: &str| {
                let mut lines = record.lines();
                let found = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
                output::printable(found.unwrap_or("?"))
            };
            let times = match count {
                1 => "once".to_owned(),
                count => format!("{count} times"),
            };
            self.say(format!(
                "It was taken away by force {times} ({}-__broken__), last from {} by {}: {}.",
                facts.path,
                field("contender"),
                field("by"),
                field("reason")
            ));
        }
        if !facts.contenders.is_empty() && !facts.sessions.untold.is_empty() {
            self.say(format!(
                "Not all servers tell where sessions come from: {}.",
                facts.sessions.untold.join("; ")
            ));
        }
    }

    fn advise(&mut self, facts: &Facts) {
        let path = &facts.path;
        let mut holders = facts.contenders.iter().filter(|one| one.holds);
        let (first, several) = (holders.next(), holders.next().is_some());
        let Some(holder) = first else {
            return;
        };
        let which = match several {
            true => format!(" --node {}", holder.node),
            false => String::new(),
        };
        let force = format!(
            "zkctl lock break {path}{which} --token {} --reason '…'",
            holder.token
        );
        match self.state {
            State::Free | State::Semaphore => {}
            State::Held => {
                self.next.push(format!("zkctl locks {path} --watch"));
                if holder.text == REQUEST {
                    self.next.push(force);
                } else if facts.contenders.len() > 1 && hears_requests(holder) {
                    self.next.push(format!("zkctl lock revoke {path}{which}"));
                }
            }
            State::Silent | State::Unconnected => {
                self.say(
                    "If it is dead, its node goes when the session expires, and the next one holds. Wait for that rather than \
                     break it: the holder may come back and does not know."
                        .to_owned(),
                );
                self.next.push(format!("zkctl locks {path} --watch"));
            }
            State::Ghost => {
                self.say(
                    "Ask whoever runs that program; restarting it ends its session and all its ghosts."
                        .to_owned(),
                );
                self.next.push(force);
            }
            State::Persistent => {
                self.say("Nothing but somebody's hand takes it away.".to_owned());
                self.next.push(force);
            }
            State::Mixed => {
                self.say(
                    "Move one kind of programs to a path of its own, or give ours the layout of the others (`--layout`)."
                        .to_owned(),
                );
                self.next.push(format!("zkctl locks {path}"));
            }
        }
    }
}

/// kazoo's programs do not look for requests to let go.
fn hears_requests(holder: &Contender) -> bool {
    !matches!(holder.family, Family::Kazoo | Family::OtherKazoo)
}

fn nodes(contenders: &[&Contender]) -> String {
    let names: Vec<&str> = contenders.iter().map(|one| path::name(&one.node)).collect();
    names.join(", ")
}

fn age(contender: &Contender) -> Duration {
    let age = SystemTime::now().duration_since(contender.since);
    age.unwrap_or_default()
}

/// The id by which Curator recognises the node of one attempt.
fn mark(name: &str) -> Option<&str> {
    let rest = name.strip_prefix("_c_")?;
    rest.get(..36)
}

/// Whether the suffix of a name is near or beyond 2³¹, where the server's counter sticks.
fn is_beyond(name: &str) -> bool {
    let digits = name.len() - name.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let (prefix, digits) = name.split_at(name.len() - digits);
    let is_negative = prefix.ends_with("--") || prefix.ends_with("__-");
    is_negative
        || digits
            .parse()
            .is_ok_and(|number: u64| number >= SEQUENCE_END)
}

/// From here on suffixes tell no order.
const SEQUENCE_END: u64 = (1 << 31) - (1 << 20);

/// How many of a queue are told one by one.
const MANY: usize = 20;

/// How many names are told at a time.
const FEW: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_at_the_end_of_the_counter_are_recognised() {
        for (name, beyond) in [
            (
                "_c_53345f98-9423-4e0c-a7b5-9f819e3ec2e1-lock-0000000012",
                false,
            ),
            ("0123456789abcdef0123456789abcdef__lock__0000000003", false),
            ("lock-2147483647", true),
            ("lock--2147483648", true),
            ("0123456789abcdef0123456789abcdef__lock__-000000001", true),
        ] {
            assert_eq!(is_beyond(name), beyond, "{name}");
        }
    }

    #[test]
    fn the_id_of_an_attempt_is_that_of_curator() {
        assert_eq!(
            mark("_c_53345f98-9423-4e0c-a7b5-9f819e3ec2e1-lock-0000000012"),
            Some("53345f98-9423-4e0c-a7b5-9f819e3ec2e1")
        );
        assert_eq!(mark("lock-0000000012"), None);
        assert_eq!(mark("_c_ü"), None);
    }
}
