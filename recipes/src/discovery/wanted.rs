//! What a registration is to look like, and the decision what its node has to be for that.

use std::collections::BTreeMap;

use super::instance::Instance;

/// What becomes of an instance while a check of its health fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum WhileUnhealthy {
    /// It is drained: there, and not to be called. Withdrawn where the codec does not write the flag.
    #[default]
    Drain,
    /// Its node is withdrawn, for readers that do not know the flag.
    Withdraw,
}

/// What was asked of a registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) instance: Instance,
    /// The caller's own flag, besides the instance's.
    pub(super) drained: bool,
    /// The checks that fail, by their numbers.
    pub(super) unhealthy: BTreeMap<u64, WhileUnhealthy>,
    /// How many checks were begun.
    pub(super) checks: u64,
    pub(super) closing: bool,
    /// Counts what was asked.
    pub(super) number: u64,
}

/// What is to be done with the node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Order {
    /// It is to tell this instance.
    Show(Instance),
    /// It is not to be there, for now.
    Withdraw,
    /// It is not to be there any more.
    End,
}

impl Wanted {
    pub(super) fn new(instance: Instance) -> Self {
        Self {
            instance,
            drained: false,
            unhealthy: BTreeMap::new(),
            checks: 0,
            closing: false,
            number: 1,
        }
    }

    /// What is to be done, with a codec that writes the flag or does not.
    pub(super) fn order(&self, writes_enabled: bool) -> Order {
        if self.closing {
            return Order::End;
        }
        let withdrawn = self
            .unhealthy
            .values()
            .any(|policy| *policy == WhileUnhealthy::Withdraw);
        let enabled = self.instance.enabled && !self.drained && self.unhealthy.is_empty();
        if withdrawn || !(enabled || writes_enabled) {
            return Order::Withdraw;
        }
        let mut shown = self.instance.clone();
        shown.enabled = enabled;
        Order::Show(shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted() -> Wanted {
        Wanted::new(Instance::builder("a").id("1").build())
    }

    fn shows(order: &Order) -> Option<bool> {
        match order {
            Order::Show(instance) => Some(instance.enabled),
            _ => None,
        }
    }

    #[test]
    fn a_drained_instance_is_shown_as_such_or_withdrawn_where_that_cannot_be_written() {
        let mut wanted = wanted();
        assert_eq!(shows(&wanted.order(true)), Some(true));
        assert_eq!(shows(&wanted.order(false)), Some(true));
        wanted.drained = true;
        assert_eq!(shows(&wanted.order(true)), Some(false));
        assert_eq!(wanted.order(false), Order::Withdraw);
        wanted.drained = false;
        wanted.instance.enabled = false;
        assert_eq!(shows(&wanted.order(true)), Some(false));
        assert_eq!(wanted.order(false), Order::Withdraw);
    }

    #[test]
    fn it_is_enabled_only_if_every_check_passes_and_there_only_if_none_withdraws_it() {
        let mut wanted = wanted();
        wanted.unhealthy.insert(1, WhileUnhealthy::Drain);
        assert_eq!(shows(&wanted.order(true)), Some(false));
        wanted.unhealthy.insert(2, WhileUnhealthy::Withdraw);
        assert_eq!(wanted.order(true), Order::Withdraw);
        wanted.unhealthy.remove(&2);
        assert_eq!(shows(&wanted.order(true)), Some(false));
        wanted.unhealthy.remove(&1);
        assert_eq!(shows(&wanted.order(true)), Some(true));
    }

    #[test]
    fn nothing_brings_a_registration_back_that_was_ended() {
        let mut wanted = wanted();
        wanted.closing = true;
        assert_eq!(wanted.order(true), Order::End);
        wanted.drained = true;
        assert_eq!(wanted.order(false), Order::End);
        wanted.unhealthy.insert(1, WhileUnhealthy::Withdraw);
        assert_eq!(wanted.order(true), Order::End);
    }
}
