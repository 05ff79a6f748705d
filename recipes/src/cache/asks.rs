//! What is still to be asked, in its order.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use zk_client::{Moment, Zxid};

/// What to ask about a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum What {
    /// Its data and metadata.
    Node,
    /// The names of its children.
    Children,
    /// Whether it is there by now, and to be told when it comes.
    Coming,
}

/// Why something is to be read, from the least reason to the greatest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Why {
    /// An event was about it.
    #[default]
    Told,
    /// It is new, and an event was about what is above it.
    New,
    /// All that there is is read.
    Walk,
}

/// One read. `below` is what follows the top of the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ask {
    pub(super) what: What,
    pub(super) below: Arc<str>,
    pub(super) why: Why,
}

/// What the picture shows once all that was asked before has been answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Mark {
    /// All that was committed up to here.
    pub(super) as_of: Option<Zxid>,
    /// All that was committed before this.
    pub(super) sure: Option<Moment>,
}

/// The next thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Job {
    Ask(Ask),
    Mark(Mark),
}

/// The reads that are due and those under way. A read that is due already is not due twice: it is sent later than whatever
/// asks for it again. One that is under way may have been answered before, so it does not count.
#[derive(Debug, Default)]
pub(super) struct Asks {
    due: VecDeque<Due>,
    open: BTreeMap<(What, Arc<str>), Open>,
    /// How many of the reads that are due or under way are for what no event is about: others may follow from them.
    following: usize,
    /// How many are part of a walk.
    walking: usize,
}

#[derive(Debug)]
enum Due {
    Ask(What, Arc<str>),
    Mark(Mark),
}

#[derive(Debug, Default)]
struct Open {
    due: Option<Why>,
    under_way: usize,
}

impl Mark {
    /// Both, whichever comes later.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            as_of: self.as_of.max(other.as_of),
            sure: self.sure.max(other.sure),
        }
    }
}

impl Asks {
    pub(super) fn push(&mut self, what: What, below: &str, why: Why) {
        let below: Arc<str> = below.into();
        let open = self.open.entry((what, Arc::clone(&below))).or_default();
        match &mut open.due {
            Some(less) => {
                self.following += usize::from(why > Why::Told && *less == Why::Told);
                self.walking += usize::from(why == Why::Walk && *less < Why::Walk);
                *less = why.max(*less);
            }
            none => {
                *none = Some(why);
                self.following += usize::from(why > Why::Told);
                self.walking += usize::from(why == Why::Walk);
                self.due.push_back(Due::Ask(what, below));
            }
        }
    }

    pub(super) fn mark(&mut self, mark: Mark) {
        match self.due.back_mut() {
            Some(Due::Mark(last)) => *last = last.and(mark),
            _ => self.due.push_back(Due::Mark(mark)),
        }
    }

    /// The next to do, which is under way from here on.
    pub(super) fn pop(&mut self) -> Option<Job> {
        let (what, below) = match self.due.pop_front()? {
            Due::Mark(mark) => return Some(Job::Mark(mark)),
            Due::Ask(what, below) => (what, below),
        };
        let open = self.open.entry((what, Arc::clone(&below))).or_default();
        let why = open.due.take().unwrap_or_default();
        open.under_way += 1;
        Some(Job::Ask(Ask { what, below, why }))
    }

    /// A read was answered, and what follows from it was pushed.
    pub(super) fn done(&mut self, ask: &Ask) {
        self.following -= usize::from(ask.why > Why::Told);
        self.walking -= usize::from(ask.why == Why::Walk);
        let key = (ask.what, Arc::clone(&ask.below));
        if let Some(open) = self.open.get_mut(&key) {
            open.under_way -= 1;
            if open.under_way == 0 && open.due.is_none() {
                self.open.remove(&key);
            }
        }
        if self.open.is_empty() && self.due.is_empty() {
            // A load leaves room for as many as there are nodes.
            self.due.shrink_to(FEW);
        }
    }

    /// Whether any of the nodes above is about to be read.
    pub(super) fn is_open_above(&self, below: &str) -> bool {
        let mut above = below;
        while !above.is_empty() {
            above = above.rsplit_once('/').map_or("", |(above, _)| above);
            if self.is_open(What::Node, above) {
                return true;
            }
        }
        false
    }

    /// Whether this is due or under way.
    pub(super) fn is_open(&self, what: What, below: &str) -> bool {
        self.open.contains_key(&(what, Arc::from(below)))
    }

    /// Whether what is due or under way may have others follow that no event is about.
    pub(super) fn is_following(&self) -> bool {
        self.following > 0
    }

    pub(super) fn is_walking(&self) -> bool {
        self.walking > 0
    }

    /// How many nodes there is something to read of.
    pub(super) fn len(&self) -> usize {
        self.open.len()
    }

    /// Nothing is due or under way.
    pub(super) fn is_idle(&self) -> bool {
        self.open.is_empty()
    }
}

/// Reads that are due at a time, when nothing is loaded.
const FEW: usize = 64;
