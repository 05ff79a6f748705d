//! Being in a group.

use bytes::Bytes;
use zk_client::{Error, ErrorKind, OpKind};

use super::layout::GroupLayout;
use crate::persistent_node::{Presence, Standing};

/// A membership that a [driver](crate::Group::join) keeps. The last copy that is dropped ends the driver, and with it the
/// membership.
#[derive(Debug, Clone)]
pub struct Membership {
    id: String,
    layout: GroupLayout,
    presence: Presence,
}

impl Membership {
    pub(super) fn new(id: &str, layout: GroupLayout, presence: Presence) -> Self {
        Self {
            id: id.to_owned(),
            layout,
            presence,
        }
    }

    /// What this member calls itself.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whether this process is in the group, as far as it knows: whether its node is there. It knows of an end as late as its
    /// client does.
    #[must_use]
    pub fn is_member(&self) -> bool {
        matches!(self.presence.standing(), Standing::Present(_))
    }

    /// The membership's node: to [wait](Presence::present) until it is there, and to follow how it
    /// [stands](Presence::changed).
    #[must_use]
    pub fn presence(&self) -> &Presence {
        &self.presence
    }

    /// Sets what this member says besides its id, from now on, also in later sessions. Returns at once.
    ///
    /// # Errors
    ///
    /// `Misuse` in the layout of kazoo's `Party`, where the data are the id.
    pub fn set(&self, data: impl Into<Bytes>) -> Result<(), Error> {
        if !self.layout.has_data() {
            return Err(no_data(self.presence.path()));
        }
        self.presence.set(data);
        Ok(())
    }

    /// Leaves the group: the driver deletes the node, and ends.
    pub fn leave(&self) {
        self.presence.close();
    }
}

pub(super) fn no_data(at: &str) -> Error {
    let text = format!(
        "cannot write data for {at}: in the layout of kazoo's Party the data of a member are its id"
    );
    Error::new(ErrorKind::Misuse, text)
        .with_op(OpKind::Set, at)
        .with_hint("GroupLayout::ShallowParty has room for data")
}
