//! Following who is in a group.

use zk_client::{AddWatchMode, Client, Error};

use super::layout::GroupLayout;
use super::lookout::{Lookout, Sight};
use super::roster::{Roster, members};

/// Follows who is in a group. Made by [`Group::observe`](crate::Group::observe).
///
/// It has one watch on the group; dropping it removes that.
#[derive(Debug)]
pub struct Rosters {
    client: Client,
    path: String,
    layout: GroupLayout,
    lookout: Lookout,
    told: Option<Roster>,
}

impl Rosters {
    pub(super) fn new(client: Client, path: &str, layout: GroupLayout) -> Self {
        Self {
            lookout: Lookout::new(&client, path, AddWatchMode::PersistentRecursive),
            client,
            path: path.to_owned(),
            layout,
            told: None,
        }
    }

    /// Who is in the group: at the first call at once, then whenever somebody comes, goes or says something else, when the
    /// connection is lost ([stale](Roster::is_stale)) and when it is known again who is there. Changes between two calls are
    /// told as one.
    ///
    /// # Errors
    ///
    /// `NoAuth`; `Unimplemented` on servers before 3.6; `SessionExpired` only with `OnExpiry::Stop`; `Closed`. After an error
    /// the next call looks again.
    ///
    /// # Cancel safety
    ///
    /// Resumable: a dropped call loses no change.
    ///
    /// # Ordering
    ///
    /// As the connected server sees it, perhaps late; what is told never goes back in time on one session. A list and a look at
    /// each member: those that go in between are left out, and the next roster tells of it.
    ///
    /// # On session events
    ///
    /// A suspension makes the roster stale, and so does an expiry; it goes on in the client's next session.
    pub async fn next(&mut self) -> Result<Roster, Error> {
        loop {
            let look = || members(&self.client, &self.path, self.layout);
            match self.lookout.next(look).await? {
                Sight::Fresh(members) => {
                    let roster = Roster {
                        members,
                        is_stale: false,
                    };
                    if self.told.as_ref() != Some(&roster) {
                        self.told = Some(roster.clone());
                        return Ok(roster);
                    }
                }
                Sight::Stale => {
                    if let Some(told) = &mut self.told {
                        told.is_stale = true;
                        return Ok(told.clone());
                    }
                }
            }
        }
    }
}
