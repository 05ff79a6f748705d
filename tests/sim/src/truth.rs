//! Translates what the servers witnessed into the words of the checkers.

use std::collections::BTreeSet;
use std::time::Duration;

use zk_checkers::{
    Change, ChangeKind, History, ServerWatch, SessionRow, SessionStep, WatchAction, WatchKind,
    WatchMode,
};
use zk_embedded::{Fact, NodeChange, Witnessed};
use zk_wire::{ErrorCode, EventType, Moment, SessionId, WatcherKind, Zxid};

/// Remembers what a translation needs of earlier facts.
#[derive(Debug, Default)]
pub struct Translator {
    /// Sessions whose time was over and whose end is to come.
    expiring: BTreeSet<SessionId>,
    /// Sessions that some leader has given up before.
    given_up: BTreeSet<SessionId>,
    /// What was lost, restored or elected: counted for the campaigns.
    pub tails_lost: u64,
    /// Leaders that were elected.
    pub elections: u64,
    applied: Zxid,
    /// Just before the last transaction.
    before: Moment,
}

impl Translator {
    /// Adds a fact to the history.
    pub fn take(&mut self, history: &mut History, witnessed: Witnessed) {
        // One more than is needed: the end of a session is told after its deletes and comes before them.
        let before = history.stamp(witnessed.at);
        let at = history.stamp(witnessed.at);
        let server = u32::from(witnessed.server);
        match witnessed.fact {
            Fact::Committed {
                zxid,
                session,
                xid,
                outcome,
                ..
            } => {
                self.applied = zxid;
                self.before = before;
                let row = Change {
                    zxid,
                    at,
                    session,
                    xid,
                    kind: ChangeKind::Nothing,
                    ..Change::default()
                };
                match outcome {
                    // What comes through a server behind the others after its session's end takes a place in the log
                    // and has no effect.
                    Err(ErrorCode::SessionExpired) => {}
                    Ok(changes) if !changes.is_empty() => {
                        for change in changes {
                            let row = changed(history, row, change);
                            history.truth.changes.push(row);
                        }
                    }
                    _ => history.truth.changes.push(row),
                }
            }
            Fact::SessionCreated {
                zxid,
                session,
                timeout,
            } => {
                history.truth.changes.push(Change {
                    zxid,
                    at,
                    session,
                    kind: ChangeKind::Open,
                    ..Change::default()
                });
                row(
                    history,
                    (at, zxid),
                    session,
                    SessionStep::Opened,
                    (server, timeout),
                );
            }
            Fact::SessionExpired { session } => {
                // From here on its client may be told, although the transaction is to come.
                // A leader that is cut off may give it up before the real one does.
                if !self.expiring.insert(session) || !self.given_up.insert(session) {
                    return;
                }
                let over = SessionStep::Expired;
                row(
                    history,
                    (at, Zxid::NONE),
                    session,
                    over,
                    (server, Duration::ZERO),
                );
            }
            Fact::SessionClosed { zxid, session } => {
                let kind = if self.expiring.remove(&session) {
                    ChangeKind::Expire
                } else {
                    let closed = SessionStep::Closed;
                    row(
                        history,
                        (self.before, zxid),
                        session,
                        closed,
                        (server, Duration::ZERO),
                    );
                    ChangeKind::Close
                };
                ended(history, zxid, self.before, session, kind);
            }
            Fact::WatchSet {
                session,
                path,
                kind,
                ..
            } => {
                let (mode, children) = match kind {
                    WatcherKind::Children => (WatchMode::Once, true),
                    WatcherKind::Persistent => (WatchMode::Persistent, false),
                    WatcherKind::PersistentRecursive => (WatchMode::Recursive, false),
                    _ => (WatchMode::Once, false),
                };
                let path = history.text(&path);
                history.truth.watches.push(ServerWatch {
                    session,
                    path,
                    mode,
                    children,
                    did: WatchAction::Set,
                    at,
                    zxid: self.applied,
                    server,
                    ..ServerWatch::default()
                });
            }
            // Without a zxid: a watch that came too late, and was never set here.
            Fact::EventSent {
                session,
                path,
                event,
                zxid,
                ..
            } if zxid.as_raw() > 0 => {
                let path = history.text(&path);
                history.truth.watches.push(ServerWatch {
                    session,
                    path,
                    mode: WatchMode::Once,
                    children: event == EventType::ChildrenChanged,
                    did: WatchAction::Fired,
                    what: kind_of(event),
                    at,
                    zxid,
                    server,
                });
            }
            Fact::TailLost { .. } => self.tails_lost += 1,
            Fact::Elected { .. } => self.elections += 1,
            _ => {}
        }
    }
}

fn changed(history: &mut History, row: Change, change: NodeChange) -> Change {
    match change {
        NodeChange::Created { path, data, owner } => Change {
            kind: ChangeKind::Create,
            path: history.text(&path),
            data: history.data(&data.unwrap_or_default()),
            owner,
            ..row
        },
        NodeChange::Deleted { path } => Change {
            kind: ChangeKind::Delete,
            path: history.text(&path),
            ..row
        },
        NodeChange::DataSet {
            path,
            data,
            version,
        } => Change {
            kind: ChangeKind::Set,
            path: history.text(&path),
            data: history.data(&data.unwrap_or_default()),
            version,
            ..row
        },
        NodeChange::AclSet { path, .. } => Change {
            kind: ChangeKind::SetAcl,
            path: history.text(&path),
            ..row
        },
        _ => row,
    }
}

fn row(
    history: &mut History,
    (at, zxid): (Moment, Zxid),
    session: SessionId,
    what: SessionStep,
    (server, timeout): (u32, Duration),
) {
    history.truth.sessions.push(SessionRow {
        session,
        what,
        at,
        zxid,
        server,
        timeout,
    });
}

/// The end of a session comes before the deletes that it brings, which were told first.
fn ended(history: &mut History, zxid: Zxid, at: Moment, session: SessionId, kind: ChangeKind) {
    let changes = &mut history.truth.changes;
    let own = changes
        .iter()
        .rev()
        .take_while(|change| change.zxid == zxid);
    let deletes = changes.split_off(changes.len() - own.count());
    changes.push(Change {
        zxid,
        at,
        session,
        kind,
        ..Change::default()
    });
    // Where there was nothing to delete, the transaction told of no change.
    changes.extend(
        deletes
            .into_iter()
            .filter(|change| change.kind != ChangeKind::Nothing),
    );
}

/// The checkers' word for what an event says.
pub(crate) const fn kind_of(kind: EventType) -> WatchKind {
    match kind {
        EventType::Created => WatchKind::Created,
        EventType::Deleted => WatchKind::Deleted,
        EventType::DataChanged => WatchKind::Changed,
        EventType::ChildrenChanged => WatchKind::Children,
        _ => WatchKind::Gap,
    }
}
