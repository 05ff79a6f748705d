//! Items whose time comes while both sides take: nobody hands out what is not due yet.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use zk_recipes::{Client, Entry, Queue, QueueLayout};
use zk_tests::{Deadline, RealServer, deadline, note};

use super::theirs::{Kind, Producer, Theirs};
use super::{EXCHANGES, Mode, PUT};

/// How often it is looked at what was handed out.
const PACE: Duration = Duration::from_millis(5);

/// In milliseconds since 1970. Servers, Curator's program and this one have one machine's clock.
fn now() -> u64 {
    let passed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(passed.as_millis()).unwrap()
}

/// When the item is due that is put as this one, of those whose puts begin at `begun`: 0.7 to 2.5 s later, five in five
/// milliseconds, so that there is an order to keep, and in another order than they are put; and never less than 0.3 s ahead.
fn due_of(n: usize, begun: u64) -> u64 {
    let place = u64::try_from(n * 7919 % 100).unwrap();
    let due = begun + 700 + place / 5 * 90 + place % 5;
    due.max(now() + 300)
}

/// When the item is due, as it says itself.
fn due(item: &str) -> u64 {
    item.split_once('@').unwrap().1.parse().unwrap()
}

/// What one side was given, in order, and when.
#[derive(Default)]
struct Given(Vec<(String, u64)>);

impl Given {
    /// How many items it was given that somebody put whose items begin so.
    fn of(&self, who: char) -> usize {
        let items = self.0.iter();
        items.filter(|(item, _)| item.starts_with(who)).count()
    }

    /// None of it was early.
    fn check_times(&self, side: &str) {
        for (item, at) in &self.0 {
            let due = due(item);
            assert!(*at >= due, "{side} had {item} {} ms early", due - at);
        }
        let late = self.0.iter().map(|(item, at)| at - due(item));
        note(format_args!("{side}: latest {:?} ms", late.max()));
    }

    /// Of what it knew to be there, nothing that was due later came first. It knew of an item when it was given one that was
    /// put in a later step: lists grow in the order of the puts.
    fn check_order(&self, side: &str, steps: &BTreeMap<String, usize>, may_pass_over: bool) {
        let (mut judged, mut overtaken) = (0, 0);
        for (place, (item, _)) in self.0.iter().enumerate() {
            let is_told = |(other, _): &(String, u64)| steps[other] > steps[item];
            let Some(told) = self.0[..place].iter().position(is_told) else {
                continue;
            };
            judged += 1;
            for at in (told..place).filter(|at| due(&self.0[*at].0) > due(item)) {
                overtaken += 1;
                let mut before = self.0[..at].iter().rev();
                let last = before.find(|(other, _)| due(other) < due(item));
                // Curator's goes through its list once and asks of each item whether it is due at that moment. One that
                // is not yet when it has handed out the one before is passed over, and later ones may be due by then.
                let was_due = last.is_some_and(|(_, when)| *when > due(item));
                let overtaker = &self.0[at];
                let told = format!("{side}: {item} after {overtaker:?}, before which {last:?}");
                assert!(may_pass_over && !was_due, "{told}");
            }
        }
        note(format_args!(
            "{side}: {judged} known before, {overtaken} times overtaken"
        ));
        assert!(judged > 0, "{side} knew of nothing before it was given it");
    }
}

/// One delay queue that both put into and take from.
struct Delayed {
    queue: Queue,
    mode: Mode,
    limit: Deadline,
    theirs: Theirs,
    taking: JoinHandle<()>,
    arrivals: UnboundedReceiver<(String, u64)>,
    ours_had: Given,
    theirs_had: Given,
    /// What was put, in which step: each step begins when the one before it was answered.
    put: BTreeMap<String, usize>,
    steps: usize,
}

/// Takes, waiting for what is due, until it is stopped.
fn take_on(queue: &Queue, mode: Mode, sender: UnboundedSender<(String, u64)>) -> JoinHandle<()> {
    let queue = queue.clone();
    tokio::spawn(async move {
        loop {
            let (item, at) = match mode {
                Mode::Take => (queue.take().await.unwrap().data().to_vec(), now()),
                Mode::Claim => {
                    let claimed = queue.claim().await.unwrap();
                    let (item, at) = (claimed.data().to_vec(), now());
                    claimed.complete().await.unwrap();
                    (item, at)
                }
            };
            // Nobody listens any more if the test has failed.
            let _ = sender.send((String::from_utf8(item).unwrap(), at));
        }
    })
}

/// Puts an item of ours.
async fn put_ours(queue: &Queue, n: usize, begun: u64) -> String {
    let due = due_of(n, begun);
    let item = format!("r{n}@{due}");
    let entry = Entry::new(item.clone()).due_at(UNIX_EPOCH + Duration::from_millis(due));
    queue.put(entry).await.unwrap();
    item
}

