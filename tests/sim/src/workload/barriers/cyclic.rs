//! Barriers at which parties meet round by round.

use std::future::IntoFuture;
use std::time::Duration;

use async_trait::async_trait;
use zk_checkers::Function;
use zk_recipes::CyclicBarrier;

use crate::schedule::{Call, Phase};
use crate::workload::Application;
use crate::workload::calls::{Ask, wish};
use crate::workload::family::Family;
use crate::workload::last_node;
use crate::workload::node;

/// The workload of cyclic barriers: in the first directory three meet, in the others two.
pub(in crate::workload) struct Rounds;

#[async_trait]
impl Family for Rounds {
    async fn work(&mut self, app: &mut Application) {
        let at = app.pick_node();
        let parties = if at == 0 { 3 } else { 2 };
        let limit = Duration::from_millis(app.rng.between(20, 5000));
        arrive(app, &node(at), parties, Some(limit)).await;
    }

    async fn last_wishes(&mut self, app: &mut Application) -> Result<(), String> {
        // Where servers forget what they said, parties are lost that others wait for.
        if app.plan.is_hostile() {
            return Ok(());
        }
        let parties = u16::try_from(app.plan.clients).unwrap_or(1);
        for _ in 0..3 {
            let passed = arrive(app, &last_node(), parties, None).await;
            wish("arriving", passed)?;
        }
        Ok(())
    }
}

async fn arrive(
    app: &Application,
    path: &str,
    parties: u16,
    limit: Option<Duration>,
) -> Option<u32> {
    let barrier = CyclicBarrier::new(&app.client, path, parties).ok()?;
    let arrive = match limit {
        Some(limit) => barrier.arrive().timeout(limit),
        None => barrier.arrive(),
    };
    let ask = Ask {
        phase: Phase::Acquiring,
        call: Call::Arrive,
        function: Function::Arrive,
        path,
        limit: Some(limit.unwrap_or_else(|| app.plan.span + app.ages())),
    };
    app.make(
        ask,
        arrive.into_future(),
        |op, _| {
            op.expected = Some(i32::from(parties));
        },
        |op, history, round| {
            op.reply = history.data(&i64::from(*round).to_be_bytes());
        },
    )
    .await
}
