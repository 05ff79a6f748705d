//! Profiles: which faults a seed may draw.

use std::time::Duration;

use zk_wire::OpCode;

use super::{Action, Call, Direction, Event, Junk, Phase, Trigger};
use crate::recipe::Recipe;
use crate::seed::{Rng, Seed};

/// What a schedule has to fit.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    /// What chance comes from.
    pub seed: Seed,
    /// How many processes there are.
    pub clients: usize,
    /// How many servers.
    pub servers: usize,
    /// How long the faulty part lasts.
    pub span: Duration,
    /// What the processes work with.
    pub recipe: Recipe,
}

/// A family of schedules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Profile {
    /// Each seed enables a random subset of all faults with random weights.
    Swarm,
    /// Connections alone.
    Net,
    /// Processes alone: pauses, starvation, busy applications, kills, clocks.
    Process,
    /// Servers alone.
    Servers,
    /// What callers do: cancel, drop, leak, panic, close; and what operators do to them.
    Callers,
    /// No faults.
    Calm,
    /// All faults, and those that break what every ensemble keeps: only that nobody panics or hangs is asked.
    Hostile,
    /// Servers that stand still with what they have of clients, and take up late the handshakes that those gave up; and some
    /// other faults.
    Late,
}

impl Profile {
    /// Every profile.
    pub const ALL: [Self; 8] = [
        Self::Swarm,
        Self::Net,
        Self::Process,
        Self::Servers,
        Self::Callers,
        Self::Calm,
        Self::Hostile,
        Self::Late,
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
            Self::Hostile => "hostile",
            Self::Late => "late",
        }
    }

    const fn allows(self, action: Action) -> bool {
        match self {
            Self::Swarm => !action.is_hostile() && !matches!(action, Action::StandStill(_)),
            Self::Hostile => !matches!(action, Action::StandStill(_)),
            Self::Late => matches!(
                action,
                Action::StandStill(_)
                    | Action::CutBeforeApply
                    | Action::CutAfterApply
                    | Action::Delay(_)
                    | Action::Busy
                    | Action::Kill
                    | Action::Expire
                    | Action::Cancel(_)
                    | Action::DropGuard
                    | Action::Close
                    | Action::Lag(_)
            ),
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
                    | Action::Drip(_)
            ),
            Self::Process => matches!(
                action,
                Action::Pause
                    | Action::Starve
                    | Action::Busy
                    | Action::Kill
                    | Action::Rate(_)
                    | Action::Stall
            ),
            Self::Callers => matches!(
                action,
                Action::Cancel(_)
                    | Action::DropGuard
                    | Action::LeakGuard
                    | Action::PanicHolding
                    | Action::Close
                    | Action::Evict
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
                    | Action::OneWay(_)
                    | Action::NewSessionSilently
            ),
        }
    }

    /// Draws the events of a seed, in the order of time.
    #[must_use]
    pub fn draw(self, run: Scale) -> Vec<Event> {
        let mut rng = run.seed.stream("fault");
        let drawn = DRAWN.iter().filter(|(action, _)| {
            self.allows(*action) && (run.servers > 1 || !action.needs_ensemble())
        });
        // A swarm: about half of the faults are off, the others have weights of their own.
        let menu: Vec<(Action, u64)> = drawn
            .map(|(action, weight)| (*action, *weight, rng.below(2), rng.between(1, 4)))
            .filter(|(action, _, enabled, _)| {
                let swarm = matches!(self, Self::Swarm | Self::Hostile);
                !swarm || *enabled == 1 || action.is_hostile()
            })
            .map(|(action, weight, _, factor)| (action, weight * factor))
            .collect();
        let count = rng.between(3, 12);
        let span = u64::try_from(run.span.as_millis()).unwrap_or(u64::MAX);
        let mut events: Vec<(u64, Event)> = Vec::new();
        for _ in 0..count {
            let Some(action) = rng.weighted(&menu) else {
                break;
            };
            // The first moments belong to the handshakes, which have faults enough of their own.
            let at = rng.between(200, span * 9 / 10);
            let first = event(&mut rng, *action, at, run);
            // Troubles seldom come alone: another one strikes the same client, together or soon after.
            let second = rng.weighted(&menu).filter(|_| rng.percent(30));
            if let Some(second) = second {
                let later = at + rng.below(2000);
                let mut second = event(&mut rng, *second, later, run);
                if second.action.strikes_client() && first.client.is_some() {
                    second.client = first.client;
                    if !matches!(first.trigger, Trigger::At(_)) {
                        second.trigger = first.trigger.clone();
                    }
                }
                events.push((later, second));
            }
            events.push((at, first));
        }
        events.sort_by_key(|(at, _)| *at);
        events.into_iter().map(|(_, event)| event).collect()
    }
}

