//! What to do about one item next: a pure decision.

/// How an item stands with this member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    /// It has nothing to do with it.
    Apart,
    /// It stands in the queue for it.
    Queued,
    /// It holds it; true if it was asked to let go.
    Owned { is_recalled: bool },
    /// It let go of it without having been asked, and leaves it to others for a while.
    Resting,
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Nothing,
    /// Stand in the queue.
    Queue,
    /// Leave the queue.
    Withdraw,
    /// Ask whoever works on it to let go.
    Recall,
}

/// What to do about an item that is to be this member's, or not.
pub(super) fn step(is_wanted: bool, slot: Slot) -> Step {
    match (is_wanted, slot) {
        (true, Slot::Apart) => Step::Queue,
        (false, Slot::Queued) => Step::Withdraw,
        (false, Slot::Owned { is_recalled: false }) => Step::Recall,
        // What was asked back is let go of, also if it is wanted again by now: whoever works on it has begun to end.
        _ => Step::Nothing,
    }
}

/// How an item stands after whoever worked on it let go.
pub(super) fn freed(is_wanted: bool, slot: Slot, was_lost: bool) -> Slot {
    match slot {
        // Its work failed, say. Taking it at once would be a loop as fast as the servers answer.
        Slot::Owned { is_recalled: false } if is_wanted && !was_lost => Slot::Resting,
        Slot::Owned { .. } => Slot::Apart,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWNED: Slot = Slot::Owned { is_recalled: false };
    const RECALLED: Slot = Slot::Owned { is_recalled: true };

    #[test]
    fn an_item_is_queued_for_once_and_let_go_of_only_by_whoever_works_on_it() {
        for (is_wanted, slot, expected) in [
            (true, Slot::Apart, Step::Queue),
            (true, Slot::Queued, Step::Nothing),
            (true, OWNED, Step::Nothing),
            (true, RECALLED, Step::Nothing),
            (true, Slot::Resting, Step::Nothing),
            (false, Slot::Apart, Step::Nothing),
            (false, Slot::Queued, Step::Withdraw),
            (false, OWNED, Step::Recall),
            (false, RECALLED, Step::Nothing),
            (false, Slot::Resting, Step::Nothing),
        ] {
            assert_eq!(step(is_wanted, slot), expected, "{is_wanted} {slot:?}");
        }
    }

    #[test]
    fn only_what_was_let_go_of_unasked_rests() {
        for (is_wanted, slot, was_lost, expected) in [
            (true, OWNED, false, Slot::Resting),
            (true, OWNED, true, Slot::Apart),
            (true, RECALLED, false, Slot::Apart),
            (false, OWNED, false, Slot::Apart),
            (true, Slot::Queued, false, Slot::Queued),
        ] {
            assert_eq!(freed(is_wanted, slot, was_lost), expected, "{slot:?}");
        }
    }
}
