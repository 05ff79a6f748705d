//! A whole run as text: the options, and the schedule of faults.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::recipe::Recipe;
use crate::schedule::{Event, ParseError, Profile, Scale, Trigger, parse_ms};
use crate::seed::Seed;

/// Everything that decides a run. Derived from a seed, or read from a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What chance comes from.
    pub seed: Seed,
    /// What the seed was drawn with.
    pub profile: Profile,
    /// What the processes work with.
    pub recipe: Recipe,
    /// How many servers.
    pub servers: usize,
    /// How many processes.
    pub clients: usize,
    /// The session timeout that processes ask for.
    pub session: Duration,
    /// The servers' tick.
    pub tick: Duration,
    /// The way to a server takes at least this long.
    pub latency: Duration,
    /// And up to this much longer.
    pub jitter: Duration,
    /// How long the faulty part lasts.
    pub span: Duration,
    /// The longest pause of a process between two calls.
    pub think: Duration,
    /// The longest time that a lock is held for work.
    pub work: Duration,
    /// How many registers there are.
    pub registers: usize,
    /// How many locks there are.
    pub locks: usize,
    /// How many of a hundred calls are about locks.
    pub lock_percent: u64,
    /// The most calls a process makes.
    pub calls: u64,
    /// The first number of the low word of zxids, to see it wrap.
    pub zxid_low: u32,
    /// What goes wrong.
    pub events: Vec<Event>,
}

impl Plan {
    /// The run of a seed.
    #[must_use]
    pub fn draw(seed: Seed, profile: Profile) -> Self {
        let mut rng = seed.stream("options");
        let ms = Duration::from_millis;
        let mut plan = Self::calm(seed);
        plan.profile = profile;
        plan.clients = usize::try_from(rng.between(3, 5)).unwrap_or(3);
        plan.session = ms(rng.between(8, 40) * 100);
        plan.tick = ms([100, 200, 250, 500][usize::try_from(rng.below(4)).unwrap_or(0)]);
        plan.latency = ms(rng.between(1, 15));
        plan.jitter = ms(rng.below(10));
        plan.think = ms(rng.between(100, 900));
        plan.work = ms(rng.between(20, 300));
        plan.servers = if rng.percent(80) { 3 } else { 1 };
        plan.registers = usize::try_from(rng.between(1, 4)).unwrap_or(1);
        plan.locks = usize::try_from(rng.between(1, 2)).unwrap_or(1);
        plan.lock_percent = [20, 50, 70, 90][usize::try_from(rng.below(4)).unwrap_or(0)];
        if rng.percent(5) {
            plan.zxid_low = u32::MAX - u32::try_from(rng.below(200)).unwrap_or(0);
        }
        if profile == Profile::Late {
            // Sessions outlive most of what stands still, and a leader keeps a follower that does for five ticks.
            plan.servers = 3;
            plan.tick = ms(500);
            plan.session += ms(3000);
        }
        plan.events = profile.draw(plan.scale());
        plan
    }

    /// The run of a seed that is about a recipe. It is shorter, and about little else.
    #[must_use]
    pub fn draw_for(recipe: Recipe, seed: Seed, profile: Profile) -> Self {
        let mut plan = Self::draw(seed, profile);
        if recipe == Recipe::default() {
            return plan;
        }
        plan.recipe = recipe;
        plan.span = Duration::from_secs(8);
        plan.registers = 1;
        plan.lock_percent = 95;
        plan.locks = plan.locks.max(recipe.paths());
        plan.think /= 2;
        plan.events = profile.draw(plan.scale());
        plan
    }

    /// What its schedule has to fit.
    #[must_use]
    pub const fn scale(&self) -> Scale {
        Scale {
            seed: self.seed,
            clients: self.clients,
            servers: self.servers,
            span: self.span,
            recipe: self.recipe,
        }
    }

    /// A run of ordinary size in which nothing goes wrong.
    #[must_use]
    pub const fn calm(seed: Seed) -> Self {
        Self {
            seed,
            profile: Profile::Calm,
            recipe: Recipe::Mutex,
            servers: 3,
            clients: 3,
            session: Duration::from_secs(2),
            tick: Duration::from_millis(200),
            latency: Duration::from_millis(5),
            jitter: Duration::from_millis(3),
            span: Duration::from_secs(30),
            think: Duration::from_millis(60),
            work: Duration::from_millis(60),
            registers: 2,
            locks: 1,
            lock_percent: 60,
            calls: u64::MAX,
            zxid_low: 0,
            events: Vec::new(),
        }
    }

