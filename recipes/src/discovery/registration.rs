//! An instance that is registered, as whoever registered it sees it.

use std::convert::Infallible;
use std::sync::{Arc, Weak};

use tokio::sync::{mpsc, watch};

use super::instance::Instance;
use super::wanted::Wanted;
use crate::Standing;

/// An instance that a [driver](super::Discovery::register) keeps registered. The last copy that is dropped ends the driver
/// and, unless the instance is of a kind that lasts, the registration.
#[derive(Debug, Clone)]
pub struct Registration {
    path: String,
    wanted: Arc<watch::Sender<Wanted>>,
    told: watch::Receiver<Told>,
    /// Closed when the driver has ended.
    end: mpsc::Sender<Infallible>,
    /// What the last `changed` told.
    seen: Standing,
}

/// How the node stands, and up to which of the things that were asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) standing: Standing,
    pub(super) number: u64,
}

/// The driver's side of a registration.
#[derive(Debug)]
pub(super) struct Orders {
    pub(super) wanted: watch::Receiver<Wanted>,
    pub(super) told: watch::Sender<Told>,
    /// Ends with the driver; nothing is sent.
    _end: mpsc::Receiver<Infallible>,
}

/// What a check of its health holds of a registration: it keeps nothing.
#[derive(Debug, Clone)]
pub(super) struct Checked {
    wanted: Weak<watch::Sender<Wanted>>,
    end: mpsc::Sender<Infallible>,
}

impl Registration {
    pub(super) fn new(path: String, instance: Instance) -> (Self, Orders) {
        let (wanted, orders) = watch::channel(Wanted::new(instance));
        let (tell, told) = watch::channel(Told {
            standing: Standing::Absent,
            number: 0,
        });
        let (end, ended) = mpsc::channel(1);
        let registration = Self {
            path,
            wanted: Arc::new(wanted),
            told,
            end,
            seen: Standing::Absent,
        };
        let orders = Orders {
            wanted: orders,
            told: tell,
            _end: ended,
        };
        (registration, orders)
    }

    /// The path of its node.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The instance as it was asked for last; with its id, if that was drawn.
    #[must_use]
    pub fn instance(&self) -> Instance {
        self.wanted.borrow().instance.clone()
    }

    /// How its node stands, as far as this process knows.
    #[must_use]
    pub fn standing(&self) -> Standing {
        self.told.borrow().standing
    }

    /// Changes the instance, also for later sessions; its name, id and kind stay as they are. Returns at once;
    /// [`applied`](Self::applied) waits until it is written.
    pub fn update(&self, change: impl FnOnce(&mut Instance)) {
        self.ask(|wanted| {
            let mut changed = wanted.instance.clone();
            change(&mut changed);
            let was = &wanted.instance;
            (changed.name, changed.id) = (was.name.clone(), was.id.clone());
            changed.kind = was.kind;
            wanted.instance = changed;
        });
    }

    /// Sends no more callers to the instance: it stays registered, with the flag `enabled` off; where the codec does not
    /// write the flag, its node is withdrawn.
    pub fn drain(&self) {
        self.ask(|wanted| wanted.drained = true);
    }

    /// Ends what [`drain`](Self::drain) began.
    pub fn resume(&self) {
        self.ask(|wanted| wanted.drained = false);
    }

    /// Ends the registration, for good: the driver deletes the node, and ends when it is known to be gone. To call it again
    /// changes nothing.
    pub fn unregister(&self) {
        self.ask(|wanted| wanted.closing = true);
    }

    fn ask(&self, change: impl FnOnce(&mut Wanted)) {
        ask(&self.wanted, change);
    }

    /// Waits until what was asked last before this call is done, and yields how the node stands then: `Present`, or `Absent`
    /// while it is withdrawn. `None` if the driver has ended.
    ///
    /// # Errors
    ///
    /// None: why the driver ended, the driver says.
    ///
    /// # Cancel safety
    ///
    /// Inert.
    ///
    /// # Ordering
    ///
    /// Resolves at once if it is done.
    ///
    /// # On session events
    ///
    /// Goes on waiting, also in the client's next session.
    pub async fn applied(&self) -> Option<Standing> {
        let number = self.wanted.borrow().number;
        let mut told = self.told.clone();
        let told = told.wait_for(|told| told.number >= number).await.ok()?;
        Some(told.standing)
    }

    /// Waits until the node stands otherwise; `None` if the driver has ended. Changes between two calls are told as one.
    ///
    /// # Errors
    ///
    /// None.
    ///
    /// # Cancel safety
    ///
    /// Resumable: a dropped call loses no change.
    ///
    /// # Ordering
    ///
    /// The first call waits until the node stands otherwise than absent. Data that were written are no change.
    ///
    /// # On session events
    ///
    /// An expiry is told as [`Standing::Absent`], but for kinds that last.
    pub async fn changed(&mut self) -> Option<Standing> {
        let seen = self.seen;
        let told = self.told.wait_for(|told| told.standing != seen).await;
        self.seen = told.ok()?.standing;
        Some(self.seen)
    }

    /// A number for one more check.
    pub(super) fn next_check(&self) -> u64 {
        let mut number = 0;
        self.wanted.send_if_modified(|wanted| {
            wanted.checks += 1;
            number = wanted.checks;
            false
        });
        number
    }

    pub(super) fn checked(&self) -> Checked {
        Checked {
            wanted: Arc::downgrade(&self.wanted),
            end: self.end.clone(),
        }
    }
}

/// Changes what is asked. What changes nothing is not heard of, and nothing is written for it.
fn ask(wanted: &watch::Sender<Wanted>, change: impl FnOnce(&mut Wanted)) {
    wanted.send_if_modified(|wanted| {
        let before = wanted.clone();
        change(wanted);
        let changed = *wanted != before;
        wanted.number += u64::from(changed);
        changed
    });
}

impl Checked {
    /// Changes what is asked; nothing if the registration is gone.
    pub(super) fn ask(&self, change: impl FnOnce(&mut Wanted)) {
        if let Some(wanted) = self.wanted.upgrade() {
            ask(&wanted, change);
        }
    }

    /// Waits until the registration has ended.
    pub(super) async fn ended(&self) {
        self.end.closed().await;
    }
}

/// Whoever keeps it no longer knows nothing of it.
impl Drop for Orders {
    fn drop(&mut self) {
        self.tell(Standing::Absent, 0);
    }
}

impl Orders {
    pub(super) fn tell(&self, standing: Standing, number: u64) {
        let told = Told { standing, number };
        self.told.send_if_modified(|before| {
            let changed = *before != told;
            *before = told;
            changed
        });
    }
}
