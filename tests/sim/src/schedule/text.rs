//! The text form of events: printed, and read back.

use std::fmt;
use std::str::{FromStr, SplitWhitespace};
use std::time::Duration;

use zk_wire::OpCode;

use super::{Action, Call, Direction, Event, Junk, Phase, Trigger};

/// Why a line is no event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError(pub String);

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ParseError {}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.trigger {
            Trigger::At(at) => write!(f, "at {}", Ms(*at))?,
            Trigger::Frame(n, way) => write!(f, "frame {n} {}", way.word())?,
            Trigger::Applied(op, path, n) => write!(f, "applied {} {path} #{n}", op.name())?,
            Trigger::Poll(client, call, k) => write!(f, "poll {client} {} #{k}", call.word())?,
            Trigger::When(phase, n) => write!(f, "when {} #{n}", phase.word())?,
        }
        write!(f, " {}", self.action.word())?;
        match self.action {
            Action::CutAtByte(n) | Action::Cancel(n) | Action::Rate(n) | Action::StandStill(n) => {
                write!(f, " {n}")?
            }
            Action::SetSuffix(n) => write!(f, " {n}")?,
            Action::Blackhole(way) | Action::OneWay(way) => write!(f, " {}", way.word())?,
            Action::Drip(rate) => write!(f, " {rate}")?,
            Action::Bytes(junk) => {
                f.write_str(" ")?;
                for byte in junk.as_slice() {
                    write!(f, "{byte:02x}")?;
                }
            }
            Action::Delay(by) | Action::Lag(by) | Action::LingerEphemerals(by) => {
                write!(f, " {}", Ms(by))?;
            }
            _ => {}
        }
        if let Some(lasting) = self.lasting {
            write!(f, " for {}", Ms(lasting))?;
        }
        match self.client {
            Some(client) => write!(f, " on client {client}"),
            None => Ok(()),
        }
    }
}

impl FromStr for Event {
    type Err = ParseError;

    fn from_str(line: &str) -> Result<Self, ParseError> {
        let mut words = Words(line.split_whitespace(), line);
        let trigger = match words.next()? {
            "at" => Trigger::At(words.duration()?),
            "frame" => Trigger::Frame(words.number()?, words.direction()?),
            "applied" => {
                let op = words.op()?;
                Trigger::Applied(op, words.next()?.to_owned(), words.count()?)
            }
            "poll" => Trigger::Poll(words.number()?, words.call()?, words.count()?),
            "when" => Trigger::When(words.phase()?, words.count()?),
            other => return words.fail(&format!("{other:?} is no trigger")),
        };
        let action = words.action()?;
        let (mut lasting, mut client) = (None, None);
        while let Some(word) = words.0.next() {
            match word {
                "for" => lasting = Some(words.duration()?),
                "on" if words.next()? == "client" => client = Some(words.number()?),
                other => return words.fail(&format!("{other:?} was not expected")),
            }
        }
        Ok(Self {
            trigger,
            action,
            lasting,
            client,
        })
    }
}

struct Words<'a>(SplitWhitespace<'a>, &'a str);

impl<'a> Words<'a> {
    fn fail<T>(&self, why: &str) -> Result<T, ParseError> {
        Err(ParseError(format!("cannot read `{}`: {why}", self.1)))
    }

