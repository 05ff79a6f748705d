//! `zkctl services --watch`.

use std::collections::BTreeSet;
use std::time::SystemTime;

use serde_json::json;
use zk_recipes::Client;
use zk_recipes::discovery::{Discovery, Instance, ServiceChange};

use super::shown::{address, object, state};
use crate::commands::locks::picture::check_chroot;
use crate::connect::Connection;
use crate::exit::{Failure, code};
use crate::{output, since, until};

pub(super) async fn run(
    base: &str,
    name: &str,
    count: Option<u64>,
    connection: &Connection,
    json: bool,
) -> Result<u8, Failure> {
    until::told(connection, |client| async move {
        check_chroot(&client).await?;
        let (loading, driver) = Discovery::new(&client, base)?.view(name)?.keep();
        let told = async {
            let view = loading.loaded().await?;
            let mut changes = view.changes();
            // Those are told first, as added.
            let mut here: BTreeSet<String> =
                view.instances().iter().map(|one| one.id.clone()).collect();
            let mut left = count;
            while left != Some(0) {
                let Some(change) = changes.next().await else {
                    break;
                };
                match &change {
                    ServiceChange::Added(one) if here.remove(&one.id) => {
                        tell("exists", &one.id, Some(one), json)?;
                    }
                    change if tell_change(change, json)? => left = left.map(|left| left - 1),
                    _ => {}
                }
            }
            Ok::<_, Failure>(code::OK)
        };
        tokio::pin!(told, driver);
        tokio::select! {
            biased;
            told = &mut told => told,
            ended = &mut driver => match ended {
                // What was read before is still told.
                Ok(()) => told.await,
                Err(error) => Err(explained(&client, error).await),
            }
        }
    })
    .await
}

async fn explained(client: &Client, error: zk_recipes::Error) -> Failure {
    client.explain(error).await.into()
}

/// Tells a change; whether it is one of an instance.
fn tell_change(change: &ServiceChange, json: bool) -> Result<bool, Failure> {
    match change {
        ServiceChange::Added(one) => tell("added", &one.id, Some(one), json)?,
        ServiceChange::Changed(one) => tell("changed", &one.id, Some(one), json)?,
        ServiceChange::Removed(id) => tell("removed", id, None, json)?,
        ServiceChange::Stale => {
            tell("stale", "", None, json)?;
            return Ok(false);
        }
        ServiceChange::Fresh => {
            tell("fresh", "", None, json)?;
            return Ok(false);
        }
        _ => return Ok(false),
    }
    Ok(true)
}

fn tell(event: &str, id: &str, instance: Option<&Instance>, json: bool) -> Result<(), Failure> {
    let millis = since::millis(SystemTime::now());
    let at = since::rfc3339(millis);
    if json {
        let id = Some(id).filter(|id| !id.is_empty());
        let instance = instance.map(object);
        output::json(
            &json!({ "event": event, "at": at, "at_ms": millis, "id": id, "instance": instance }),
        )?;
        return Ok(());
    }
    let id = output::printable(id);
    let rest = instance.map_or_else(String::new, |instance| {
        format!(
            "{}  {}",
            state(instance),
            output::printable(&address(instance))
        )
    });
    let line = format!("{at}  {event:<7}  {id}  {rest}");
    output::text(&format!("{}\n", line.trim_end()))?;
    Ok(())
}
