//! What the workers were told, held against what was committed.

mod barriers;
mod clock_leases;
mod grants;
mod histories;
mod ledgers;
mod limits;
mod numbers;
mod parts;
mod turns;
mod values;

use super::diary::Page;
use super::order::Order;

pub(super) use histories::{Span, judge as judge_history};
pub(super) use ledgers::Books;

/// All that is wrong, a line each.
pub(super) fn judge(page: &Page, order: &Order) -> Vec<String> {
    let mut findings = page.findings.clone();
    let strays = order.strays.iter();
    findings.extend(strays.map(|stray| format!("the logs are not whole: {stray}")));
    grants::judge(page, order, &mut findings);
    turns::judge(page, order, &mut findings);
    limits::judge(page, order, &mut findings);
    clock_leases::judge(page, order, &mut findings);
    numbers::judge(page, order, &mut findings);
    values::judge(page, order, &mut findings);
    barriers::judge(page, order, &mut findings);
    parts::judge(page, order, &mut findings);
    findings
}

#[cfg(test)]
mod kit {
    //! Histories in a few words.

    use bytes::Bytes;

    use super::*;
    use crate::txn_log::{Effect, Txn};

    /// What was committed: at the nth place, and the nth millisecond, `+PATH DATA`, `=PATH DATA` or `-PATH`, several of
    /// them joined by semicolons; by session 0, or another that stands before them: `7 -PATH`.
    pub(super) fn order(lines: &[&str]) -> Order {
        let txns: Vec<Txn> = (1..)
            .zip(lines)
            .map(|(n, line)| {
                let starts = line.find(['+', '=', '-']).unwrap_or_default();
                let (session, effects) = line.split_at(starts);
                Txn {
                    zxid: n,
                    ms: n,
                    session: session.trim().parse().unwrap_or(0),
                    ends_session: false,
                    effects: effects.split(';').map(effect).collect(),
                }
            })
            .collect();
        Order::new(&txns)
    }

    fn effect(text: &str) -> Effect {
        let (path, data) = text[1..]
            .split_once(' ')
            .unwrap_or_else(|| (&text[1..], ""));
        let (path, data) = (path.to_owned(), Bytes::copy_from_slice(data.as_bytes()));
        match &text[..1] {
            "+" => Effect::Created {
                path,
                data,
                ephemeral: true,
            },
            "=" => Effect::Written { path, data },
            _ => Effect::Deleted { path },
        }
    }

    pub(super) fn findings(page: &Page, order: &Order) -> Vec<String> {
        judge(page, order)
    }
}