    /// Whether the servers are to break what every ensemble keeps.
    #[must_use]
    pub fn is_hostile(&self) -> bool {
        self.events.iter().any(|event| event.action.is_hostile())
    }

    /// The longest that an undisturbed round trip takes.
    #[must_use]
    pub fn round_trip(&self) -> Duration {
        // The wire has its times in microseconds, tokio's timers wake at the next millisecond.
        (self.latency + self.jitter) * 2 + Duration::from_millis(2)
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}", self.seed.0)?;
        writeln!(f, "profile {}", self.profile.word())?;
        if self.recipe != Recipe::default() {
            writeln!(f, "recipe {}", self.recipe.word())?;
        }
        for (word, number) in [
            ("servers", self.servers as u64),
            ("clients", self.clients as u64),
            ("registers", self.registers as u64),
            ("locks", self.locks as u64),
            ("lock_percent", self.lock_percent),
            ("calls", self.calls),
            ("zxid_low", u64::from(self.zxid_low)),
        ] {
            writeln!(f, "{word} {number}")?;
        }
        for (word, time) in [
            ("session", self.session),
            ("tick", self.tick),
            ("latency", self.latency),
            ("jitter", self.jitter),
            ("span", self.span),
            ("think", self.think),
            ("work", self.work),
        ] {
            match time.subsec_micros() % 1000 {
                0 => writeln!(f, "{word} {}ms", time.as_millis())?,
                _ => writeln!(f, "{word} {}us", time.as_micros())?,
            }
        }
        for event in &self.events {
            writeln!(f, "{event}")?;
        }
        Ok(())
    }
}

impl FromStr for Plan {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let mut plan = Self::calm(Seed(0));
        for line in text.lines().map(str::trim) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if !plan.option(line)? {
                plan.events.push(line.parse()?);
            }
        }
        let targets = plan.events.iter().filter_map(|event| match event.trigger {
            Trigger::Poll(client, ..) => Some(client),
            _ => event.client,
        });
        match targets.filter(|client| *client >= plan.clients).max() {
            Some(client) => Err(ParseError(format!("there is no client {client}"))),
            None => Ok(plan),
        }
    }
}

impl Plan {
    /// Reads a line of the header; false if it is none.
    fn option(&mut self, line: &str) -> Result<bool, ParseError> {
        let Some((word, value)) = line.split_once(' ') else {
            return Ok(false);
        };
        let wrong = || {
            ParseError(format!(
                "cannot read `{line}`: {value:?} is no value of {word}"
            ))
        };
        let number = || value.parse::<u64>().map_err(|_| wrong());
        let count = || value.parse::<usize>().map_err(|_| wrong());
        let time = || parse_ms(value).ok_or_else(wrong);
        match word {
            "seed" => self.seed = Seed(number()?),
            "profile" => {
                let mut known = Profile::ALL.into_iter();
                self.profile = known
                    .find(|known| known.word() == value)
                    .ok_or_else(wrong)?;
            }
            "recipe" => self.recipe = Recipe::of(value).map_err(ParseError)?,
            "servers" => self.servers = count()?.max(1),
            "clients" => self.clients = count()?.max(1),
            "registers" => self.registers = count()?.max(1),
            "locks" => self.locks = count()?.max(1),
            "lock_percent" => self.lock_percent = number()?,
            "calls" => self.calls = number()?,
            "zxid_low" => self.zxid_low = value.parse().map_err(|_| wrong())?,
            "session" => self.session = time()?,
            "tick" => self.tick = time()?,
            "latency" => self.latency = time()?,
            "jitter" => self.jitter = time()?,
            "span" => self.span = time()?,
            "think" => self.think = time()?,
            "work" => self.work = time()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_read_back_as_it_was_printed() {
        for (seed, recipe) in (0..100).zip(Recipe::ALL.into_iter().cycle()) {
            let plan = Plan::draw_for(recipe, Seed(seed), Profile::Swarm);
            assert_eq!(plan.to_string().parse::<Plan>().unwrap(), plan);
        }
    }

    #[test]
    fn a_plan_that_strikes_nobody_is_refused() {
        let text = "clients 2\nat 5ms pause for 5ms on client 2\n";
        assert!(text.parse::<Plan>().is_err());
        assert!("clients two".parse::<Plan>().is_err());
        assert!("recipe lock".parse::<Plan>().is_err());
    }
}
