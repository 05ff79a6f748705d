//! Counters.

use zk_wire::OpCode;

/// What a session has done so far. Cheap, always on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionStats {
    /// Requests sent, pings and auth packets included.
    pub requests: u64,
    /// Replies received, to pings and auth packets, too.
    pub replies: u64,
    /// Notifications received.
    pub notifications: u64,
    /// Bytes handed out to be sent.
    pub bytes_sent: u64,
    /// Bytes of complete frames received.
    pub bytes_received: u64,
    /// Attempts to reach a server.
    pub dials: u64,
    /// Handshakes completed.
    pub connections: u64,
    /// Connections lost after their handshake.
    pub connections_lost: u64,
    /// Rounds of confirms answered.
    pub confirms: u64,
    /// Reads sent as part of a multiRead of the session's own making.
    pub joined_reads: u64,
    /// Requests waiting to be sent.
    pub queued: usize,
    /// How many bytes those have that count for the bound.
    pub queued_bytes: usize,
    /// Requests sent and not answered.
    pub in_flight: usize,
    /// Watches registered or about to be.
    pub watches: usize,
    /// Duties not settled.
    pub duties: usize,
    /// Nodes held.
    pub held: usize,
    sent: [u64; OPS],
}

/// −11 to 22 and 100 to 107.
const OPS: usize = 42;

impl SessionStats {
    /// How many requests of this kind were sent.
    #[must_use]
    pub fn sent(&self, op: OpCode) -> u64 {
        index(op)
            .and_then(|index| self.sent.get(index))
            .copied()
            .unwrap_or(0)
    }

    /// The kinds of requests that were sent, and how many of each.
    pub fn sent_by_op(&self) -> impl Iterator<Item = (OpCode, u64)> + '_ {
        OpCode::ALL
            .iter()
            .map(|&op| (op, self.sent(op)))
            .filter(|(_, count)| *count > 0)
    }

    /// These counters and those of earlier sessions together; gauges stay as they are.
    #[must_use]
    pub fn continuing(mut self, earlier: &Self) -> Self {
        self.requests += earlier.requests;
        self.replies += earlier.replies;
        self.notifications += earlier.notifications;
        self.bytes_sent += earlier.bytes_sent;
        self.bytes_received += earlier.bytes_received;
        self.dials += earlier.dials;
        self.connections += earlier.connections;
        self.connections_lost += earlier.connections_lost;
        self.confirms += earlier.confirms;
        for (count, before) in self.sent.iter_mut().zip(earlier.sent) {
            *count += before;
        }
        self
    }

    pub(crate) fn count_sent(&mut self, op: OpCode) {
        self.requests += 1;
        if let Some(count) = index(op).and_then(|index| self.sent.get_mut(index)) {
            *count += 1;
        }
    }
}

impl Default for SessionStats {
    fn default() -> Self {
        Self {
            requests: 0,
            replies: 0,
            notifications: 0,
            bytes_sent: 0,
            bytes_received: 0,
            dials: 0,
            connections: 0,
            connections_lost: 0,
            confirms: 0,
            joined_reads: 0,
            queued: 0,
            queued_bytes: 0,
            in_flight: 0,
            watches: 0,
            duties: 0,
            held: 0,
            sent: [0; OPS],
        }
    }
}

fn index(op: OpCode) -> Option<usize> {
    let raw = op.raw();
    let index = if raw >= 100 { raw - 100 + 34 } else { raw + 11 };
    usize::try_from(index).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_has_its_own_counter() {
        let mut stats = SessionStats::default();
        for &op in OpCode::ALL {
            stats.count_sent(op);
        }
        assert!(OpCode::ALL.iter().all(|&op| stats.sent(op) == 1));
        assert_eq!(stats.sent_by_op().count(), OpCode::ALL.len());
    }
}
