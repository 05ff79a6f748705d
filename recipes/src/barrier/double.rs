//! A barrier that all enter together and all leave together.

mod decide;
mod enter;
mod leave;
mod member;
mod site;

use zk_client::{Acl, Client, Error, ErrorKind, OpKind};

use crate::Layout;
use crate::cell::validated;

pub use enter::Enter;
pub use leave::{Leave, Left};
pub use member::{BarrierMember, MemberLost};
use site::Site;

/// A barrier that `n` members enter together and leave together.
///
/// Shares its path with Curator's `DistributedDoubleBarrier`: a member is an ephemeral child, and the child `ready` says that
/// all have entered. kazoo's `DoubleBarrier` ([`Layout::Kazoo`]) has the same nodes, but its members take `ready` away when
/// they begin to leave, so that one of its own that is slow may be stranded.
///
/// **Guarantee**: entering ends with `Ok` only if `n` members were there at one moment, all of them in the tree, all of their
/// sessions alive, in the transaction that made `ready` (made by us; Curator's and kazoo's members count and then make it).
/// Leaving ends with `Ok` only when no member that entered is left, by leaving or by the end of its session. Generations do
/// not mix: who comes after `ready` waits until it is gone. A member that gives up is withdrawn.
///
/// **Cost**: entering takes three requests in one write, the last member's two more; who waits is told. Leaving takes one
/// delete and one list, and few more when others are slow.
///
/// ```
/// # #[cfg(feature = "dev-server")]
/// # fn main() {
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// # use std::time::Duration;
/// # use zk_recipes::{Client, DoubleBarrier};
/// # let zk = Client::dev().await?;
/// let step = DoubleBarrier::new(&zk, "/barriers/step", 1)?;
/// let member = step.enter().timeout(Duration::from_secs(5)).await?;
/// // … all of them work at the same time …
/// let left = member.leave().timeout(Duration::from_secs(5)).await?;
/// assert!(left.was_member);
/// # zk.close().await?;
/// # Ok::<(), zk_recipes::Error>(())
/// # }).unwrap(); }
/// # #[cfg(not(feature = "dev-server"))]
/// # fn main() {}
/// ```
#[derive(Debug, Clone)]
pub struct DoubleBarrier {
    site: Site,
}

impl DoubleBarrier {
    /// The barrier of `members` members at `path`; everybody must give the same number. Sends nothing.
    ///
    /// # Errors
    ///
    /// `InvalidPath` if the path is malformed or the root; `Misuse` if there are no members.
    pub fn new(client: &Client, path: &str, members: u16) -> Result<Self, Error> {
        let path = validated(path, "a barrier")?;
        if members == 0 {
            let text = format!("a barrier of no members at {path} would never be entered");
            return Err(Error::new(ErrorKind::Misuse, text).with_op(OpKind::Wait, path));
        }
        let site = Site {
            client: client.terse(),
            path,
            members: usize::from(members),
            layout: Layout::default(),
            acl: vec![Acl::open()],
        };
        Ok(Self { site })
    }

    /// Sets whose programs the barrier is shared with. Default: [`Layout::Curator`].
    #[must_use]
    pub fn layout(mut self, layout: Layout) -> Self {
        self.site.layout = layout;
        self
    }

    /// Sets the ACL of the nodes that are made here. Default: open to everybody, as Curator's.
    #[must_use]
    pub fn acl(mut self, acl: impl Into<Vec<Acl>>) -> Self {
        self.site.acl = acl.into();
        self
    }

    /// The barrier's path.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.site.path
    }

    /// Enters as soon as all members are there; await the result or set a timeout first.
    pub fn enter(&self) -> Enter {
        Enter::new(self.site.clone())
    }
}
