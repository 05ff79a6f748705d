//! `zkctl` as its users run it: the real binary against an embedded server in this process.

mod completion;
mod create;
mod dev;
mod errors;
mod lock;
mod lock_lost;
mod lock_stop;
mod lock_terminal;
mod locks;
mod locks_watch;
mod nodes;
mod permission;
mod ping;
mod process;
mod pty;
mod server;
mod srvr;
mod stranger;
mod tree;
mod usage;
mod watch;
mod zkctl;
