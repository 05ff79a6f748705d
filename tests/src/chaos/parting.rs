//! A client is given up: how long others are still shown what it had registered.

use std::time::Duration;

use tokio::time::{Instant, timeout};
use zk_recipes::discovery::{Discovery, ServiceView};
use zk_recipes::{Client, Error, Group, Rosters};

use super::access::SESSION;
use super::diary::Diary;
use super::work::kept::{GROUP, SERVICE, SERVICES, name_of};

/// A session's timeout, a tick by which the leader counts, and for how long a machine that does much else may stand still.
const BOUND: Duration = SESSION
    .saturating_add(Duration::from_millis(500))
    .saturating_add(Duration::from_secs(4));

/// How long somebody is shown at all, in the sums of a campaign.
const SHOWN: &str = "ms that the dead were shown";

/// Sees the service and the group.
pub(super) struct Mourner {
    name: String,
    view: ServiceView,
    rosters: Rosters,
}

impl Mourner {
    /// Sees that the client is there.
    pub(super) async fn meet(zk: &Client, number: usize) -> Result<Self, Error> {
        let services = Discovery::new(zk, SERVICES)?;
        let (loading, driver) = services.view(SERVICE)?.keep();
        tokio::spawn(driver);
        let (rosters, driver) = Group::new(zk, GROUP)?.observe();
        tokio::spawn(driver);
        let view = loading.loaded().await?;
        view.catch_up().await?;
        Ok(Self {
            name: name_of(number),
            view,
            rosters,
        })
    }

    /// Waits until it is shown no longer, from when nothing of it was heard any more.
    pub(super) async fn see_off(mut self, diary: &Diary) -> Vec<String> {
        let silent = Instant::now();
        let name = &self.name;
        let mut findings = Vec::new();
        if self.view.get(name).is_none() {
            findings.push(format!("{name} is not registered in the end"));
        }
        let gone = async {
            while self.view.get(name).is_some() {
                if self.view.changed().await.is_none() {
                    std::future::pending::<()>().await;
                }
            }
        };
        if timeout(BOUND, gone).await.is_err() {
            findings.push(format!("{name} is dead for {BOUND:?}, and still offered"));
        }
        let shown = silent.elapsed().as_millis().try_into().unwrap_or(u64::MAX);
        diary.page().counts.insert(SHOWN, shown);
        let left = async {
            while let Some(roster) = self.rosters.next().await {
                if !roster.contains(name) {
                    return;
                }
            }
        };
        // The session that took the instance along took the member, too.
        if timeout(Duration::from_secs(4), left).await.is_err() {
            findings.push(format!("{name} is dead, and still a member"));
        }
        findings
    }
}
