//! Who is in a group.

mod faults;
mod layouts;
mod observing;

use std::time::Duration;

use tokio::task::JoinHandle;
use zk_recipes::{Client, Error, Group, Membership, Roster, Rosters};

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

/// Rosters, and the driver that keeps them up to date.
struct Observer {
    rosters: Rosters,
    driver: JoinHandle<Result<(), Error>>,
}

fn observe(group: &Group) -> Observer {
    let (rosters, driver) = group.observe();
    let driver = spawned(driver);
    Observer { rosters, driver }
}

impl Observer {
    /// The next roster, within a minute of virtual time.
    async fn next(&mut self) -> Roster {
        let next = tokio::time::timeout(Duration::from_secs(60), self.rosters.next());
        next.await.unwrap().unwrap()
    }

    /// Follows until this is told.
    async fn until(&mut self, ids: &[&str], is_stale: bool) {
        loop {
            let roster = self.next().await;
            let told: Vec<_> = roster.ids().into_iter().collect();
            if told == ids && roster.is_stale == is_stale {
                return;
            }
        }
    }
}
