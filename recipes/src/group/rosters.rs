//! Following who is in a group.

use std::future::ready;

use super::layout::GroupLayout;
use super::roster::{Roster, roster};
use crate::{Cache, CacheChanges, CacheLoading};

/// Follows who is in a group, while a [driver](crate::Group::observe) keeps what it knows. Dropped, it ends that.
#[derive(Debug)]
pub struct Rosters {
    layout: GroupLayout,
    loading: CacheLoading,
    /// From when all was read once.
    following: Option<(Cache, CacheChanges)>,
    told: Option<Roster>,
}

impl Rosters {
    pub(super) fn new(layout: GroupLayout, loading: CacheLoading) -> Self {
        Self {
            layout,
            loading,
            following: None,
            told: None,
        }
    }

    /// Who is in the group: at the first call as soon as that is known, then whenever somebody comes, goes or says something
    /// else, when the connection is lost ([stale](Roster::is_stale)) and when it is known again who is there. Changes between
    /// two calls are told as one. `None` when the driver has ended: why, the driver says.
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
    /// As the connected server sees it, perhaps late. What is told of a member never goes back.
    ///
    /// # On session events
    ///
    /// A suspension makes the roster stale, and so does an expiry; it goes on in the client's next session.
    pub async fn next(&mut self) -> Option<Roster> {
        loop {
            let (cache, changes) = match &mut self.following {
                Some(following) => following,
                None => {
                    let cache = self.loading.clone().loaded().await.ok()?;
                    let changes = cache.changes();
                    self.following.insert((cache, changes))
                }
            };
            changes.next().await?;
            // One roster for all that is known to have happened.
            loop {
                tokio::select! {
                    biased;
                    change = changes.next() => drop(change?),
                    () = ready(()) => break,
                }
            }
            let roster = roster(&cache.snapshot(), cache.path(), self.layout);
            #[cfg(feature = "__seeded-bugs")]
            let roster = match &self.told {
                Some(told) if zk_client::seeded::is_on("members-that-go-are-kept") => {
                    let gone = told.members.iter().filter(|one| !roster.contains(&one.id));
                    let members = roster.members.iter().chain(gone).cloned().collect();
                    Roster { members, ..roster }
                }
                _ => roster,
            };
            if self.told.as_ref() != Some(&roster) {
                self.told = Some(roster.clone());
                return Some(roster);
            }
        }
    }
}
