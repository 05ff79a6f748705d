//! A client's way to the servers, and what happens on it.

use std::time::Duration;

use tokio::time::sleep;
use zk_wire::OpCode;

use crate::Ensemble;
use crate::dice::Dice;
use crate::proxy::{Direction, Proxy, Reaction, Rule, When};

/// The session timeout of all clients.
pub(super) const SESSION: Duration = Duration::from_secs(4);

/// A proxy in front of each server, for one client.
#[derive(Debug)]
pub(super) struct Access {
    proxies: Vec<Proxy>,
}

/// What can happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mishap {
    /// Its connection ends.
    Cut,
    /// And the next ones, too.
    Refuse,
    /// Ends before a write is applied.
    CutBefore,
    /// Ends after a write was applied, before that is told.
    CutAfter,
    /// Frames take long.
    Delay,
    /// Nothing passes for a while, which the session survives.
    HalfOpen,
    /// Nothing passes until the session has expired.
    Silence,
}

/// How often each happens in one round of them.
const DECK: [Mishap; 12] = [
    Mishap::Cut,
    Mishap::Cut,
    Mishap::Refuse,
    Mishap::CutBefore,
    Mishap::CutBefore,
    Mishap::CutAfter,
    Mishap::CutAfter,
    Mishap::CutAfter,
    Mishap::Delay,
    Mishap::HalfOpen,
    Mishap::Silence,
    Mishap::Cut,
];

/// The writes of recipes.
const WRITES: [OpCode; 4] = [
    OpCode::Multi,
    OpCode::Create2,
    OpCode::Delete,
    OpCode::SetData,
];

impl Mishap {
    pub(super) const ALL: [Self; 7] = [
        Self::Cut,
        Self::Refuse,
        Self::CutBefore,
        Self::CutAfter,
        Self::Delay,
        Self::HalfOpen,
        Self::Silence,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Cut => "connection cut",
            Self::Refuse => "connections refused",
            Self::CutBefore => "cut before apply",
            Self::CutAfter => "cut after apply",
            Self::Delay => "frames delayed",
            Self::HalfOpen => "half-open",
            Self::Silence => "silence beyond the session",
        }
    }

    /// One round of all, in an order of chance.
    pub(super) fn round(dice: &mut Dice) -> Vec<Self> {
        let mut round = DECK.to_vec();
        dice.shuffle(&mut round);
        round
    }
}

impl Access {
    pub(super) async fn new(ensemble: &Ensemble) -> Self {
        let mut proxies = Vec::new();
        for member in Ensemble::MEMBERS {
            proxies.push(Proxy::start(ensemble.connect_string_of(member)).await);
        }
        Self { proxies }
    }

    pub(super) fn connect_string(&self) -> String {
        let all: Vec<String> = self.proxies.iter().map(Proxy::connect_string).collect();
        all.join(",")
    }

    /// Lets it happen; whether it did.
    pub(super) async fn suffer(&self, mishap: Mishap, dice: &mut Dice) -> bool {
        match mishap {
            Mishap::Cut => {
                self.cut();
                true
            }
            Mishap::Refuse => {
                for proxy in &self.proxies {
                    proxy.refuse(1 + dice.below(3) as u64);
                }
                self.cut();
                sleep(Duration::from_secs(2)).await;
                self.proxies.iter().any(|proxy| proxy.refused() > 0)
            }
            Mishap::CutBefore | Mishap::CutAfter => {
                let then = if mishap == Mishap::CutBefore {
                    Reaction::Cut
                } else {
                    Reaction::CutAfter
                };
                let when = When::request(*dice.pick(&WRITES));
                self.once(&when, then).await
            }
            Mishap::Delay => {
                let pause = Reaction::Delay(Duration::from_millis(100 + dice.below(400) as u64));
                self.all(Direction::ToClient, pause);
                sleep(Duration::from_secs(2)).await;
                self.heal();
                true
            }
            Mishap::HalfOpen => {
                self.all(Direction::ToClient, Reaction::Hold);
                sleep(SESSION * 2 / 5).await;
                self.heal();
                self.cut();
                true
            }
            Mishap::Silence => {
                self.silence();
                // The leader counts in ticks of half a second, from the last that it heard.
                sleep(SESSION * 3 / 2 + Duration::from_millis(dice.below(2000) as u64)).await;
                self.heal();
                self.cut();
                true
            }
        }
    }

    /// Nothing passes from now on.
    pub(super) fn silence(&self) {
        self.all(Direction::ToServer, Reaction::Hold);
        self.all(Direction::ToClient, Reaction::Hold);
    }

    pub(super) fn heal(&self) {
        for proxy in &self.proxies {
            proxy.clear();
            proxy.refuse(0);
        }
    }

    pub(super) fn cut(&self) {
        self.proxies.iter().for_each(Proxy::cut);
    }

    fn all(&self, direction: Direction, then: Reaction) {
        for proxy in &self.proxies {
            proxy.rule(When::frame(direction).every(), then);
        }
    }

    /// The next frame that fits; none, if there is none for three seconds.
    async fn once(&self, when: &When, then: Reaction) -> bool {
        let proxies = self.proxies.iter();
        let rules: Vec<Rule> = proxies
            .map(|proxy| proxy.rule(when.clone(), then))
            .collect();
        let mut acted = false;
        for _ in 0..60 {
            sleep(Duration::from_millis(50)).await;
            acted = rules.iter().any(|rule| rule.hits() > 0);
            if acted {
                break;
            }
        }
        self.heal();
        acted
    }
}
