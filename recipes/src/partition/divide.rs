//! Keeps one member's part: joins, looks who else is there, stands in queues, asks back what is another's.

use std::collections::{BTreeMap, BTreeSet};
use std::future::{Future, IntoFuture, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep_until};
use zk_client::{Acl, Client, Error, path};

use super::division::Desk;
use super::owned::Owned;
use super::share::Rule;
use super::slot::{Slot, Step, freed, step};
use crate::contend::Layout;
use crate::group::{Membership, Rosters};
use crate::lock::{LockGuard, Mutex};
use crate::renewal::crowded_out;

/// What one member's driver has.
pub(super) struct Divider {
    pub(super) client: Client,
    /// Where the items' locks are.
    pub(super) locks: String,
    pub(super) items: BTreeSet<Arc<str>>,
    pub(super) layout: Layout,
    pub(super) rule: Rule,
    pub(super) settle: Duration,
    pub(super) acl: Vec<Acl>,
    pub(super) membership: Membership,
    pub(super) desk: Desk,
}

/// For how many times the settling time those who come and go all the time can put off a division.
const PATIENCE: u32 = 5;

/// How a wait in the queue for an item ended: `None` if it was given up.
type Ended = (Arc<str>, Option<Result<LockGuard, Error>>);

/// A place in the queue for an item.
type Waiting = Pin<Box<dyn Future<Output = Ended> + Send>>;

/// One item that this member has to do with.
#[derive(Debug)]
struct Part {
    slot: Slot,
    /// Dropped, it gives up the place in the queue.
    place: Option<oneshot::Sender<()>>,
    recall: Option<watch::Sender<bool>>,
    rests_until: Option<Instant>,
}

/// The parts of one member, and what is under way.
struct Ledger {
    divider: Divider,
    wanted: BTreeSet<Arc<str>>,
    parts: BTreeMap<Arc<str>, Part>,
    queues: Vec<Waiting>,
    /// When those who are to have what is another's now have had time to see that and to wait for it.
    recalls_at: Option<Instant>,
    freed: mpsc::UnboundedSender<(Arc<str>, bool)>,
}

impl Divider {
    /// Runs all that there is to do, with what keeps the membership and what looks who is there.
    pub(super) async fn run(
        self,
        keeping: impl Future<Output = Result<(), Error>> + Send,
        looking: impl Future<Output = Result<(), Error>> + Send,
        rosters: Rosters,
    ) -> Result<(), Error> {
        let (mut keeping, mut looking) = (pin!(keeping), pin!(looking));
        let mut dividing = Box::pin(divide(self, rosters));
        let mut is_member = true;
        loop {
            tokio::select! {
                biased;
                ended = &mut keeping, if is_member => {
                    ended?;
                    is_member = false;
                }
                ended = &mut looking => return ended,
                ended = &mut dividing => {
                    ended?;
                    return if is_member { keeping.await } else { Ok(()) };
                }
            }
        }
    }
}

async fn divide(divider: Divider, mut rosters: Rosters) -> Result<(), Error> {
    let mut closing = divider.desk.closing.clone();
    let mut closed = pin!(async move {
        let _ = closing.wait_for(|closing| *closing).await;
    });
    let (tell, mut freed) = mpsc::unbounded_channel();
    let settle = divider.settle;
    let mut ledger = Ledger::new(divider, tell);
    let mut is_leaving = false;
    // Who was there when that was last known.
    let mut members = Vec::new();
    // When nobody came or went for long enough; and when somebody first did.
    let mut due: Option<Instant> = None;
    let mut since: Option<Instant> = None;
    loop {
        if is_leaving && ledger.is_empty() {
            return Ok(());
        }
        let (rested, recalls_at) = (ledger.rests_until(), ledger.recalls_at);
        tokio::select! {
            biased;
            () = &mut closed, if !is_leaving => {
                is_leaving = true;
                due = None;
                ledger.leave();
            }
            Some(roster) = rosters.next(), if !is_leaving => {
                // While nobody knows, what was known last stands.
                if roster.is_stale {
                    continue;
                }
                members = roster.members.into_iter().map(|member| member.id).collect();
                let is_new = members != ledger.members();
                let now = Instant::now();
                let latest = *since.get_or_insert(now) + settle * PATIENCE;
                due = is_new.then(|| latest.min(now + settle));
                if !is_new {
                    since = None;
                }
            }
            () = until(due) => {
                (due, since) = (None, None);
                ledger.divide(members.clone());
            }
            Some((item, was_lost)) = freed.recv() => ledger.freed(&item, was_lost),
            all = some_ended(&mut ledger.queues) => {
                for (item, ended) in all {
                    ledger.ended(&item, ended)?;
                }
            }
            () = until(recalls_at) => ledger.recall(),
            () = until(rested) => ledger.wake(),
        }
    }
}

