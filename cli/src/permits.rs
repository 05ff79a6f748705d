//! Who stands where at a semaphore.

use zk_recipes::{Client, Contender, Error, Layout, Semaphore};

use crate::node_path::NodePath;
use crate::output;

/// The semaphore at a path.
pub(crate) fn semaphore(
    client: &Client,
    path: &str,
    permits: u32,
    layout: Layout,
    stored_at: Option<&NodePath>,
) -> Result<Semaphore, Error> {
    let semaphore = Semaphore::new(client, path, permits)?.layout(layout);
    match stored_at {
        Some(node) => semaphore.stored_at(node.as_str()),
        None => Ok(semaphore),
    }
}

/// One that has a permit or wants one.
pub(crate) struct Place {
    pub(crate) state: State,
    pub(crate) contender: Contender,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Holds,
    /// At the front, with its permit in hand.
    ComesIn,
    Waits,
}

impl State {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::ComesIn => "comes in",
            Self::Waits => "waits",
        }
    }
}

impl Place {
    pub(crate) fn holds(&self) -> bool {
        self.state == State::Holds
    }

    /// The number of its permit, if it has one.
    pub(crate) fn permit(&self) -> Option<u64> {
        (self.state != State::Waits).then_some(self.contender.token)
    }
}

/// Everybody at a semaphore: those who hold first, then those who wait, in order.
pub(crate) async fn places(semaphore: &Semaphore) -> Result<Vec<Place>, Error> {
    let holders = semaphore.holders().await?;
    Ok(arrange(holders, semaphore.waiting().await?))
}

/// Who has the permits, in words; `None` if nobody has, or nobody can tell.
pub(crate) async fn in_the_way(semaphore: &Semaphore, held_by: &str) -> Option<String> {
    let places = places(semaphore).await.ok()?;
    let holders = places.iter().filter(|place| place.holds());
    let names: Vec<String> = holders
        .map(|place| output::printable(&place.contender.text))
        .collect();
    let few: Vec<&str> = names.iter().take(FEW).map(String::as_str).collect();
    let more = match names.len().saturating_sub(FEW) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    (!few.is_empty()).then(|| format!("{held_by} {}{more}", few.join(", ")))
}

/// A permit that was made behind the front of the queue, in the same session, is that one's: it stands in both places.
fn arrange(holders: Vec<Contender>, queue: Vec<Contender>) -> Vec<Place> {
    let mut queue = queue.into_iter();
    let front = queue.next();
    let mut comes_in = false;
    let mut places = Vec::new();
    for contender in holders {
        let is_fronts = front.as_ref().is_some_and(|front| {
            contender.session == front.session && contender.token > front.token
        });
        comes_in |= is_fronts;
        let state = match is_fronts {
            true => State::ComesIn,
            false => State::Holds,
        };
        places.push(Place { state, contender });
    }
    let front = front.filter(|_| !comes_in);
    places.extend(front.into_iter().chain(queue).map(|contender| Place {
        state: State::Waits,
        contender,
    }));
    places
}

/// How many names are told at a time.
const FEW: usize = 3;
