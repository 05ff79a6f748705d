//! Writers at once: those of a holder that lost the lock and goes on, and one of the next holder.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use super::breach::{Breach, BreachKind, told};
use super::checked::Checked;
use crate::gate::{GateError, StaleToken, TokenGate};

/// How many writes of the last holder come first, so that it is at full speed.
const HEAD_START: u64 = 3;

/// What the writers of one round know of each other.
struct Round<'a, G> {
    gate: &'a G,
    stale: u64,
    latest: u64,
    /// How many writes of the last holder were let in.
    before: AtomicU64,
    refused: AtomicU64,
    /// The next holder was let in once: from here on the last one must be refused.
    is_taken_over: AtomicBool,
    /// Somebody found a breach.
    is_over: AtomicBool,
}

/// One round: the last holder's threads write until they are refused, the next holder writes once in the middle of that. When
/// all have ended its value must be there: a write that was let in before it and made after it is a breach.
pub(super) fn check<G: TokenGate + Sync>(
    gate: &G,
    writers: u32,
    stale: u64,
    checked: &mut Checked,
) -> Result<(), Breach> {
    let round = Round {
        gate,
        stale,
        latest: stale + 1,
        before: AtomicU64::new(0),
        refused: AtomicU64::new(0),
        is_taken_over: AtomicBool::new(false),
        is_over: AtomicBool::new(false),
    };
    let ends = thread::scope(|scope| {
        let last: Vec<_> = (1..writers)
            .map(|writer| {
                let round = &round;
                scope.spawn(move || round.ended(round.go_on(writer)))
            })
            .collect();
        let next = round.ended(round.take_over());
        // A panic of the gate's own goes on in the caller.
        let last = last.into_iter().map(|writer| {
            writer
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        last.chain([next]).collect::<Vec<_>>()
    });
    for end in ends {
        end?;
    }
    checked.accepted += round.before.into_inner() + 1;
    checked.refused += round.refused.into_inner();
    let expected = value(round.latest, 0, 0);
    let found = gate.read().map_err(|error| Breach::failed(&error, &[]))?;
    if found != expected {
        let steps = [at_once(writers, round.stale, round.latest)];
        return Err(Breach::overwritten(&expected, &found, &steps));
    }
    Ok(())
}

impl<G: TokenGate + Sync> Round<'_, G> {
    fn ended(&self, end: Result<(), Breach>) -> Result<(), Breach> {
        if end.is_err() {
            self.is_over.store(true, Ordering::SeqCst);
        }
        end
    }

    /// A thread of the last holder: writes until it is refused.
    fn go_on(&self, writer: u32) -> Result<(), Breach> {
        for number in 0.. {
            let was_taken_over = self.is_taken_over.load(Ordering::SeqCst);
            if self.is_over.load(Ordering::SeqCst) && !was_taken_over {
                break;
            }
            let result = self
                .gate
                .write(self.stale, &value(self.stale, writer, number));
            let steps = || {
                [
                    at_once(writer, self.stale, self.latest),
                    told(self.stale, &result),
                ]
            };
            match &result {
                Ok(()) if was_taken_over => {
                    let kind = BreachKind::StaleAccepted {
                        presented: self.stale,
                        highest: self.latest,
                    };
                    return Err(Breach::new(kind, &steps()));
                }
                Ok(()) => {
                    self.before.fetch_add(1, Ordering::SeqCst);
                    // Locks need not be fair, and the next holder has to get in.
                    thread::yield_now();
                }
                Err(GateError::Stale(said)) => {
                    let expected = StaleToken::new(self.stale, self.latest);
                    if *said != expected {
                        let said = *said;
                        let kind = BreachKind::WrongTokens { said, expected };
                        return Err(Breach::new(kind, &steps()));
                    }
                    self.refused.fetch_add(1, Ordering::SeqCst);
                    break;
                }
                Err(GateError::Failed(error)) => return Err(Breach::failed(error, &steps())),
            }
        }
        Ok(())
    }

    /// The next holder.
    fn take_over(&self) -> Result<(), Breach> {
        while self.before.load(Ordering::SeqCst) < HEAD_START {
            if self.is_over.load(Ordering::SeqCst) {
                return Ok(());
            }
            thread::yield_now();
        }
        let result = self.gate.write(self.latest, &value(self.latest, 0, 0));
        let steps = || {
            [
                at_once(0, self.stale, self.latest),
                told(self.latest, &result),
            ]
        };
        match &result {
            Ok(()) => {
                self.is_taken_over.store(true, Ordering::SeqCst);
                Ok(())
            }
            Err(GateError::Stale(said)) => Err(Breach::new(BreachKind::Refused(*said), &steps())),
            Err(GateError::Failed(error)) => Err(Breach::failed(error, &steps())),
        }
    }
}

fn value(token: u64, writer: u32, number: usize) -> Vec<u8> {
    format!("token {token}, writer {writer}, write {number}").into_bytes()
}

fn at_once(writer: u32, stale: u64, latest: u64) -> String {
    format!(
        "writer {writer} of several at once, of which one has token {latest} and the others {stale}"
    )
}