async fn put_theirs(producer: &mut Producer, n: usize, begun: u64) -> String {
    let due = due_of(n, begun);
    let item = format!("j{n}@{due}");
    producer.put_due(&item, due).await;
    item
}

impl Delayed {
    async fn new(mode: Mode) -> Self {
        let connect = RealServer::shared().connect_string();
        let zk = Client::builder(&connect).connect().await.unwrap();
        let has_locks = mode == Mode::Claim;
        let path = format!("/queues-ahead-{}", if has_locks { "locks" } else { "take" });
        let mut queue = Queue::new(&zk, &path).unwrap().layout(QueueLayout::Delay);
        if has_locks {
            queue = queue.lock_path(&format!("{path}-locks")).unwrap();
        }
        let (sender, arrivals) = unbounded_channel();
        Self {
            taking: take_on(&queue, mode, sender),
            queue,
            mode,
            limit: deadline(Duration::from_secs(60)),
            theirs: Theirs::start(&connect, Kind::Delay, &path, has_locks).await,
            arrivals,
            ours_had: Given::default(),
            theirs_had: Given::default(),
            put: BTreeMap::new(),
            steps: 0,
        }
    }

    /// Notes what was put in one step.
    fn note_put(&mut self, items: impl IntoIterator<Item = String>) {
        let step = self.steps;
        self.put.extend(items.into_iter().map(|item| (item, step)));
        self.steps += 1;
    }

    /// Waits until all that was put was handed out.
    async fn all_is_handed_out(&mut self) {
        while self.ours_had.0.len() + self.theirs_had.0.len() < self.put.len() {
            assert!(!self.limit.passed(), "{}", self.summary());
            while let Ok(arrived) = self.arrivals.try_recv() {
                self.ours_had.0.push(arrived);
            }
            self.theirs_had.0.extend(self.theirs.taken_when().await);
            // Whoever takes is to have the machine.
            tokio::time::sleep(PACE).await;
        }
    }

    fn summary(&self) -> String {
        format!(
            "{} put, ours had {} of theirs and {} in all, theirs {} of ours and {} in all",
            self.put.len(),
            self.ours_had.of('j'),
            self.ours_had.0.len(),
            self.theirs_had.of('r'),
            self.theirs_had.0.len(),
        )
    }

    /// Each was handed out once.
    async fn check(&self) {
        let mut counts = BTreeMap::new();
        for (item, _) in self.ours_had.0.iter().chain(&self.theirs_had.0) {
            *counts.entry(item.clone()).or_insert(0) += 1;
        }
        let wanted: BTreeMap<String, i32> = self.put.keys().map(|i| (i.clone(), 1)).collect();
        assert_eq!(counts, wanted);
        // Curator deletes what it has handed out.
        let is_empty = async || (self.queue.len().await.unwrap() == 0).then_some(());
        self.limit.until_some("an empty queue", is_empty).await;
        self.theirs_had.check_times("theirs");
        self.ours_had.check_times("ours");
        self.theirs_had.check_order("theirs", &self.put, true);
        self.ours_had.check_order("ours", &self.put, false);
    }
}

/// Both put and both take; then whoever was given too little of the other's is given the rest alone.
async fn handed_out_when_due(mode: Mode) {
    let mut delayed = Delayed::new(mode).await;
    let mut producer = delayed.theirs.producer().await;
    let begun = now();
    for n in 0..PUT {
        let (ours, theirs) = tokio::join!(
            put_ours(&delayed.queue, n, begun),
            put_theirs(&mut producer, n + 50, begun)
        );
        delayed.note_put([ours, theirs]);
    }
    delayed.all_is_handed_out().await;
    note(delayed.summary());

    // Nothing is there any more, so it waits, and has nothing that it did not hand out.
    delayed.taking.abort();
    let begun = now();
    for n in PUT..PUT + EXCHANGES.saturating_sub(delayed.theirs_had.of('r')) {
        let put = put_ours(&delayed.queue, n, begun).await;
        delayed.note_put([put]);
    }
    delayed.all_is_handed_out().await;

    delayed.theirs.stop().await;
    let (sender, arrivals) = unbounded_channel();
    delayed.arrivals = arrivals;
    delayed.taking = take_on(&delayed.queue, delayed.mode, sender);
    let begun = now();
    let first = PUT + 50;
    for n in first..first + EXCHANGES.saturating_sub(delayed.ours_had.of('j')) {
        let put = put_theirs(&mut producer, n, begun).await;
        delayed.note_put([put]);
    }
    delayed.all_is_handed_out().await;
    delayed.taking.abort();
    delayed.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ours_or_curators_puts_into_its_delay_queue_is_handed_out_by_both_when_it_is_due() {
    handed_out_when_due(Mode::Take).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ours_or_curators_puts_into_its_delay_queue_with_locks_is_handed_out_when_it_is_due() {
    handed_out_when_due(Mode::Claim).await;
}
