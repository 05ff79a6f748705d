//! Registering watches again on a new connection.

use zk_wire::Request;

use crate::event::{Event, WatchEvent};
use crate::implied::Implied;
use crate::outcome::WatchKind;
use crate::requests::purpose::Purpose;
use crate::requests::queue::Queued;
use crate::session::Session;

impl Session {
    /// Sends the whole table, in chunks that stay below the servers' frame limit, ahead of everything
    /// else. The server compares each node with the newest transaction a *reply* has shown us and sends
    /// the events we missed before it answers.
    ///
    /// Each chunk has an xid of its own, as in the Java client, so that its answer can be told from the
    /// others'.
    pub(crate) fn register_watches_again(&mut self) {
        let replied = self.zxids.replied();
        #[cfg(feature = "__seeded-bugs")]
        let replied = if crate::seeded::is_on("watches-set-again-for-the-future-alone") {
            zk_wire::Zxid::from_raw(i64::MAX)
        } else {
            replied
        };
        let chunks = self.watches.chunks(replied, self.config.set_watches_chunk);
        #[cfg(feature = "__seeded-bugs")]
        let chunks = if crate::seeded::is_on("watches-not-set-again") {
            Vec::new()
        } else {
            chunks
        };
        self.implied = Implied::anew(self.watches.paths(WatchKind::Recursive));
        let count = chunks.len();
        for chunk in chunks {
            let request = Request::SetWatches(chunk);
            self.queue
                .push_urgent(Queued::internal(request, Purpose::Rewatch));
        }
        // Whoever reads on a gap reads behind these chunks, so that nothing falls between.
        for id in self.watches.lasting() {
            self.events.push_back(Event::Watch {
                id,
                event: WatchEvent::Gap,
            });
        }
        if let Some(up) = self.link.up_mut() {
            up.rewatching = Some(count);
        }
        self.watches_restored_if_complete();
    }

    /// One chunk was answered.
    pub(crate) fn rewatch_answered(&mut self) {
        if let Some(left) = self.link.up_mut().and_then(|up| up.rewatching.as_mut()) {
            *left = left.saturating_sub(1);
        }
        self.watches_restored_if_complete();
    }

    fn watches_restored_if_complete(&mut self) {
        if let Some(up) = self.link.up_mut().filter(|up| up.rewatching == Some(0)) {
            up.rewatching = None;
            self.events.push_back(Event::WatchesRestored);
        }
    }
}
