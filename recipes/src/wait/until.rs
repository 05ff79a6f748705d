//! Waiting until a node is as it should be.
//!
//! Whatever wakes a waiter (an event, a new session), only what it reads then lets it pass. A watch is set with a read of
//! the node's data where it is there, which leaves no watch behind where it is not.

use zk_client::{Client, Error, ErrorKind, Watch};

use crate::Layout;
use crate::counter::decode;
use crate::renewal::renewed;

/// Waits until there is no node.
///
/// What a server that lags behind shows may have been so before the wait began: that the node is gone, also where it was seen
/// to go. One quorum write makes sure; whatever the session shows after it is of later.
pub(crate) async fn until_absent(client: &Client, path: &str) -> Result<(), Error> {
    // The session in which that write was answered.
    let mut sure = None;
    loop {
        let generation = client.generation();
        let looked = match watch_existing(client, path).await {
            Ok(None) if sure == Some(generation) => return Ok(()),
            #[cfg(feature = "__seeded-bugs")]
            Ok(None) if zk_client::seeded::is_on("absent-as-a-lagging-server-says") => {
                return Ok(());
            }
            Ok(Some(mut watch)) if sure == Some(generation) => {
                watch.next().await;
                Ok(())
            }
            Ok(watch) => match client.exists(path).linearizable().await {
                Ok(None) => return Ok(()),
                Ok(Some(_)) => {
                    sure = Some(generation);
                    if let Some(mut watch) = watch {
                        watch.next().await;
                    }
                    Ok(())
                }
                Err(error) => Err(error),
            },
            Err(error) => Err(error),
        };
        if let Err(error) = looked {
            renewed(client, generation, error)?;
        }
    }
}

/// Waits until there is a node.
pub(crate) async fn until_present(client: &Client, path: &str) -> Result<(), Error> {
    loop {
        let generation = client.generation();
        match client.exists(path).watch().await {
            Ok((Some(_), _)) => return Ok(()),
            Ok((None, mut watch)) => {
                #[cfg(feature = "__seeded-bugs")]
                if zk_client::seeded::is_on("gap-slept-through") {
                    sleep_through_gaps(&mut watch).await;
                    continue;
                }
                watch.next().await;
            }
            Err(error) => renewed(client, generation, error)?,
        }
    }
}

/// Waits until the number in the node is not above 0; `if_missing`: or there is no node.
pub(crate) async fn until_counted_down(
    client: &Client,
    path: &str,
    if_missing: bool,
) -> Result<(), Error> {
    loop {
        let generation = client.generation();
        let looked = match client.get(path).watch().await {
            Ok((node, mut watch)) => {
                if decode::<i32>(Layout::Curator, path, Some(&node.data))? <= 0 {
                    return Ok(());
                }
                watch.next().await;
                Ok(())
            }
            Err(error) if error.kind() == ErrorKind::NoNode && if_missing => return Ok(()),
            #[cfg(feature = "__seeded-bugs")]
            Err(error)
                if error.kind() == ErrorKind::NoNode
                    && zk_client::seeded::is_on("latch-open-before-it-is-made") =>
            {
                return Ok(());
            }
            Err(error) if error.kind() == ErrorKind::NoNode => until_made(client, path).await,
            Err(error) => Err(error),
        };
        if let Err(error) = looked {
            renewed(client, generation, error)?;
        }
    }
}

/// Waits until a node that was missing may be there.
async fn until_made(client: &Client, path: &str) -> Result<(), Error> {
    if let (None, mut watch) = client.exists(path).watch().await? {
        watch.next().await;
    }
    Ok(())
}

/// A watch on a node that is there.
async fn watch_existing(client: &Client, path: &str) -> Result<Option<Watch>, Error> {
    match client.get(path).watch().await {
        Ok((_, watch)) => Ok(Some(watch)),
        Err(error) if error.kind() == ErrorKind::NoNode => Ok(None),
        // Whether it is there may be asked by those who may not read it, up to 3.9.1.
        Err(error) if error.kind() == ErrorKind::NoAuth => {
            match client.exists(path).watch().await {
                Ok((stat, watch)) => Ok(stat.map(|_| watch)),
                Err(_) => Err(error),
            }
        }
        Err(error) => Err(error),
    }
}

/// A waiter that takes no notice of anything but the event itself.
#[cfg(feature = "__seeded-bugs")]
pub(crate) async fn sleep_through_gaps(watch: &mut Watch) {
    let told = watch.next().await;
    if !matches!(told, Some(zk_client::WatchEvent::Fired { .. })) {
        std::future::pending::<()>().await;
    }
}
