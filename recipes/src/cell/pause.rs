//! The pause after a race that was lost.

use std::time::Duration;

use zk_client::{Client, Error};

/// Full jitter: uniform between nothing and a bound that doubles with every race lost.
pub(crate) async fn pause(client: &Client, lost: u32) -> Result<(), Error> {
    let bound = PAUSE.saturating_mul(1 << lost.min(20)).min(LONGEST_PAUSE);
    let chance = u32::from_be_bytes(client.random()?);
    let share = f64::from(chance) / (f64::from(u32::MAX) + 1.0);
    tokio::time::sleep(bound.mul_f64(share)).await;
    Ok(())
}

/// Half the bound of the first pause.
const PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);
