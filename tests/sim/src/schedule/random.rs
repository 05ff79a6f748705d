//! Profiles: which faults a seed may draw.

use std::time::Duration;

use super::{Action, Direction, Event, Phase, Trigger};
use crate::seed::{Rng, Seed};

/// A family of schedules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Profile {
    /// Each seed enables a random subset of all faults with random weights.
    Swarm,
    /// Connections alone.
    Net,
    /// Processes alone: pauses, starvation, kills, clocks.
    Process,
    /// Servers alone.
    Servers,
    /// What callers do: cancel, drop, leak, panic, close.
    Callers,
    /// No faults.
    Calm,
}

impl Profile {
    /// Every profile.
    pub const ALL: [Self; 6] = [
        Self::Swarm,
        Self::Net,
        Self::Process,
        Self::Servers,
        Self::Callers,
        Self::Calm,
    ];

    /// Its name on the command line.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Swarm => "swarm",
            Self::Net => "net",
            Self::Process => "process",
            Self::Servers => "servers",
            Self::Callers => "callers",
            Self::Calm => "calm",
        }
    }

    const fn allows(self, action: Action) -> bool {
        match self {
            Self::Swarm => true,
            Self::Calm => false,
            Self::Net => matches!(
                action,
                Action::CutBeforeApply
                    | Action::CutAfterApply
                    | Action::CutAtByte(_)
                    | Action::HalfOpen
                    | Action::Refuse
                    | Action::Blackhole(_)
                    | Action::Delay(_)
            ),
            Self::Process => matches!(
                action,
                Action::Pause | Action::Starve | Action::Kill | Action::Rate(_)
            ),
            Self::Callers => matches!(
                action,
                Action::Cancel(_)
                    | Action::DropGuard
                    | Action::LeakGuard
                    | Action::PanicHolding
                    | Action::Close
            ),
            Self::Servers => matches!(
                action,
                Action::Expire
                    | Action::NoQuorum
                    | Action::Throttle
                    | Action::ReapContainers
                    | Action::SetSuffix(_)
                    | Action::CrashLeader
                    | Action::CrashFollower
                    | Action::Lag(_)
                    | Action::LoseTail
                    | Action::LingerEphemerals(_)
                    | Action::Partition
            ),
        }
    }

    /// Draws the events of a seed, in the order of time.
    #[must_use]
    pub fn draw(self, seed: Seed, clients: usize, servers: usize, span: Duration) -> Vec<Event> {
        let mut rng = seed.stream("fault");
        let drawn = DRAWN.iter().filter(|(action, _)| {
            self.allows(*action) && (servers > 1 || !action.needs_ensemble())
        });
        // A swarm: about half of the faults are off, the others have weights of their own.
        let menu: Vec<(Action, u64)> = drawn
            .map(|(action, weight)| (*action, *weight, rng.below(2), rng.between(1, 4)))
            .filter(|(_, _, enabled, _)| self != Self::Swarm || *enabled == 1)
            .map(|(action, weight, _, factor)| (action, weight * factor))
            .collect();
        let count = rng.between(3, 14);
        let span = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        let mut events: Vec<(u64, Event)> = (0..count)
            .filter_map(|_| {
                let action = *rng.weighted(&menu)?;
                // The first moments belong to the handshakes, which have faults enough of their own.
                let at = rng.between(200, span * 9 / 10);
                Some((at, event(&mut rng, action, at, clients)))
            })
            .collect();
        events.sort_by_key(|(at, _)| *at);
        events.into_iter().map(|(_, event)| event).collect()
    }
}

fn event(rng: &mut Rng, action: Action, at: u64, clients: usize) -> Event {
    let action = with_numbers(rng, action);
    let lasting = action.lasts().then(|| {
        // Most faults are short; some outlast the session.
        let longest = if rng.percent(30) { 8000 } else { 1500 };
        Duration::from_millis(rng.between(50, longest))
    });
    let client = usize::try_from(rng.below(clients as u64)).unwrap_or(0);
    let client = action.strikes_client().then_some(client);
    // What happens to locks has to strike while one is taken or held; a third of it is aimed.
    let aims = action.strikes_client() && rng.percent(33);
    let phases = [Phase::Acquiring, Phase::Holding, Phase::Releasing];
    let phase = phases[usize::try_from(rng.below(3)).unwrap_or(0)];
    let nth = rng.between(1, 12);
    let trigger = if aims {
        Trigger::When(phase, nth)
    } else {
        Trigger::At(Duration::from_millis(at))
    };
    Event {
        trigger,
        action,
        lasting,
        client,
    }
}

fn with_numbers(rng: &mut Rng, action: Action) -> Action {
    let direction = if rng.percent(50) {
        Direction::ToServer
    } else {
        Direction::ToClient
    };
    let ms = |rng: &mut Rng, longest| Duration::from_millis(rng.between(5, longest));
    match action {
        Action::CutAtByte(_) => Action::CutAtByte(rng.between(1, 200)),
        Action::Blackhole(_) => Action::Blackhole(direction),
        Action::Delay(_) => Action::Delay(ms(rng, 800)),
        Action::Rate(_) => Action::Rate(rng.between(999, 1001)),
        Action::Cancel(_) => Action::Cancel(rng.between(1, 8)),
        Action::Lag(_) => Action::Lag(ms(rng, 2000)),
        Action::LingerEphemerals(_) => Action::LingerEphemerals(ms(rng, 800)),
        Action::SetSuffix(_) => {
            let near = i64::from(i32::MAX) - i64::try_from(rng.below(6)).unwrap_or(0);
            Action::SetSuffix(i32::try_from(near).unwrap_or(i32::MAX))
        }
        other => other,
    }
}

/// Every fault that is drawn at random, with its weight.
const DRAWN: [(Action, u64); 27] = [
    (Action::CutBeforeApply, 4),
    (Action::CutAfterApply, 6),
    (Action::CutAtByte(0), 2),
    (Action::HalfOpen, 2),
    (Action::Refuse, 2),
    (Action::Blackhole(Direction::ToServer), 2),
    (Action::Delay(Duration::ZERO), 3),
    (Action::Pause, 5),
    (Action::Starve, 3),
    (Action::Kill, 2),
    (Action::Expire, 6),
    (Action::NoQuorum, 2),
    (Action::Throttle, 1),
    (Action::ReapContainers, 1),
    (Action::SetSuffix(0), 1),
    (Action::Rate(1000), 1),
    (Action::Cancel(0), 5),
    (Action::DropGuard, 3),
    (Action::LeakGuard, 1),
    (Action::PanicHolding, 2),
    (Action::Close, 1),
    (Action::CrashLeader, 3),
    (Action::CrashFollower, 2),
    (Action::Lag(Duration::ZERO), 4),
    (Action::LoseTail, 3),
    (Action::LingerEphemerals(Duration::ZERO), 3),
    (Action::Partition, 3),
];
