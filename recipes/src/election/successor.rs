//! Naming a successor: a leader offers its place to one candidate, who then waits directly behind it.
//!
//! The offer is a node beside the election's, with the name of whom it is for, so that nobody else is woken by it. Its
//! data is the leader's node. The one it is for takes the place (a node with the same digits, made while the leader's
//! node is there), and deletes the offer. If it may not delete beside the election, it writes that it took it.

use std::fmt::Write as _;
use std::time::Duration;

use bytes::Bytes;
use zk_client::{
    Acl, Claim, Client, CreateMode, Error, ErrorKind, Fate, OpKind, Watch, WatchEvent, path,
};

use crate::contend::{Contention, Grant, Name};
use crate::decided::decided;

/// The node of an offer in this election to that candidate.
fn offer_of(election: &str, contender: &[u8]) -> String {
    let mut offer = format!("{election}-handover-");
    for &byte in contender {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => offer.push(byte.into()),
            _ => {
                // Writing to a string does not fail.
                let _ = write!(offer, "%{byte:02x}");
            }
        }
    }
    offer
}

/// Offers the place of the leader whose node is `leader`, and waits until it is taken.
pub(super) async fn offer(
    client: &Client,
    election: &str,
    leader: &str,
    contender: &str,
    limit: Duration,
) -> Result<(), Error> {
    let offer = offer_of(election, contender.as_bytes());
    let run = async {
        loop {
            let claim = make(client, &offer, leader).await?;
            loop {
                match client.get(&offer).watch().await {
                    Ok((found, mut watch)) if found.data == leader => {
                        if is_over(&mut watch).await {
                            let text = format!("the session of the leader of {election} is over");
                            return Err(Error::new(ErrorKind::SessionExpired, text));
                        }
                    }
                    // Somebody wrote into it.
                    Ok(_) => break,
                    Err(error) if error.kind() == ErrorKind::NoNode => {
                        claim.absent();
                        break;
                    }
                    Err(error) => return Err(error),
                }
            }
            // Anybody may have done that: that it was taken shows in the place.
            if is_taken(client, election, leader).await? {
                return Ok(());
            }
        }
    };
    match tokio::time::timeout(limit, run).await {
        Ok(result) => result,
        Err(_) => Err(not_taken(election, contender, limit)),
    }
}

/// Whether there is another candidate in the leader's place. An error if there is no leader in it either.
async fn is_taken(client: &Client, election: &str, leader: &str) -> Result<bool, Error> {
    let children = client.children(election).await?;
    let own = path::name(leader);
    let place = Name::parse(own).map(|name| name.sequence);
    let mut others = children.iter().filter(|child| *child != own);
    let taken = others.any(|child| Name::parse(child).map(|name| name.sequence) == place);
    if taken || children.iter().any(|child| child == own) {
        return Ok(taken);
    }
    let text = format!("the term of the leader of {election} is over: {leader} is gone");
    Err(Error::new(ErrorKind::LockLost, text).with_op(OpKind::Acquire, election))
}

/// Makes the node of the offer.
async fn make(client: &Client, offer: &str, leader: &str) -> Result<Claim, Error> {
    loop {
        let claim = client.claim(path::parent(offer).unwrap_or("/"), path::name(offer));
        let data = Bytes::from(leader.to_owned());
        let create = claim.create(offer, data, vec![Acl::open()], CreateMode::Ephemeral);
        let Err(error) = create.await else {
            return Ok(claim);
        };
        match (error.kind(), error.fate()) {
            // Of a leader before this one.
            (ErrorKind::NodeExists, _) => {
                claim.absent();
                withdraw(client, offer).await?;
            }
            (ErrorKind::ConnectionLost, Fate::Unknown) => {
                decided(client).await?;
                let there = client.exists(offer).await?;
                if there.is_some_and(|stat| Some(stat.ephemeral_owner) == client.session_id()) {
                    claim.located(offer);
                    return Ok(claim);
                }
                claim.absent();
            }
            (ErrorKind::ConnectionLost, _) => claim.absent(),
            _ => return Err(error),
        }
    }
}

/// Waits for an offer to this candidate, takes the place, and waits there until first.
pub(super) async fn accept(contention: &Contention) -> Result<Grant, Error> {
    let Contention {
        client, path, data, ..
    } = contention;
    let offer = offer_of(path, data);
    loop {
        let generation = client.generation();
        match accept_one(contention, &offer).await {
            Ok(Some(grant)) => return Ok(grant),
            Ok(None) => {}
            Err(error) if error.kind() == ErrorKind::ConnectionLost => {}
            Err(error) if error.kind() == ErrorKind::SessionExpired => {
                contention.live_on(generation)?;
            }
            Err(error) => return Err(error),
        }
    }
}

async fn accept_one(contention: &Contention, offer: &str) -> Result<Option<Grant>, Error> {
    let client = &contention.client;
    let (there, mut watch) = client.exists(offer).watch().await?;
    if there.is_none() {
        watch.next().await;
        return Ok(None);
    }
    let leader = match client.get(offer).await {
        Ok(found) => String::from_utf8_lossy(&found.data).into_owned(),
        Err(error) if error.kind() == ErrorKind::NoNode => return Ok(None),
        Err(error) => return Err(error),
    };
    let is_of_this_election = path::parent(&leader) == Some(contention.path.as_str());
    if is_of_this_election {
        let taken = async {
            // Whatever keeps the leader from hearing of it, the place is taken all the same.
            let _ = say_taken(client, offer).await;
        };
        if let Some(grant) = contention.succeed(&leader, taken).await? {
            return Ok(Some(grant));
        }
    }
    // It cannot be taken (any more): wait for another.
    is_over(&mut watch).await;
    Ok(None)
}

async fn withdraw(client: &Client, offer: &str) -> Result<(), Error> {
    match client.delete(offer).await {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NoNode => Ok(()),
        Err(error) if error.kind() == ErrorKind::ConnectionLost => Ok(()),
        Err(error) => Err(error),
    }
}

/// Lets the leader know, by deleting the offer or, without the right to that, by writing into it.
async fn say_taken(client: &Client, offer: &str) -> Result<(), Error> {
    loop {
        let said = match client.delete(offer).await {
            Err(error) if error.kind() == ErrorKind::NoAuth => {
                client.set(offer, TAKEN).await.map(drop)
            }
            deleted => deleted,
        };
        match said {
            // A second time does no harm.
            Err(error) if error.kind() == ErrorKind::ConnectionLost => {}
            said => return said,
        }
    }
}

/// What an offer says once it is taken: no node of any leader.
const TAKEN: &str = "";

/// Waits for a change of the node; true if the watch is over before.
async fn is_over(watch: &mut Watch) -> bool {
    loop {
        match watch.next().await {
            Some(WatchEvent::Fired { .. }) => return false,
            Some(WatchEvent::Ended(_)) | None => return true,
            Some(_) => {}
        }
    }
}

fn not_taken(election: &str, contender: &str, limit: Duration) -> Error {
    let text = format!(
        "{contender:?} did not take the place behind the leader of {election} within {limit:?}"
    );
    Error::new(ErrorKind::AcquireTimedOut, text)
        .with_op(OpKind::Acquire, election)
        .with_hint(format!(
            "`zkctl leaders {election}` shows the candidates; only one with .accepts_succession() takes it"
        ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_contender_has_a_node_of_its_own_for_offers() {
        assert_eq!(offer_of("/a/b", b"node-7"), "/a/b-handover-node-7");
        assert_eq!(offer_of("/a", b"x/y z%"), "/a-handover-x%2fy%20z%25");
    }
}
