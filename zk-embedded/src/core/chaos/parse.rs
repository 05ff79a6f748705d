//! From words to faults.

use std::str::FromStr;

use zk_wire::{ErrorCode, OpCode, SessionId};

use super::action::{Action, Who};
use super::plan::{FaultPlan, Then, Trigger};
use super::refusal::Refusal;
use super::words::Words;
use crate::core::rules::{Match, Reaction};

impl FaultPlan {
    /// Several faults, one a line or between semicolons. What follows a `#` and a space is a comment.
    ///
    /// # Errors
    ///
    /// [`Refusal::Words`] names the first word that makes no sense.
    pub fn parse_all(words: &str) -> Result<Vec<Self>, Refusal> {
        words
            .lines()
            .map(|line| line.split("# ").next().unwrap_or_default())
            .flat_map(|line| line.split(';'))
            .filter(|fault| !fault.trim().is_empty())
            .map(str::parse)
            .collect()
    }
}

impl FromStr for FaultPlan {
    type Err = Refusal;

    fn from_str(words: &str) -> Result<Self, Refusal> {
        plan(words)
    }
}

fn plan(text: &str) -> Result<FaultPlan, Refusal> {
    let mut words = Words::new(text);
    let when = if words.take("after") {
        Trigger::After(words.time()?)
    } else if words.take("on") {
        Trigger::On(selection(&mut words)?)
    } else {
        Trigger::Now
    };
    let reaction = match when {
        Trigger::On(_) => reaction(&mut words)?,
        _ => None,
    };
    let then = match reaction {
        Some(reaction) => Then::React(reaction),
        None => Then::Act(action(&mut words)?),
    };
    let lasts = if words.take("for") {
        Some(words.time()?)
    } else {
        None
    };
    words.end()?;
    let can_end = match &then {
        Then::React(_) => false,
        Then::Act(action) => action.undone().is_some(),
    };
    if lasts.is_some() && !can_end {
        return Err(words.wrong("for", "this does not last, so nothing can be taken back"));
    }
    Ok(FaultPlan { when, then, lasts })
}

/// Which requests.
fn selection(words: &mut Words<'_>) -> Result<Match, Refusal> {
    let mut ops = Vec::new();
    for name in words.next().split(',') {
        match name {
            "any" => {}
            "connect" => ops.push(OpCode::CreateSession),
            "event" => ops.push(OpCode::Notification),
            // Most clients use either, depending on what they want to know.
            "create" => ops.extend([OpCode::Create, OpCode::Create2]),
            name => match OpCode::ALL.iter().find(|op| op.name() == name) {
                Some(op) => ops.push(*op),
                None => {
                    let expected =
                        "expected operations such as create,setData, or connect, event, any";
                    return Err(words.wrong(name, expected));
                }
            },
        }
    }
    let mut when = Match::ops(ops);
    if words.peek().starts_with('/') {
        when = when.path(words.next());
    }
    if let Some(number) = words.peek().strip_prefix('#') {
        let Ok(number) = number.parse() else {
            return Err(words.wrong(words.peek(), "expected # and a number, as in #2"));
        };
        words.next();
        when = when.nth(number);
    }
    if words.take("always") {
        when = when.always();
    } else if words.take("x") {
        when = when.times(words.number()?);
    }
    Ok(when)
}

/// What happens to the request, if that is what follows.
fn reaction(words: &mut Words<'_>) -> Result<Option<Reaction>, Refusal> {
    let is_time = |word: &str| word.starts_with(|first: char| first.is_ascii_digit());
    Ok(Some(match words.peek() {
        "cut-before" => {
            words.next();
            Reaction::CutBeforeApply
        }
        "cut-after" => {
            words.next();
            Reaction::CutAfterApply
        }
        "hold" => {
            words.next();
            Reaction::HoldReplies
        }
        "error" => {
            words.next();
            let name = words.next();
            let known = |code: &&ErrorCode| code.name() == name || code.raw().to_string() == name;
            match ErrorCode::ALL.iter().find(known) {
                Some(code) => Reaction::Error(*code),
                None => return Err(words.wrong(name, "expected an error such as NoNode or -101")),
            }
        }
        "delay" => {
            words.next();
            let word = words.peek();
            if !is_time(word) {
                return Err(words.wrong(word, "expected a time such as 500ms, 5s or 2m"));
            }
            Reaction::DelayReply(words.time()?)
        }
        _ => return Ok(None),
    }))
}

fn action(words: &mut Words<'_>) -> Result<Action, Refusal> {
    let verb = words.next();
    Ok(match verb {
        "partition" => Action::Partition(groups(words)?),
        "one-way" => Action::OneWay(words.who()?, words.who()?),
        "heal" => Action::Heal,
        "latency" => Action::Latency(words.time()?),
        "kill" => Action::Kill(words.who()?),
        "restart" => Action::Restart(words.who()?),
        "pause" => Action::Pause(words.who()?, true),
        "resume" => Action::Pause(words.who()?, false),
        "deafen" => Action::Deafen(words.who()?, true),
        "hear" => Action::Deafen(words.who()?, false),
        "lag" => Action::Lag(words.who()?, words.time()?),
        "linger" => Action::Linger(words.who()?, words.time()?),
        "slow-log" => Action::SlowLog(words.who()?, words.time()?),
        "delay" => Action::Delay(words.who()?, words.time()?),
        "election" => Action::Election,
        "freeze" => Action::Freeze(true),
        "thaw" => Action::Freeze(false),
        "lose-tails" => Action::LoseTails(true),
        "keep-tails" => Action::LoseTails(false),
        "backup" => Action::Backup(words.who()?),
        "restore" => Action::Restore(words.who()?),
        "allow-read-only" => Action::ReadOnlyMode(true),
        "forbid-read-only" => Action::ReadOnlyMode(false),
        "expire" => Action::Expire(session(words)?),
        "drop-touches" => Action::DropTouches(words.who()?, true),
        "pass-touches" => Action::DropTouches(words.who()?, false),
        "refuse" => Action::Refuse(words.who()?, true),
        "accept" => Action::Refuse(words.who()?, false),
        "cut" => Action::Cut(words.who()?),
        "substitute" => Action::Substitute(words.who()?, true),
        "honest" => Action::Substitute(words.who()?, false),
        "reap" => Action::Reap,
        "set-sequence" => Action::SetSequence(words.next().to_owned(), words.number()?),
        "clear" => Action::Clear,
        verb => {
            let expected = "expected what is to happen, such as partition, heal, kill, restart, pause, \
                            resume, lag, delay, expire, election, freeze or thaw";
            return Err(words.wrong(verb, expected));
        }
    })
}

fn groups(words: &mut Words<'_>) -> Result<Vec<Vec<Who>>, Refusal> {
    let text = words.take_groups();
    if text.is_empty() {
        return Err(words.wrong("", "expected groups of servers, such as 1|2,3"));
    }
    let group = |group: &str| group.split(',').map(|word| words.who_of(word)).collect();
    text.split('|').map(group).collect()
}

fn session(words: &mut Words<'_>) -> Result<Option<SessionId>, Refusal> {
    let word = words.next();
    if word == "all" {
        return Ok(None);
    }
    let number = match word.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16)
            .ok()
            .map(|raw| i64::from_ne_bytes(raw.to_ne_bytes())),
        None => word.parse().ok(),
    };
    match number {
        Some(raw) => Ok(Some(SessionId::from_raw(raw))),
        None => Err(words.wrong(
            word,
            "expected a session such as 0x0100000000000001, or all",
        )),
    }
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
