//! When a queue has become too long.

/// How many items a queue may have without a warning. Every look at it lists the names of all, and a Java client reads answers
/// of up to 1 MiB unless told otherwise: 20,000 names of 48 bytes each, on top of four for the length, fill it. Curator's and
/// kazoo's names have 16 to 30, and ids may be longer.
pub(super) const MANY: usize = 20_000;

/// How many items there were, and when that was warned of.
#[derive(Debug, Default)]
pub(super) struct Size {
    last: usize,
    warned: usize,
}

impl Size {
    /// Notes how many there are. True if there are too many and nobody was warned of half as many.
    pub(super) fn note(&mut self, len: usize) -> bool {
        self.last = len;
        let warns = len > MANY && len / 2 >= self.warned;
        if warns {
            self.warned = len;
        }
        warns
    }

    /// How many there were when the queue was last listed.
    pub(super) fn last(&self) -> usize {
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_many_is_warned_of_once_and_again_when_it_has_doubled() {
        let mut size = Size::default();
        let mut warned = Vec::new();
        let lens = [
            0,
            MANY,
            MANY + 1,
            MANY + 2,
            MANY,
            MANY + 1,
            39_999,
            40_001,
            40_002,
            50_000,
            1,
            40_002,
            80_004,
        ];
        for len in lens {
            if size.note(len) {
                warned.push(len);
            }
            assert_eq!(size.last(), len);
        }
        assert_eq!(warned, [MANY + 1, 40_002, 80_004]);
    }
}
