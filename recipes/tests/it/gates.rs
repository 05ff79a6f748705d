//! Gates under stale writers: ours keep the rules, and each way to break one is found.

use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use zk_recipes::gate::{
    BreachKind, FileGate, GateError, MemoryGate, StaleToken, StaleWriters, TokenGate,
};

type Written = Result<(), GateError<Infallible>>;

/// Compares and writes as it is told to.
struct Bent {
    stored: Mutex<(u64, Vec<u8>)>,
    write: fn(&Self, u64, &[u8]) -> Written,
}

impl Bent {
    fn new(write: fn(&Self, u64, &[u8]) -> Written) -> Self {
        let stored = Mutex::new((0, Vec::new()));
        Self { stored, write }
    }

    fn stored(&self) -> MutexGuard<'_, (u64, Vec<u8>)> {
        self.stored.lock().unwrap()
    }

    fn highest(&self) -> u64 {
        self.stored().0
    }

    /// Writes if `is_let_in` says so of the token and the highest one before.
    fn write_if(&self, token: u64, value: &[u8], is_let_in: fn(u64, u64) -> bool) -> Written {
        let mut stored = self.stored();
        if !is_let_in(token, stored.0) {
            return Err(StaleToken::new(token, stored.0).into());
        }
        *stored = (token, value.to_vec());
        Ok(())
    }
}

impl TokenGate for Bent {
    type Error = Infallible;

    fn write(&self, token: u64, value: &[u8]) -> Written {
        (self.write)(self, token, value)
    }

    fn read(&self) -> Result<Vec<u8>, Infallible> {
        Ok(self.stored().1.clone())
    }
}

/// What makes two steps of one dangerous: a holder, here one with an even token, that stands still between them until the
/// next one has written, or for a moment if none does.
fn pause_of_the_last_holder(token: u64, is_over: impl Fn() -> bool) {
    let start = std::time::Instant::now();
    while token % 2 == 0 && !is_over() && start.elapsed() < Duration::from_millis(2) {
        std::thread::yield_now();
    }
}

fn breach(write: fn(&Bent, u64, &[u8]) -> Written) -> BreachKind {
    let found = StaleWriters::new().check(&Bent::new(write));
    let breach = found.unwrap_err();
    assert!(!breach.steps.is_empty(), "{breach}");
    breach.kind
}

