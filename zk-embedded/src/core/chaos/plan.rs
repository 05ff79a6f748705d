//! When faults happen.

use std::fmt;
use std::time::Duration;

use super::action::Action;
use crate::core::rules::{Match, Reaction};

/// When something is done.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Trigger {
    /// At once.
    Now,
    /// That much later.
    After(Duration),
    /// When a request fits, at any server, before it is carried out.
    On(Match),
}

/// A fault: a condition, a reaction, and for how long.
///
/// In words, which tests of every language and the shell share:
///
/// ```text
/// fault    = [ "after" TIME ] action [ "for" TIME ]
///          | "on" OP[,OP…] [ PATH ] [ "#" N ] [ "x" N | "always" ] ( reaction | action [ "for" TIME ] )
/// reaction = "cut-before" | "cut-after" | "delay" TIME | "hold" | "error" NAME
/// action   = "partition" WHO[,WHO…] "|" WHO[,WHO…] … | "one-way" WHO WHO | "heal" | "latency" TIME
///          | "kill" WHO | "restart" WHO | "pause" WHO | "resume" WHO | "deafen" WHO | "hear" WHO
///          | "lag" WHO TIME | "linger" WHO TIME | "slow-log" WHO TIME | "delay" WHO TIME
///          | "election" | "freeze" | "thaw" | "lose-tails" | "keep-tails"
///          | "backup" WHO | "restore" WHO | "allow-read-only" | "forbid-read-only"
///          | "expire" ( SESSION | "all" ) | "drop-touches" WHO | "pass-touches" WHO
///          | "refuse" WHO | "accept" WHO | "cut" WHO | "substitute" WHO | "honest" WHO
///          | "reap" | "set-sequence" PATH N | "clear"
/// WHO      = a number from 1 | "leader" | "follower" | "all"
/// TIME     = 500ms | 5s | 2m
/// ```
///
/// An operation has ZooKeeper's own name, such as `create2`; `connect` is a handshake, `event` a watch event
/// on its way, `any` every request. After the time of a `for` the fault is taken back.
///
/// ```
/// use zk_embedded::test::FaultPlan;
///
/// let plans = FaultPlan::parse_all("partition 1|2,3 for 5s; on create2 /locks/ #2 kill leader")?;
/// assert_eq!(plans.len(), 2);
/// let wrong = "on create2 /locks/ explode".parse::<FaultPlan>().unwrap_err();
/// assert!(wrong.to_string().contains("explode"));
/// # Ok::<(), zk_embedded::test::Refusal>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FaultPlan {
    /// When.
    pub when: Trigger,
    /// What.
    pub then: Then,
    /// After which time it is taken back.
    pub lasts: Option<Duration>,
}

/// What happens then.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Then {
    /// Something happens to the request itself.
    React(Reaction),
    /// Something happens to the servers.
    Act(Action),
}

impl FaultPlan {
    /// That action, at once and for good.
    #[must_use]
    pub const fn now(action: Action) -> Self {
        Self {
            when: Trigger::Now,
            then: Then::Act(action),
            lasts: None,
        }
    }
}

impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Now => f.write_str("at once"),
            Self::After(delay) => write!(f, "after {delay:?}"),
            Self::On(_) => f.write_str("when a request fits"),
        }
    }
}