fn event(rng: &mut Rng, action: Action, at: u64, run: Scale) -> Event {
    let action = with_numbers(rng, action);
    let lasting = action.lasts().then(|| {
        // Most faults are short; some outlast the session.
        let longest = if rng.percent(30) { 8000 } else { 1500 };
        Duration::from_millis(rng.between(50, longest))
    });
    let client = usize::try_from(rng.below(run.clients as u64)).unwrap_or(0);
    let trigger = trigger(rng, action, at, (client, run.recipe));
    Event {
        trigger,
        action,
        lasting,
        client: action.strikes_client().then_some(client),
    }
}

/// What happens to locks has to strike while one is taken or held: more than a third of what strikes a client is aimed.
fn trigger(rng: &mut Rng, action: Action, at: u64, (client, recipe): (usize, Recipe)) -> Trigger {
    let aim = rng.below(100);
    let pick = |rng: &mut Rng, count: usize| usize::try_from(rng.below(count as u64)).unwrap_or(0);
    match aim {
        _ if !action.strikes_client() => Trigger::At(Duration::from_millis(at)),
        0..30 => {
            let phases = recipe.aims();
            let phase = phases.get(pick(rng, phases.len()));
            Trigger::When(*phase.unwrap_or(&Phase::Holding), rng.between(1, 12))
        }
        30..38 => {
            let ops = [
                (OpCode::Create2, "/locks"),
                (OpCode::GetChildren, "/locks"),
                (OpCode::GetData, "/locks"),
                (OpCode::Delete, "/locks"),
                (OpCode::SetData, "/registers"),
                (OpCode::Multi, "/"),
            ];
            let (op, path) = ops
                .get(pick(rng, ops.len()))
                .unwrap_or(&(OpCode::Multi, "/"));
            let (op, path) = recipe.sends(*op, path);
            Trigger::Applied(op, path.to_owned(), rng.between(1, 30))
        }
        38..46 => {
            let calls = recipe.calls();
            let call = calls.get(pick(rng, calls.len()));
            Trigger::Poll(client, *call.unwrap_or(&Call::Acquire), rng.between(1, 6))
        }
        _ => Trigger::At(Duration::from_millis(at)),
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
        Action::OneWay(_) => Action::OneWay(direction),
        Action::Drip(_) => Action::Drip(rng.between(300, 20_000)),
        Action::Bytes(_) => Action::Bytes(junk(rng)),
        Action::Delay(_) => Action::Delay(ms(rng, 800)),
        Action::StandStill(_) => Action::StandStill(rng.below(6).saturating_sub(3)),
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

/// Noise, a length that cannot be, or a reply that nobody asked for.
fn junk(rng: &mut Rng) -> Junk {
    let mut bytes: Vec<u8> = rng.next().to_be_bytes().to_vec();
    bytes.extend(rng.next().to_be_bytes());
    match rng.below(4) {
        0 => bytes.truncate(usize::try_from(rng.between(1, 16)).unwrap_or(1)),
        1 => bytes.splice(..4, [0xff, 0xff, 0xff, 0xff]).for_each(drop),
        // A frame of the length of a reply's head: xid, zxid, error.
        2 => bytes.splice(..0, [0, 0, 0, 16]).for_each(drop),
        _ => {
            let xid = i32::try_from(rng.below(8)).unwrap_or(0) - 4;
            let zxid = i64::try_from(rng.below(1 << 34)).unwrap_or(0);
            bytes = vec![0, 0, 0, 16];
            bytes.extend(xid.to_be_bytes());
            bytes.extend(zxid.to_be_bytes());
            bytes.extend([0; 4]);
        }
    }
    Junk::new(&bytes).unwrap_or_default()
}

/// Every fault that is drawn at random, with its weight.
const DRAWN: [(Action, u64); 36] = [
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
    (Action::OneWay(Direction::ToServer), 2),
    (Action::Drip(0), 2),
    (Action::Stall, 1),
    (Action::Busy, 3),
    (Action::Evict, 3),
    (Action::NewSessionSilently, 2),
    (Action::RestoreOld, 4),
    (Action::Bytes(Junk::NONE), 6),
    // In a family of its own.
    (Action::StandStill(0), 40),
];
