//! Two holders, one after the other: every order of their writes.

use std::fmt::Display;

use super::breach::{Breach, BreachKind, told};
use super::checked::Checked;
use crate::gate::{GateError, StaleToken, TokenGate};

/// From here on tokens are free for writers at once, up to the large ones.
pub(super) const FREE: u64 = 1_000;

/// Whose write is next: of the holder whose lock is lost, or of the one after it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Who {
    First,
    Second,
}

/// Each holder writes twice, and the first comes once more in the end.
const ORDERS: [[Who; 5]; 6] = {
    use Who::{First as A, Second as B};
    [
        [A, A, B, B, A],
        [A, B, A, B, A],
        [A, B, B, A, A],
        [B, A, A, B, A],
        [B, A, B, A, A],
        [B, B, A, A, A],
    ]
};

/// Every order, with tokens of one and two and three digits.
pub(super) fn check_small<G: TokenGate>(gate: &G, checked: &mut Checked) -> Result<(), Breach> {
    let pairs = [(1, 2), (3, 4), (9, 10), (11, 12), (99, 100), (101, 250)];
    for (order, (first, second)) in ORDERS.iter().zip(pairs) {
        check(gate, order, first, second, checked)?;
    }
    Ok(())
}

/// Tokens at the ends of numbers that are too small for them: of 31, 32, 53 and 63 bits.
pub(super) fn check_large<G: TokenGate>(gate: &G, checked: &mut Checked) -> Result<(), Breach> {
    for ends in [1 << 31, 1 << 32, (1 << 53) + 1, i64::MAX as u64] {
        for order in &ORDERS[1..2] {
            check(gate, order, ends - 1, ends, checked)?;
        }
    }
    Ok(())
}

fn check<G: TokenGate>(
    gate: &G,
    order: &[Who],
    first: u64,
    second: u64,
    checked: &mut Checked,
) -> Result<(), Breach> {
    let mut steps = Vec::new();
    let mut highest = 0;
    let mut stored = Vec::new();
    for (number, who) in order.iter().enumerate() {
        let token = match who {
            Who::First => first,
            Who::Second => second,
        };
        let value = format!("token {token}, write {number}").into_bytes();
        let result = gate.write(token, &value);
        steps.push(told(token, &result));
        let is_stale = token < highest;
        judge(&result, token, highest, &steps)?;
        if is_stale {
            checked.refused += 1;
        } else {
            checked.accepted += 1;
            (highest, stored) = (token, value);
        }
        let found = gate
            .read()
            .map_err(|error| Breach::failed(&error, &steps))?;
        if found != stored {
            return Err(Breach::overwritten(&stored, &found, &steps));
        }
    }
    Ok(())
}

/// Whether the gate answered a write as it should, `highest` being the highest token before it.
fn judge<E: Display>(
    result: &Result<(), GateError<E>>,
    token: u64,
    highest: u64,
    steps: &[String],
) -> Result<(), Breach> {
    let expected = StaleToken::new(token, highest);
    let kind = match result {
        Ok(()) if token < highest => BreachKind::StaleAccepted {
            presented: token,
            highest,
        },
        Ok(()) => return Ok(()),
        Err(GateError::Failed(error)) => return Err(Breach::failed(error, steps)),
        Err(GateError::Stale(said)) if token >= highest => BreachKind::Refused(*said),
        Err(GateError::Stale(said)) if *said != expected => BreachKind::WrongTokens {
            said: *said,
            expected,
        },
        Err(GateError::Stale(_)) => return Ok(()),
    };
    Err(Breach::new(kind, steps))
}
