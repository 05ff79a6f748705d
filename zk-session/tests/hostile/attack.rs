//! The shapes of attacks.

use zk_wire::Request;

use crate::server::{Heard, Say};

/// On the first connection, answers requests of a kind.
pub(crate) fn on(
    is: fn(&Request) -> bool,
    say: impl Fn(i32) -> Vec<Say> + 'static,
) -> impl Fn(usize, &Heard) -> Option<Vec<Say>> + 'static {
    on_nth(0, is, say)
}

/// On one of the connections, answers requests of a kind.
pub(crate) fn on_nth(
    hostile: usize,
    is: fn(&Request) -> bool,
    say: impl Fn(i32) -> Vec<Say> + 'static,
) -> impl Fn(usize, &Heard) -> Option<Vec<Say>> + 'static {
    move |nth, heard| {
        let xid = heard.xid_of(is).filter(|_| nth == hostile)?;
        Some(say(xid))
    }
}

/// On the first connection, answers reads, and nothing else.
pub(crate) fn only_on_read(
    say: impl Fn(i32) -> Vec<Say> + 'static,
) -> impl Fn(usize, &Heard) -> Option<Vec<Say>> + 'static {
    on(any, move |xid| match xid {
        // The read is the first request of a session; pings have an xid below zero.
        1 => say(xid),
        _ => Vec::new(),
    })
}

/// Answers a read with these bytes.
pub(crate) fn on_read(
    bytes: impl Fn(i32) -> Vec<u8> + 'static,
) -> impl Fn(usize, &Heard) -> Option<Vec<Say>> + 'static {
    on(is_read, move |xid| vec![Say::Bytes(bytes(xid))])
}

/// On one of the connections, answers the greeting.
pub(crate) fn on_greeting(
    hostile: usize,
    say: impl Fn() -> Vec<Say> + 'static,
) -> impl Fn(usize, &Heard) -> Option<Vec<Say>> + 'static {
    move |nth, heard| {
        let greeted = matches!(heard, Heard::Greeting) && nth == hostile;
        greeted.then(&say)
    }
}

/// On every connection, answers the greeting.
pub(crate) fn on_every_greeting(
    say: impl Fn() -> Vec<Say> + 'static,
) -> impl Fn(usize, &Heard) -> Option<Vec<Say>> + 'static {
    move |_, heard| matches!(heard, Heard::Greeting).then(&say)
}

pub(crate) fn is_read(request: &Request) -> bool {
    matches!(request, Request::GetData { .. })
}

pub(crate) fn is_create(request: &Request) -> bool {
    matches!(request, Request::Create(_))
}

pub(crate) fn is_multi(request: &Request) -> bool {
    matches!(request, Request::Multi(_))
}

pub(crate) fn is_ping(request: &Request) -> bool {
    matches!(request, Request::Ping)
}

pub(crate) fn is_auth(request: &Request) -> bool {
    matches!(request, Request::Auth { .. })
}

pub(crate) fn is_add_watch(request: &Request) -> bool {
    matches!(request, Request::AddWatch { .. })
}

pub(crate) fn is_set_watches(request: &Request) -> bool {
    matches!(request, Request::SetWatches(_))
}

pub(crate) fn is_close(request: &Request) -> bool {
    matches!(request, Request::CloseSession)
}

pub(crate) fn is_list_of_own(request: &Request) -> bool {
    matches!(request, Request::GetEphemerals { .. })
}

pub(crate) fn any(_: &Request) -> bool {
    true
}

pub(crate) fn any_but_pings(request: &Request) -> bool {
    !is_ping(request)
}
