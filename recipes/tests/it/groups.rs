//! Who is in a group.

mod faults;
mod layouts;
mod observing;

use std::time::Duration;

use tokio::task::JoinHandle;
use zk_recipes::{Client, Error, Group, Membership, Roster};

use crate::kit::spawned;

const PATH: &str = "/workers";

fn group(zk: &Client) -> Group {
    Group::new(zk, PATH).unwrap()
}

/// A member that is there.
async fn joined(group: &Group, id: &str) -> (Membership, JoinHandle<Result<(), Error>>) {
    let (membership, driver) = group.join(id, format!("data of {id}")).unwrap();
    let driver = spawned(driver);
    membership.presence().present().await.unwrap();
    (membership, driver)
}

async fn ids(group: &Group) -> Vec<String> {
    let members = group.members().await.unwrap();
    members.into_iter().map(|member| member.id).collect()
}

/// The next roster, within a minute of virtual time.
async fn next(rosters: &mut zk_recipes::Rosters) -> Roster {
    let next = tokio::time::timeout(Duration::from_secs(60), rosters.next());
    next.await.unwrap().unwrap()
}
