//! A candidacy that goes on by itself, and can be asked whether it leads.

use std::future::{Future, IntoFuture};

use tokio::sync::watch;
use zk_client::Error;

use super::elected::Elected;
use super::rank;
use super::term::Term;

/// Tells whether this process leads, while a [driver](crate::Election::latch) keeps it standing: what Curator calls a leader
/// latch.
///
/// ```
/// # #[cfg(feature = "dev-server")]
/// # fn main() {
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// # use zk_recipes::{Client, Election};
/// # let zk = Client::dev().await?;
/// let (latch, driver) = Election::new(&zk, "/election")?.contender("node-7").latch();
/// let driver = tokio::spawn(driver);
/// let term = latch.leader().await.expect("the driver runs");
/// assert!(latch.is_leader() && term.epoch() > 0);
/// latch.close();
/// driver.await.unwrap()?;
/// # zk.close().await?;
/// # Ok::<(), zk_recipes::Error>(())
/// # }).unwrap(); }
/// # #[cfg(not(feature = "dev-server"))]
/// # fn main() {}
/// ```
#[derive(Debug, Clone)]
pub struct Latch {
    term: watch::Receiver<Option<Term>>,
    /// Dropped with the last copy; true to close.
    closing: watch::Sender<bool>,
}

impl Latch {
    /// The latch, and what keeps it standing.
    pub(super) fn new(
        elected: Elected,
    ) -> (
        Self,
        impl Future<Output = Result<(), Error>> + Send + 'static,
    ) {
        let (term, told) = watch::channel(None);
        let (closing, close) = watch::channel(false);
        let latch = Self {
            term: told,
            closing,
        };
        (latch, drive(elected, term, close))
    }

    /// Whether this process leads, as far as it knows; see [`Term::is_safe`] for how certain that is.
    #[must_use]
    pub fn is_leader(&self) -> bool {
        self.term().is_some()
    }

    /// The term in which this process leads; `None` if it does not.
    #[must_use]
    pub fn term(&self) -> Option<Term> {
        let term = self.term.borrow();
        term.as_ref().filter(|term| term.is_leader()).cloned()
    }

    /// Waits until this process leads; `None` if the driver has ended. The term may be over when it is looked at.
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
    /// Resolves at once if this process leads already.
    ///
    /// # On session events
    ///
    /// Goes on waiting, also in the client's next session.
    pub async fn leader(&self) -> Option<Term> {
        let mut told = self.term.clone();
        let leads = |term: &Option<Term>| term.as_ref().is_some_and(Term::is_leader);
        let term = told.wait_for(leads).await.ok()?;
        term.clone()
    }

    /// Waits until this process begins or ceases to lead: the new term, or `None`; also `None` if the driver has ended.
    /// Changes between two calls are told as one.
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
    /// The first call waits for the first change after the latch was made or cloned.
    ///
    /// # On session events
    ///
    /// An expiry ends the term, and so does doubt: the candidate then stands again.
    pub async fn changed(&mut self) -> Option<Term> {
        self.term.changed().await.ok()?;
        self.term.borrow_and_update().clone()
    }

    /// Ends the candidacy: the driver resigns, deletes the candidate's node, and ends. So does dropping the last copy of
    /// the latch. A node whose term was in doubt before, or that nobody was elected by yet, is deleted in the background, as soon
    /// as a server can be reached; one whose session is lost goes with that.
    pub fn close(&self) {
        self.closing.send_replace(true);
    }
}

async fn drive(
    elected: Elected,
    term: watch::Sender<Option<Term>>,
    mut close: watch::Receiver<bool>,
) -> Result<(), Error> {
    // Closed by a word, or by there being nobody left who could say it.
    let closed = async move {
        let _ = close.wait_for(|closing| *closing).await;
    };
    tokio::pin!(closed);
    loop {
        let leadership = tokio::select! {
            biased;
            () = &mut closed => return Ok(()),
            leadership = elected.clone().into_future() => leadership?,
        };
        let now = leadership.term();
        term.send_replace(Some(now.clone()));
        let is_closed = tokio::select! {
            biased;
            () = &mut closed => true,
            () = now.doubted() => false,
            () = rank::make_room(&leadership) => false,
        };
        term.send_replace(None);
        if is_closed {
            return leadership.resign().await.map(drop);
        }
    }
}