/// Waits until some have ended, and takes these out: all that have, in the order in which they began.
async fn some_ended(queues: &mut Vec<Waiting>) -> Vec<Ended> {
    poll_fn(|cx| {
        let mut all = Vec::new();
        queues.retain_mut(|waiting| match waiting.as_mut().poll(cx) {
            Poll::Ready(ended) => {
                all.push(ended);
                false
            }
            Poll::Pending => true,
        });
        match all.is_empty() {
            true => Poll::Pending,
            false => Poll::Ready(all),
        }
    })
    .await
}

async fn until(when: Option<Instant>) {
    match when {
        Some(when) => sleep_until(when).await,
        None => std::future::pending().await,
    }
}

impl Ledger {
    fn new(divider: Divider, freed: mpsc::UnboundedSender<(Arc<str>, bool)>) -> Self {
        Self {
            divider,
            wanted: BTreeSet::new(),
            parts: BTreeMap::new(),
            queues: Vec::new(),
            recalls_at: None,
            freed,
        }
    }

    /// Whether it has to do with no item.
    fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    fn members(&self) -> Vec<String> {
        self.divider.desk.told.borrow().members.clone()
    }

    fn rests_until(&self) -> Option<Instant> {
        self.parts
            .values()
            .filter_map(|part| part.rests_until)
            .min()
    }

    /// Divides among these members.
    fn divide(&mut self, members: Vec<String>) {
        let Divider { rule, items, .. } = &self.divider;
        self.wanted = rule.share(self.divider.membership.id(), &members, items);
        self.divider
            .desk
            .told
            .send_modify(|told| told.members = members);
        let concerned: BTreeSet<_> = self
            .wanted
            .iter()
            .chain(self.parts.keys())
            .cloned()
            .collect();
        for item in concerned {
            self.step(&item);
        }
        // The others divide at about the same time.
        let soon = Instant::now() + self.divider.settle / 4;
        self.recalls_at.get_or_insert(soon);
    }

    /// Leaves the group, and lets go of all when the others have divided and wait; at once if there are none.
    fn leave(&mut self) {
        let is_alone = self.members().len() <= 1;
        self.divider.membership.leave();
        self.recalls_at = None;
        self.divide(Vec::new());
        let wait = match is_alone {
            true => Duration::ZERO,
            false => self.divider.settle + self.divider.settle / 4,
        };
        self.recalls_at = Some(Instant::now() + wait);
    }

    /// Asks back what is another's.
    fn recall(&mut self) {
        self.recalls_at = None;
        let items: Vec<_> = self.parts.keys().cloned().collect();
        for item in items {
            let is_wanted = self.wanted.contains(&item);
            let Some(part) = self.parts.get(&item) else {
                continue;
            };
            if step(is_wanted, part.slot) == Step::Recall {
                if let Some(recall) = &part.recall {
                    recall.send_replace(true);
                }
                self.set(&item, Slot::Owned { is_recalled: true });
            }
        }
    }

