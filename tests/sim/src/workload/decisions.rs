//! Transactions that do one thing or another.

use std::time::Duration;

use zk_checkers::Function;
use zk_recipes::{Conditional, Decided, Transaction};

use super::Application;
use super::calls::{Ask, writes};
use crate::actor::Called;
use crate::paths::DECISION;
use crate::schedule::{Call, Phase};

/// Writes one thing if the node is as it was seen, and another if not.
pub(super) async fn decide(app: &mut Application) -> Option<()> {
    let [path, one, other] = DECISION;
    app.actor.enter(Phase::Reading);
    let read = app.actor.call(Call::Get, app.client.get(path)).await;
    let Called::Returned(Ok(seen), _) = read else {
        return None;
    };
    let version = seen.stat.version;
    // Somebody else may write meanwhile.
    if app.rng.percent(50) {
        app.pause(Duration::from_millis(60)).await;
    }
    let value = app.fresh_value();
    let zk = &app.client;
    let set = |at: &str| zk.set(at, value.clone());
    let then = Transaction::new(zk).with(set(path)).with(set(one));
    let otherwise = Transaction::new(zk).with(set(other));
    let decision = Conditional::new(zk).version(path, version);
    let decision = decision.then(then).otherwise(otherwise);
    let ask = Ask {
        limit: Some(app.plan.session * 4),
        ..writes(Function::Decide, path)
    };
    let decided = app
        .make(
            ask,
            decision,
            |op, history| {
                op.data = history.text(&value);
                op.expected = Some(version);
                op.guard = history.text(one);
                op.entrance = history.text(other);
            },
            |op, history, decided| {
                op.reply = history.text(match decided {
                    Decided::Then(_) => "then",
                    Decided::Otherwise { .. } => "otherwise",
                });
            },
        )
        .await;
    decided.map(drop)
}
