//! Request numbers.

/// Hands out xids: positive, rising, and never the same twice in a session.
///
/// Servers match commits to waiting requests by session and xid alone, over all connections: a delete
/// that reused the xid of an uncommitted create was answered with the create's result. So the counter
/// belongs to the session, survives reconnects and travels in the ticket. After `i32::MAX` it starts again
/// at 1, skipping xids in flight; by then 2³¹ requests lie between two uses.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Xids {
    next: i32,
    /// Nothing can be in flight with an xid that was never used, so the first time round nobody asks.
    wrapped: bool,
}

impl Xids {
    pub(crate) const fn starting_at(next: i32) -> Self {
        Self {
            next: if next < 1 { 1 } else { next },
            wrapped: false,
        }
    }

    /// The next xid for which `taken` says no.
    pub(crate) fn take(&mut self, mut taken: impl FnMut(i32) -> bool) -> i32 {
        loop {
            let xid = self.next;
            let skip = self.wrapped && taken(xid);
            if xid == i32::MAX {
                self.next = 1;
                self.wrapped = true;
            } else {
                self.next = xid + 1;
            }
            if !skip {
                return xid;
            }
        }
    }

    /// What [`Xids::take`] tries first.
    pub(crate) const fn peek(self) -> i32 {
        self.next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_the_last_xid_comes_the_first_one_that_is_free() {
        let mut xids = Xids::starting_at(i32::MAX);
        let in_flight = [1, 2];
        assert_eq!(xids.take(|xid| in_flight.contains(&xid)), i32::MAX);
        assert_eq!(xids.take(|xid| in_flight.contains(&xid)), 3);
        assert_eq!(xids.peek(), 4);
    }

    #[test]
    fn an_xid_is_always_positive() {
        assert_eq!(Xids::starting_at(-7).take(|_| false), 1);
        assert_eq!(Xids::starting_at(0).take(|_| false), 1);
    }
}