    /// Does what is next for an item.
    fn step(&mut self, item: &Arc<str>) {
        let slot = self.parts.get(item).map_or(Slot::Apart, |part| part.slot);
        match step(self.wanted.contains(item), slot) {
            Step::Nothing if slot == Slot::Resting && !self.wanted.contains(item) => {
                self.set(item, Slot::Apart)
            }
            Step::Nothing => {}
            Step::Queue => self.queue(item),
            Step::Withdraw => {
                if let Some(part) = self.parts.get_mut(item) {
                    part.place = None;
                }
            }
            // In its time.
            Step::Recall => {}
        }
    }

    /// Stands in the queue for an item.
    fn queue(&mut self, item: &Arc<str>) {
        let Divider {
            client,
            locks,
            layout,
            acl,
            membership,
            ..
        } = &self.divider;
        let (place, given_up) = oneshot::channel::<()>();
        let mutex = Mutex::new(client, &path::join(locks, item));
        let (layout, acl, member) = (*layout, acl.clone(), membership.id().to_owned());
        let named = Arc::clone(item);
        self.queues.push(Box::pin(async move {
            let acquire = async {
                let mutex = mutex?.layout(layout).acl(acl);
                loop {
                    let acquire = mutex.acquire().contender(member.clone());
                    match acquire.into_future().await {
                        Err(error) => crowded_out(error).await?,
                        acquired => return acquired,
                    }
                }
            };
            tokio::select! {
                biased;
                _ = given_up => (named, None),
                acquired = acquire => (named, Some(acquired)),
            }
        }));
        self.set(item, Slot::Queued);
        if let Some(part) = self.parts.get_mut(item) {
            part.place = Some(place);
        }
    }

    /// A wait in the queue is over.
    fn ended(
        &mut self,
        item: &Arc<str>,
        ended: Option<Result<LockGuard, Error>>,
    ) -> Result<(), Error> {
        let Some(acquired) = ended else {
            self.set(item, Slot::Apart);
            self.step(item);
            return Ok(());
        };
        let guard = acquired?;
        let (recall, recalled) = watch::channel(false);
        self.set(item, Slot::Owned { is_recalled: false });
        if let Some(part) = self.parts.get_mut(item) {
            part.recall = Some(recall);
        }
        let held = guard.held();
        self.divider
            .desk
            .told
            .send_modify(|told| told.hold(item, held));
        let owned = Owned::new(item, guard, recalled, self.freed.clone());
        // If nobody takes it, it is dropped, which tells that it is free.
        let _ = self.divider.desk.grant.send(owned);
        Ok(())
    }

    /// Whoever worked on an item let go of it.
    fn freed(&mut self, item: &Arc<str>, was_lost: bool) {
        #[cfg(feature = "__seeded-bugs")]
        if was_lost && zk_client::seeded::is_on("lost-part-taken-for-ones-own") {
            return;
        }
        let slot = self.parts.get(item).map_or(Slot::Apart, |part| part.slot);
        self.set(item, freed(self.wanted.contains(item), slot, was_lost));
        self.step(item);
    }

    /// Items that rested long enough are this member's again.
    fn wake(&mut self) {
        let now = Instant::now();
        let is_over = |part: &Part| part.rests_until.is_some_and(|until| until <= now);
        let awake: Vec<_> = self
            .parts
            .iter()
            .filter(|(_, part)| is_over(part))
            .map(|(item, _)| Arc::clone(item))
            .collect();
        for item in awake {
            self.set(&item, Slot::Apart);
            self.step(&item);
        }
    }

    /// An item stands so from now on.
    fn set(&mut self, item: &Arc<str>, slot: Slot) {
        self.divider
            .desk
            .told
            .send_modify(|told| told.stand(item, slot));
        if slot == Slot::Apart {
            self.parts.remove(item);
            return;
        }
        let rests_until = (slot == Slot::Resting).then(|| Instant::now() + self.divider.settle);
        let part = self.parts.entry(Arc::clone(item)).or_insert(Part {
            slot,
            place: None,
            recall: None,
            rests_until,
        });
        (part.slot, part.rests_until) = (slot, rests_until);
    }
}
