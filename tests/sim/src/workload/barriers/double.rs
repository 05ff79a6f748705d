//! Barriers that all enter together and leave together.

use std::future::IntoFuture;
use std::time::Duration;

use async_trait::async_trait;
use zk_checkers::{Function, Outcome};
use zk_recipes::{BarrierMember, DoubleBarrier};

use crate::schedule::{Action, Call, Phase};
use crate::workload::calls::{Ask, wish};
use crate::workload::family::Family;
use crate::workload::last_node;
use crate::workload::node;
use crate::workload::{Application, Planned};

/// The workload of double barriers: in the first directory three meet, in the others two.
pub(in crate::workload) struct Doubles;

#[async_trait]
impl Family for Doubles {
    async fn work(&mut self, app: &mut Application) {
        let at = app.pick_node();
        let members = if at == 0 { 3 } else { 2 };
        let path = node(at);
        let limit = Duration::from_millis(app.rng.between(50, 8000));
        let Some(member) = enter(app, &path, members, Some(limit)).await else {
            return;
        };
        app.actor.enter(Phase::Holding);
        let work = app.plan.work;
        app.pause(work).await;
        let drawn = app.rng.percent(10).then_some(Action::DropGuard);
        match app.actor.take_guard_fate().or(drawn) {
            Some(Action::LeakGuard) => {
                std::mem::forget(member);
                app.leaked = true;
            }
            Some(Action::PanicHolding) => {
                let _member = member;
                std::panic::resume_unwind(Box::new(Planned));
            }
            Some(_) => drop(member),
            None => {
                let limit = Duration::from_millis(app.rng.between(50, 8000));
                leave(app, &path, member, Some(limit)).await;
            }
        }
    }

    async fn last_wishes(&mut self, app: &mut Application) -> Result<(), String> {
        // Where servers forget what they said, members are lost that others wait for.
        if app.plan.is_hostile() {
            return Ok(());
        }
        let members = u16::try_from(app.plan.clients).unwrap_or(1);
        let path = last_node();
        for _ in 0..3 {
            let member = enter(app, &path, members, None).await;
            let member = wish("entering", member)?;
            let left = leave(app, &path, member, None).await;
            wish("leaving", left.then_some(()))?;
        }
        Ok(())
    }
}

async fn enter(
    app: &Application,
    path: &str,
    members: u16,
    limit: Option<Duration>,
) -> Option<BarrierMember> {
    let barrier = DoubleBarrier::new(&app.client, path, members).ok()?;
    let enter = match limit {
        Some(limit) => barrier.enter().timeout(limit),
        None => barrier.enter(),
    };
    let ask = Ask {
        phase: Phase::Acquiring,
        call: Call::Enter,
        function: Function::Enter,
        path,
        limit: Some(limit.unwrap_or_else(|| app.plan.span + app.ages())),
    };
    app.make(
        ask,
        enter.into_future(),
        |op, _| {
            op.expected = Some(i32::from(members));
        },
        |op, history, member| {
            op.reply = history.text(member.node());
        },
    )
    .await
}

/// Whether it was a member to the end.
async fn leave(
    app: &Application,
    path: &str,
    member: BarrierMember,
    limit: Option<Duration>,
) -> bool {
    let own = member.node().to_owned();
    let leave = match limit {
        Some(limit) => member.leave().timeout(limit),
        None => member.leave(),
    };
    let ask = Ask {
        phase: Phase::Releasing,
        call: Call::Leave,
        function: Function::Leave,
        path,
        limit: Some(limit.unwrap_or_else(|| app.plan.span + app.ages())),
    };
    let left = app
        .make(
            ask,
            leave.into_future(),
            |op, history| {
                op.reply = history.text(&own);
            },
            |op, _, left| {
                // Who was lost before has no say.
                if !left.was_member {
                    op.outcome = Outcome::NotApplied;
                    op.error = zk_wire::ErrorCode::SessionExpired.raw();
                }
            },
        )
        .await;
    left.is_some_and(|left| left.was_member)
}
