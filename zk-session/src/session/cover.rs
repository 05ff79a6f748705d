//! Watches that another watch on the same path covers.
//!
//! Servers before 3.9 keep one mode per connection, path and table: what comes last replaces what was there, so a one-shot
//! watch would end a persistent one when it fires. So a one-shot watch is not set where a persistent one tells of the
//! same events, on no server: the fewer the better.

use zk_wire::{AddWatchMode, ErrorCode, Moment, Request};

use crate::event::{Event, WatchEvent};
use crate::outcome::WatchKind;
use crate::requests::in_flight::WatchToSet;
use crate::requests::purpose::Purpose;
use crate::requests::queue::Queued;
use crate::session::Session;
use crate::session::lifecycle::Break;

impl Session {
    /// Whether a persistent watch that the server has, or gets before the next request, tells of all that a one-shot
    /// watch of this kind on the path would.
    pub(crate) fn is_covered(&self, kind: WatchKind, path: &str) -> bool {
        let covers: &[WatchKind] = match kind {
            WatchKind::Data | WatchKind::Exist => &[WatchKind::Persistent, WatchKind::Recursive],
            WatchKind::Child => &[WatchKind::Persistent],
            WatchKind::Persistent | WatchKind::Recursive => return false,
        };
        // The watch in question is counted itself.
        if self.watches.count_at(path) < 2 {
            return false;
        }
        let is_set = covers.iter().any(|cover| self.watches.has(*cover, path));
        is_set || {
            let on_the_wire = self.in_flight.iter().filter_map(|slot| slot.watch.as_ref());
            on_the_wire
                .filter(|watch| watch.path == path)
                .any(|watch| covers.contains(&watch.kind))
        }
    }

    /// A persistent watch was set, which on servers before 3.9 took the place of a recursive one: it is set again.
    pub(crate) fn renew_recursive(&mut self, path: &str) {
        if self.watches.has(WatchKind::Recursive, path) {
            self.renew(path, AddWatchMode::PersistentRecursive);
        }
    }

    /// The last recursive watch of a path is not wanted any more, but others on the path are: what it may have replaced
    /// is set again. Until then the server tells of the children as before, and afterwards of the list.
    pub(crate) fn replace_recursive(&mut self, path: &str) {
        if self.link.is_ready()
            && self.watches.wants_list(path)
            && !self.watches.has(WatchKind::Recursive, path)
        {
            self.renew(path, AddWatchMode::Persistent);
        }
    }

    /// A watch was set again.
    pub(crate) fn renewed(
        &mut self,
        now: Moment,
        path: &str,
        mode: AddWatchMode,
        error: Option<ErrorCode>,
    ) {
        if let Some(code) = error {
            let text = format!("refused to set a watch again: {code}");
            self.give_up(now, Break::hang_up(text));
        } else if mode == AddWatchMode::Persistent {
            self.implied.unset(path);
        } else {
            // What happened below the path since it was replaced may be missed.
            for id in self.watches.at(WatchKind::Recursive, path) {
                let event = WatchEvent::Gap;
                self.events.push_back(Event::Watch { id, event });
            }
        }
    }

    fn renew(&mut self, path: &str, mode: AddWatchMode) {
        let path = path.to_owned();
        let request = Request::AddWatch {
            path: path.clone(),
            mode,
        };
        let purpose = Purpose::Renew { path, mode };
        self.queue.push_urgent(Queued::internal(request, purpose));
    }

    /// A persistent watch was refused: one-shot watches that relied on it are not set. The next connection sets them,
    /// and tells of what they missed.
    pub(crate) fn uncovered(&mut self, now: Moment, refused: &WatchToSet) {
        let is_cover = matches!(refused.kind, WatchKind::Persistent | WatchKind::Recursive);
        if is_cover && self.watches.count_at(&refused.path) > 0 {
            let text = "refused a persistent watch that others relied on".to_owned();
            self.give_up(now, Break::hang_up(text));
        }
    }
}
