//! Elections: terms, those who look on, latches.

mod defects;
mod latch;
mod observe;
mod priorities;
mod succession;
mod terms;

use std::future::{Future, IntoFuture};

use zk_recipes::{Client, Election};

const AT: &str = "/elections/a";

/// A future that runs in a task of its own.
fn spawned<F>(future: F) -> tokio::task::JoinHandle<F::Output>
where
    F: IntoFuture,
    F::IntoFuture: Future<Output = F::Output> + Send + 'static,
    F::Output: Send + 'static,
{
    tokio::spawn(future.into_future())
}

fn election(zk: &Client, contender: &str) -> Election {
    Election::new(zk, AT).unwrap().contender(contender)
}

/// An election whose parents exist.
async fn warm_election(zk: &Client, contender: &str) -> Election {
    let election = election(zk, contender);
    election.elected().await.unwrap().resign().await.unwrap();
    election
}
