//! Bugs that other clients had, and what their suites ask for: each by its id in
//! `docs/client-defects.md` and `docs/client-behaviours.md`.

mod broken_links;
mod chroots;
mod closing;
mod connecting;
mod failover;
mod links;
mod reconnecting;
mod requests;
mod watching;
