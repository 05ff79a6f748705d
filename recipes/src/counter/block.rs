//! Numbers handed out from reserved blocks.

use std::sync::Arc;

use tokio::sync::Mutex as LocalMutex;
use zk_client::{Error, ErrorKind, Fate, OpKind};

use super::atomic::AtomicNumber;
use super::number::Number;

/// An id generator: hands out numbers that nobody else gets, most of them without asking a server. It reserves a block of
/// them by adding its size to a counter, as Curator's `CachedAtomicLong` and `CachedAtomicInteger`.
///
/// **Guarantee**: over all users of the counter no number is handed out twice. Numbers grow within a handle, not
/// between handles, and there are gaps: what is left of a block goes with the last clone of its handle, and a
/// reservation whose outcome stays unknown is not used.
///
/// With blocks of 2³² numbers each handle has an epoch of its own in the upper half of its numbers, and counts in the lower:
/// ids that cost one request in the life of a program.
///
/// ```
/// # #[cfg(feature = "dev-server")]
/// # fn main() {
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// # use zk_recipes::{AtomicLong, BlockCounter, Client};
/// # let zk = Client::dev().await?;
/// let ids = BlockCounter::new(AtomicLong::new(&zk, "/ids/invoices")?, 100)?;
/// assert_eq!(ids.next().await?, 0);
/// assert_eq!(ids.next().await?, 1);
/// # zk.close().await?;
/// # Ok::<(), zk_recipes::Error>(())
/// # }).unwrap(); }
/// # #[cfg(not(feature = "dev-server"))]
/// # fn main() {}
/// ```
#[derive(Debug, Clone)]
pub struct BlockCounter<N = i64> {
    counter: AtomicNumber<N>,
    size: N,
    block: Arc<LocalMutex<Block>>,
}

/// What is left of a block.
#[derive(Debug, Default)]
struct Block {
    next: i64,
    end: i64,
}

impl<N: Number> BlockCounter<N> {
    /// Takes blocks of `size` numbers from `counter`. Sends nothing.
    ///
    /// # Errors
    ///
    /// `Misuse` unless `size` is at least 1 and one of the counter's numbers.
    pub fn new(counter: AtomicNumber<N>, size: u64) -> Result<Self, Error> {
        let number = i64::try_from(size).ok().filter(|size| *size > 0);
        match number.and_then(|size| N::try_from(size).ok()) {
            Some(size) => Ok(Self {
                counter,
                size,
                block: Arc::default(),
            }),
            _ => {
                let text = format!(
                    "cannot take blocks of {size} numbers from {}",
                    counter.path()
                );
                Err(Error::new(ErrorKind::Misuse, text).with_op(OpKind::Set, counter.path()))
            }
        }
    }

    /// The next number; asks the counter when the block is used up.
    ///
    /// # Errors
    ///
    /// As [`AtomicNumber::add`](crate::AtomicNumber::add). After an expiry another block is taken, whatever became of the one
    /// before.
    ///
    /// # Cancel safety
    ///
    /// Uncertain: a block may be reserved and not used. No number is handed out twice.
    ///
    /// # Ordering
    ///
    /// Callers of one handle and its clones get growing numbers in the order in which they are polled first, unless
    /// somebody sets the counter back.
    ///
    /// # On session events
    ///
    /// Needs no session while the block lasts. Waits through a suspension and an expiry otherwise.
    pub async fn next(&self) -> Result<N, Error> {
        let mut block = self.block.lock().await;
        if block.next == block.end {
            let change = loop {
                let client = self.counter.client();
                let generation = client.generation();
                match self.counter.add(self.size).await {
                    Ok(change) => break change,
                    #[cfg(feature = "__seeded-bugs")]
                    Err(error)
                        if error.fate() == Fate::Unknown
                            && zk_client::seeded::is_on("block-assumed-after-a-lost-answer") =>
                    {
                        let number = |at| N::try_from(at).map_err(|_| self.counter.too_far());
                        break super::change::Change {
                            before: number(block.end)?,
                            after: number(block.end + self.size.into())?,
                            attempts: 1,
                        };
                    }
                    // Reserved or not, nobody else has those numbers. In the next session there is an answer again.
                    Err(error)
                        if error.fate() == Fate::Unknown && client.generation() != generation => {}
                    Err(error) => return Err(error),
                }
            };
            *block = Block {
                next: change.before.into(),
                end: change.after.into(),
            };
        }
        let number = N::try_from(block.next).map_err(|_| self.counter.too_far())?;
        block.next += 1;
        Ok(number)
    }
}
