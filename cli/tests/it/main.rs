//! `zkctl` as its users run it: the real binary against an embedded server in this process.

mod create;
mod dev;
mod errors;
mod lock;
mod lock_lost;
mod locks;
mod nodes;
mod permission;
mod server;
mod usage;
mod zkctl;
