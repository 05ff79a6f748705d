//! Who holds a lock, and who waits.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use zk_client::{Client, Error, ErrorKind, SessionId, path};

use crate::contend::{Family, Name, listed};

/// One contender of a lock, as the tree shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Contender {
    /// The path of its node.
    pub node: String,
    /// Which recipes write such names.
    pub family: Family,
    /// What it says about itself: ours host name and process id, Curator's an IP address, unless set otherwise.
    pub text: String,
    /// Its session; 0 for a node that does not go with a session.
    pub session: SessionId,
    /// The creation zxid of its node: the fencing token it has or will have, or the identity of a reader.
    pub token: u64,
    /// When its node was created, by the server's clock. A holder may have waited since then.
    pub since: SystemTime,
    /// True for the first of its family, and for readers with no writer ahead.
    pub holds: bool,
}

pub(crate) async fn list(client: &Client, at: &str) -> Result<Vec<Contender>, Error> {
    let children = listed(client.children(at).await)?;
    let names = children.iter().filter_map(|child| Name::parse(child));
    let mut contenders = read(client, at, names.collect()).await?;
    note_holders(&mut contenders);
    Ok(contenders)
}

/// Everybody with a node of whatever name below a semaphore's place for leases.
pub(crate) async fn leases(
    client: &Client,
    at: &str,
    family: Family,
) -> Result<Vec<Contender>, Error> {
    let children = listed(client.children(at).await)?;
    let names = children.into_iter().map(|text| Name {
        text,
        family,
        sequence: 0,
    });
    let mut leases = read(client, at, names.collect()).await?;
    for lease in &mut leases {
        lease.holds = true;
    }
    Ok(leases)
}

/// Reads the nodes of these names; in the order of their places, those that are gone left out.
async fn read(client: &Client, at: &str, names: Vec<Name>) -> Result<Vec<Contender>, Error> {
    let asked: Vec<_> = names
        .into_iter()
        .map(|name| {
            let node = path::join(at, &name.text);
            let read = client.get(&node).submit();
            (name, node, read)
        })
        .collect();
    let mut queue = Vec::with_capacity(asked.len());
    for (name, node, read) in asked {
        match read.await {
            Ok(found) => {
                let contender = Contender {
                    node,
                    family: name.family,
                    text: String::from_utf8_lossy(&found.data).into_owned(),
                    session: found.stat.ephemeral_owner,
                    token: found.stat.czxid.as_raw() as u64,
                    since: UNIX_EPOCH
                        + Duration::from_millis(found.stat.ctime.try_into().unwrap_or(0)),
                    holds: false,
                };
                queue.push((name.place(found.stat.czxid), contender));
            }
            Err(error) if error.kind() == ErrorKind::NoNode => {}
            Err(error) => return Err(error),
        }
    }
    queue.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(queue.into_iter().map(|(_, contender)| contender).collect())
}

/// Says who holds, of contenders in the order of their queues: whoever has nobody ahead, and those who share and have
/// nobody ahead who does not.
fn note_holders(contenders: &mut [Contender]) {
    let mut queues = BTreeMap::new();
    for contender in contenders {
        let family = contender.family;
        let (any, exclusive) = queues.entry(family.queue()).or_insert((false, false));
        contender.holds = !*any || (family.shares() && !*exclusive);
        *any = true;
        *exclusive |= !family.shares();
    }
}