    fn next(&mut self) -> Result<&'a str, ParseError> {
        match self.0.next() {
            Some(word) => Ok(word),
            None => self.fail("it ends too early"),
        }
    }

    fn number<T: FromStr>(&mut self) -> Result<T, ParseError> {
        let word = self.next()?;
        match word.parse() {
            Ok(number) => Ok(number),
            Err(_) => self.fail(&format!("{word:?} is not the number that belongs there")),
        }
    }

    fn count(&mut self) -> Result<u64, ParseError> {
        let word = self.next()?;
        match word.strip_prefix('#').map(str::parse) {
            Some(Ok(number)) => Ok(number),
            _ => self.fail(&format!("{word:?} is no #number")),
        }
    }

    fn duration(&mut self) -> Result<Duration, ParseError> {
        let word = self.next()?;
        match parse_ms(word) {
            Some(duration) => Ok(duration),
            None => self.fail(&format!("{word:?} is no duration in ms")),
        }
    }

    fn direction(&mut self) -> Result<Direction, ParseError> {
        match self.next()? {
            "to-server" => Ok(Direction::ToServer),
            "to-client" => Ok(Direction::ToClient),
            other => self.fail(&format!("{other:?} is no direction")),
        }
    }

    fn op(&mut self) -> Result<OpCode, ParseError> {
        let word = self.next()?;
        let mut known = (-11..=107).filter_map(OpCode::from_raw);
        match known.find(|op| op.name() == word) {
            Some(op) => Ok(op),
            None => self.fail(&format!("{word:?} is no operation")),
        }
    }

    fn call(&mut self) -> Result<Call, ParseError> {
        let word = self.next()?;
        match Call::ALL.into_iter().find(|call| call.word() == word) {
            Some(call) => Ok(call),
            None => self.fail(&format!("{word:?} is no call")),
        }
    }

    fn phase(&mut self) -> Result<Phase, ParseError> {
        let word = self.next()?;
        match Phase::ALL.into_iter().find(|phase| phase.word() == word) {
            Some(phase) => Ok(phase),
            None => self.fail(&format!("{word:?} is no phase")),
        }
    }

    fn junk(&mut self) -> Result<Junk, ParseError> {
        let word = self.next()?;
        let byte = |pair: &[u8]| {
            let pair = std::str::from_utf8(pair).ok()?;
            u8::from_str_radix(pair, 16).ok()
        };
        let bytes: Option<Vec<u8>> = word.as_bytes().chunks(2).map(byte).collect();
        match bytes.and_then(|bytes| Junk::new(&bytes)) {
            Some(junk) if word.len() % 2 == 0 => Ok(junk),
            _ => self.fail(&format!(
                "{word:?} are no bytes in pairs of hex digits, or too many"
            )),
        }
    }

    fn action(&mut self) -> Result<Action, ParseError> {
        Ok(match self.next()? {
            "cut-before-apply" => Action::CutBeforeApply,
            "cut-after-apply" => Action::CutAfterApply,
            "cut-at-byte" => Action::CutAtByte(self.number()?),
            "half-open" => Action::HalfOpen,
            "refuse" => Action::Refuse,
            "blackhole" => Action::Blackhole(self.direction()?),
            "delay" => Action::Delay(self.duration()?),
            "pause" => Action::Pause,
            "starve" => Action::Starve,
            "kill" => Action::Kill,
            "expire" => Action::Expire,
            "no-quorum" => Action::NoQuorum,
            "throttle" => Action::Throttle,
            "reap-containers" => Action::ReapContainers,
            "set-suffix" => Action::SetSuffix(self.number()?),
            "rate" => Action::Rate(self.number()?),
            "cancel" => Action::Cancel(self.number()?),
            "drop-guard" => Action::DropGuard,
            "leak-guard" => Action::LeakGuard,
            "panic-holding" => Action::PanicHolding,
            "close" => Action::Close,
            "crash-leader" => Action::CrashLeader,
            "crash-follower" => Action::CrashFollower,
            "lag" => Action::Lag(self.duration()?),
            "lose-tail" => Action::LoseTail,
            "linger-ephemerals" => Action::LingerEphemerals(self.duration()?),
            "partition" => Action::Partition,
            "one-way" => Action::OneWay(self.direction()?),
            "drip" => Action::Drip(self.number::<u64>()?.max(1)),
            "stall" => Action::Stall,
            "busy" => Action::Busy,
            "evict" => Action::Evict,
            "new-session-silently" => Action::NewSessionSilently,
            "restore-old" => Action::RestoreOld,
            "bytes" => Action::Bytes(self.junk()?),
            "stand-still" => Action::StandStill(self.number()?),
            other => return self.fail(&format!("{other:?} is no action")),
        })
    }
}

impl Direction {
    /// Its word in the text.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::ToServer => "to-server",
            Self::ToClient => "to-client",
        }
    }
}

struct Ms(Duration);

impl fmt::Display for Ms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}ms", self.0.as_millis())
    }
}

/// A time in `ms`, or in `us` where it is not a number of those.
pub(crate) fn parse_ms(word: &str) -> Option<Duration> {
    if let Some(us) = word.strip_suffix("us") {
        return us.parse().ok().map(Duration::from_micros);
    }
    let ms = word.strip_suffix("ms")?.parse().ok()?;
    Some(Duration::from_millis(ms))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::Recipe;
    use crate::schedule::{Profile, Scale};
    use crate::seed::Seed;

    fn scale(seed: u64) -> Scale {
        Scale {
            seed: Seed(seed),
            clients: 3,
            servers: 3,
            span: Duration::from_secs(30),
            recipe: Recipe::Mutex,
        }
    }

    #[test]
    fn what_is_printed_is_read_back() {
        let lines = [
            "at 1200ms cut-after-apply on client 1",
            "at 3000ms pause for 2500ms on client 0",
            "at 3000ms delay 40ms for 2500ms on client 0",
            "frame 17 to-server cut-before-apply",
            "frame 9 to-client cut-at-byte 3",
            "applied create2 /locks #2 expire",
            "poll 1 acquire #4 cancel 4",
            "when holding #3 leak-guard",
            "at 0ms set-suffix -2147483648",
            "at 40ms one-way to-client for 300ms on client 1",
            "at 40ms drip 2500 for 300ms on client 1",
            "at 40ms bytes 00000010ffff on client 1",
            "at 9000ms restore-old",
            "when holding #2 stand-still 1 for 900ms on client 2",
        ];
        for line in lines {
            assert_eq!(line.parse::<Event>().unwrap().to_string(), line);
        }
        for seed in 0..400 {
            let profile = [Profile::Swarm, Profile::Hostile, Profile::Late]
                [usize::try_from(seed % 3).unwrap()];
            for event in profile.draw(scale(seed)) {
                let text = event.to_string();
                assert_eq!(text.parse::<Event>().unwrap(), event, "{text}");
            }
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_the_line() {
        for line in [
            "",
            "at 5s pause",
            "at 5ms fly",
            "frame x to-server pause",
            "at 5ms pause on server 1",
            "poll 1 acquire 4 cancel 4",
            "at 5ms bytes 012",
            "at 5ms bytes é1",
            "at 5ms bytes 000000000000000000000000000000000000000000000000000000000000000000",
        ] {
            let error = line.parse::<Event>().unwrap_err();
            assert!(error.to_string().contains(line), "{error}");
        }
    }
}
