//! Elections: terms, those who look on, latches.

mod defects;
mod latch;
mod observe;
mod priorities;
mod succession;
mod terms;

use zk_recipes::{Client, Election};

use crate::kit::spawned;

const AT: &str = "/elections/a";

fn election(zk: &Client, contender: &str) -> Election {
    Election::new(zk, AT).unwrap().contender(contender)
}

/// An election whose parents exist.
async fn warm_election(zk: &Client, contender: &str) -> Election {
    let election = election(zk, contender);
    election.elected().await.unwrap().resign().await.unwrap();
    election
}
