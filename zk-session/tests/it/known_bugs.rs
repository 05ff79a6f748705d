//! Bugs that other clients had, and what their suites ask for: each by its id in
//! `docs/client-defects.md` and `docs/client-behaviours.md`.

mod connecting;
mod ending;
mod frames;
mod timers;
mod watching;
