//! Known faults of other clients, compiled in for the simulation alone, which has to find them.

use std::cell::Cell;

thread_local! {
    static ACTIVE: Cell<&'static str> = const { Cell::new("") };
}

/// Turns one fault on in this thread, and every other off.
pub fn turn_on(fault: &'static str) {
    ACTIVE.set(fault);
}

/// Whether a fault is on in this thread.
#[must_use]
pub fn is_on(fault: &str) -> bool {
    ACTIVE.get() == fault
}