#[test]
fn the_gates_in_memory_and_on_disk_keep_the_rules() {
    let memory = MemoryGate::new(Vec::new());
    let checked = StaleWriters::new().check(&memory).unwrap();
    // 10 orders of two holders, and 50 rounds of 3 stale writers.
    assert_eq!(checked.refused, 14 + 4 * 2 + 50 * 3, "{checked:?}");
    let folder = std::env::temp_dir().join(format!("zk-gates-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = FileGate::new(folder.join("value"));
    let checked = StaleWriters::new().rounds(3).check(&file);
    std::fs::remove_dir_all(&folder).unwrap();
    checked.unwrap();
}

#[test]
fn a_gate_that_compares_nothing_is_found_out() {
    let kind = breach(|gate, token, value| gate.write_if(token, value, |_, _| true));
    assert!(matches!(kind, BreachKind::StaleAccepted { .. }), "{kind}");
}

#[test]
fn a_gate_that_compares_something_else_than_numbers_of_64_bits_is_found_out() {
    let texts = breach(|gate, token, value| {
        gate.write_if(token, value, |token, highest| {
            token.to_string() >= highest.to_string()
        })
    });
    let (presented, highest) = (9, 10);
    // As text 10 comes before 9: here a latest holder is kept out, elsewhere a stale one let in.
    assert!(
        texts == BreachKind::StaleAccepted { presented, highest }
            || texts == BreachKind::Refused(StaleToken::new(10, 9)),
        "{texts}"
    );
    let small = breach(|gate, token, value| {
        gate.write_if(token, value, |token, highest| {
            token as u32 >= highest as u32
        })
    });
    assert!(matches!(small, BreachKind::Refused(_)), "{small}");
    let signed = breach(|gate, token, value| {
        gate.write_if(token, value, |token, highest| {
            token as i32 >= highest as i32
        })
    });
    assert!(matches!(signed, BreachKind::Refused(_)), "{signed}");
    let rounded = breach(|gate, token, value| {
        gate.write_if(token, value, |token, highest| {
            token as f64 >= highest as f64
        })
    });
    let (presented, highest) = (1 << 53, (1 << 53) + 1);
    assert_eq!(rounded, BreachKind::StaleAccepted { presented, highest });
}

#[test]
fn a_gate_that_keeps_the_holder_from_writing_again_is_found_out() {
    let kind =
        breach(|gate, token, value| gate.write_if(token, value, |token, highest| token > highest));
    assert_eq!(kind, BreachKind::Refused(StaleToken::new(1, 1)));
}

#[test]
fn a_gate_that_refuses_and_writes_all_the_same_is_found_out() {
    let kind = breach(|gate, token, value| {
        let mut stored = gate.stored();
        stored.1 = value.to_vec();
        StaleToken::check(token, Some(stored.0))?;
        stored.0 = token;
        Ok(())
    });
    assert!(matches!(kind, BreachKind::Overwritten { .. }), "{kind}");
}

#[test]
fn a_gate_that_lets_in_and_does_not_write_is_found_out() {
    let kind =
        breach(|gate, token, _| gate.write_if(token, b"", |token, highest| token >= highest));
    assert!(matches!(kind, BreachKind::Overwritten { .. }), "{kind}");
}

#[test]
fn a_gate_that_names_other_tokens_is_found_out() {
    let kind = breach(|gate, token, value| {
        let written = gate.write_if(token, value, |token, highest| token >= highest);
        written.map_err(|_| StaleToken::new(token, token).into())
    });
    assert!(matches!(kind, BreachKind::WrongTokens { .. }), "{kind}");
}

#[test]
fn a_gate_that_compares_and_writes_in_two_steps_is_found_out() {
    let kind = breach(|gate, token, value| {
        StaleToken::check(token, Some(gate.highest()))?;
        pause_of_the_last_holder(token, || gate.highest() > token);
        *gate.stored() = (token, value.to_vec());
        Ok(())
    });
    let raced = matches!(
        kind,
        BreachKind::Overwritten { .. } | BreachKind::StaleAccepted { .. }
    );
    assert!(raced, "{kind}");
}

#[test]
fn a_gate_that_remembers_in_one_step_and_writes_in_another_is_found_out() {
    static VALUE: Mutex<Vec<u8>> = Mutex::new(Vec::new());
    struct Split(AtomicU64);
    impl TokenGate for Split {
        type Error = Infallible;
        fn write(&self, token: u64, value: &[u8]) -> Written {
            StaleToken::check(token, Some(self.0.fetch_max(token, Ordering::SeqCst)))?;
            let own = format!("token {token}, ").into_bytes();
            let is_other = || !VALUE.lock().unwrap().starts_with(&own);
            pause_of_the_last_holder(token, is_other);
            *VALUE.lock().unwrap() = value.to_vec();
            Ok(())
        }
        fn read(&self) -> Result<Vec<u8>, Infallible> {
            Ok(VALUE.lock().unwrap().clone())
        }
    }
    let breach = StaleWriters::new().check(&Split(AtomicU64::new(0)));
    let kind = breach.unwrap_err().kind;
    assert!(matches!(kind, BreachKind::Overwritten { .. }), "{kind}");
}

#[test]
fn a_gate_that_was_used_before_is_told_so() {
    let used = MemoryGate::with_highest(Vec::new(), 400);
    let breach = StaleWriters::new().check(&used).unwrap_err();
    assert_eq!(breach.kind, BreachKind::Refused(StaleToken::new(1, 400)));
    assert!(breach.to_string().contains("must be fresh"), "{breach}");
}

#[test]
fn a_gate_in_memory_lets_one_in_at_a_time_and_remembers() {
    let gate = MemoryGate::new(1);
    assert_eq!(gate.highest(), None);
    *gate.enter(5).unwrap() += 1;
    assert_eq!((gate.highest(), gate.read(|value| *value)), (Some(5), 2));
    let stale = gate.enter(4).unwrap_err();
    assert_eq!(
        stale.to_string(),
        "fencing token 4 is stale: a later holder, with token 5, has written here; nothing was written; acquire the lock \
         again, and start from what is there"
    );
    assert_eq!(gate.into_inner(), 2);
}
