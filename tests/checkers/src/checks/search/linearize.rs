//! The search of Wing and Gong, with Lowe's memory of states that were seen before.

use std::collections::BTreeSet;

use zk_wire::Moment;

use crate::records::Op;

/// The sequential object.
pub(super) trait Model {
    type State: Clone + Ord;

    fn initial(&self) -> Self::State;

    /// The state after the call, or `None` if the call cannot be answered so in this state.
    fn step(&self, state: &Self::State, call: &Call) -> Option<Self::State>;
}

/// A call on an object.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    /// Its place in the history; `None` for the loss of a hold, which nobody calls.
    pub(super) place: Option<usize>,
    pub(super) invoked: Moment,
    /// `None`: it may take effect at any time from its invocation on, or never.
    pub(super) returned: Option<Moment>,
    pub(super) op: Op,
}

/// How a search ended.
pub(super) enum End {
    Explained {
        steps: usize,
    },
    /// The calls that could not be placed where the search got furthest.
    Impossible {
        stuck: Vec<usize>,
    },
    GaveUp,
}

/// A beginning or an end of a call, in a list that calls are lifted out of and put back into.
struct Turn {
    call: usize,
    is_return: bool,
    previous: usize,
    next: usize,
}

struct Line {
    /// The first is the list's head, before all turns.
    turns: Vec<Turn>,
    /// Where each call's return is.
    returns: Vec<Option<usize>>,
}

const HEAD: usize = 0;
const END: usize = usize::MAX;

/// Looks for an order of the calls, each between its invocation and its return.
pub(super) fn linearize<M: Model>(model: &M, calls: Vec<Call>, cap: usize) -> End {
    let mut line = Line::of(&calls);
    let mut state = model.initial();
    let mut done = Done::none(calls.len());
    let mut memory: BTreeSet<(Done, M::State)> = BTreeSet::new();
    let mut path: Vec<(usize, M::State)> = Vec::new();
    let mut unanswered = calls.iter().filter(|call| call.returned.is_some()).count();
    let (mut steps, mut furthest, mut stuck) = (0, 0, Vec::new());
    let mut at = line.after(HEAD);
    while unanswered > 0 {
        steps += 1;
        if steps > cap {
            return End::GaveUp;
        }
        let turn = line.turns.get(at).map(|turn| (turn.call, turn.is_return));
        if let Some((call, false)) = turn {
            let next = calls.get(call).and_then(|call| model.step(&state, call));
            if let Some(next) = next {
                let with = done.with(call);
                if memory.insert((with.clone(), next.clone())) {
                    path.push((at, std::mem::replace(&mut state, next)));
                    done = with;
                    unanswered -= usize::from(line.lift(at));
                    at = line.after(HEAD);
                    continue;
                }
            }
            at = line.after(at);
            continue;
        }
        // A return whose call has not been placed: the last call placed was the wrong one.
        if path.len() >= furthest {
            furthest = path.len();
            stuck = line
                .begun(at)
                .filter_map(|call| calls.get(call)?.place)
                .collect();
        }
        let Some((placed, before)) = path.pop() else {
            return End::Impossible { stuck };
        };
        state = before;
        if let Some(call) = line.turns.get(placed).map(|turn| turn.call) {
            done = done.without(call);
        }
        unanswered += usize::from(line.put_back(placed));
        at = line.after(placed);
    }
    End::Explained { steps }
}

impl Line {
    fn of(calls: &[Call]) -> Self {
        // At one moment calls begin before others end: they overlap.
        let mut order: Vec<(Moment, bool, usize)> = Vec::new();
        for (call, that) in calls.iter().enumerate() {
            order.push((that.invoked, false, call));
            order.extend(that.returned.map(|returned| (returned, true, call)));
        }
        order.sort_unstable();
        let mut turns = vec![Turn {
            call: END,
            is_return: true,
            previous: END,
            next: if order.is_empty() { END } else { 1 },
        }];
        let mut returns = vec![None; calls.len()];
        let count = order.len();
        for (place, (_, is_return, call)) in order.into_iter().enumerate() {
            let this = place + 1;
            if is_return {
                if let Some(entry) = returns.get_mut(call) {
                    *entry = Some(this);
                }
            }
            turns.push(Turn {
                call,
                is_return,
                previous: place,
                next: if this == count { END } else { this + 1 },
            });
        }
        Self { turns, returns }
    }

    fn after(&self, at: usize) -> usize {
        self.turns.get(at).map_or(END, |turn| turn.next)
    }

    /// The calls that have begun and not been placed, up to there.
    fn begun(&self, until: usize) -> impl Iterator<Item = usize> + use<'_> {
        let mut at = self.after(HEAD);
        std::iter::from_fn(move || {
            let turn = self.turns.get(at)?;
            let past = turn.previous != HEAD && turn.previous == until;
            at = turn.next;
            (!past).then_some(turn.call)
        })
        .take(SHOWN)
    }

    fn return_of(&self, at: usize) -> Option<usize> {
        let call = self.turns.get(at)?.call;
        *self.returns.get(call)?
    }

    /// Takes a call and its return out. Returns whether it had one.
    fn lift(&mut self, at: usize) -> bool {
        self.unlink(at);
        let end = self.return_of(at);
        if let Some(end) = end {
            self.unlink(end);
        }
        end.is_some()
    }

    /// Undoes `lift`.
    fn put_back(&mut self, at: usize) -> bool {
        let end = self.return_of(at);
        if let Some(end) = end {
            self.relink(end);
        }
        self.relink(at);
        end.is_some()
    }

    fn unlink(&mut self, at: usize) {
        let Some((previous, next)) = self.turns.get(at).map(|turn| (turn.previous, turn.next))
        else {
            return;
        };
        if let Some(turn) = self.turns.get_mut(previous) {
            turn.next = next;
        }
        if let Some(turn) = self.turns.get_mut(next) {
            turn.previous = previous;
        }
    }

    fn relink(&mut self, at: usize) {
        let Some((previous, next)) = self.turns.get(at).map(|turn| (turn.previous, turn.next))
        else {
            return;
        };
        if let Some(turn) = self.turns.get_mut(previous) {
            turn.next = at;
        }
        if let Some(turn) = self.turns.get_mut(next) {
            turn.previous = at;
        }
    }
}

/// How many calls a report names.
const SHOWN: usize = 8;

/// Which calls have been placed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Done(Box<[u64]>);

impl Done {
    fn none(calls: usize) -> Self {
        Self(vec![0; calls.div_ceil(64)].into())
    }

    fn with(&self, call: usize) -> Self {
        let mut bits = self.0.clone();
        if let Some(word) = bits.get_mut(call / 64) {
            *word |= 1 << (call % 64);
        }
        Self(bits)
    }

    fn without(&self, call: usize) -> Self {
        let mut bits = self.0.clone();
        if let Some(word) = bits.get_mut(call / 64) {
            *word &= !(1 << (call % 64));
        }
        Self(bits)
    }
}
