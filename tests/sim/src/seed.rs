//! One number decides a run: named streams of chance derived from it.

/// The seed of a run. Streams with different names are independent: a draw in one never shifts another, so a
/// schedule can be shortened without changing what the rest of the run draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seed(pub u64);

impl Seed {
    /// The stream of this name, from its beginning.
    #[must_use]
    pub fn stream(self, name: &str) -> Rng {
        // FNV-1a; the mixing of the stream itself does the rest.
        let name = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let mut rng = Rng(self.0 ^ name.rotate_left(32));
        rng.0 = rng.next() ^ name;
        rng
    }

    /// The stream of one client's part in something.
    #[must_use]
    pub fn client_stream(self, client: usize, name: &str) -> Rng {
        self.stream(&format!("client.{client}.{name}"))
    }
}

/// SplitMix64.
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// The next 64 bits.
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`; 0 if that is 0.
    pub const fn below(&mut self, end: u64) -> u64 {
        let drawn = self.next();
        if end == 0 { 0 } else { drawn % end }
    }

    /// A number from `low` to `high`, both included.
    pub const fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// True in `percent` of a hundred cases.
    pub const fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of `items`, with the probability of its weight; `None` if all weights are zero.
    pub fn weighted<'a, T>(&mut self, items: &'a [(T, u64)]) -> Option<&'a T> {
        let sum = items.iter().map(|(_, weight)| weight).sum();
        let mut at = self.below(sum);
        for (item, weight) in items {
            if at < *weight {
                return Some(item);
            }
            at -= weight;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_in_one_stream_never_shifts_another() {
        let seed = Seed(7);
        let mut net = seed.stream("net");
        let mut fault = seed.stream("fault");
        let expected = [fault.clone().next(), net.clone().next()];
        for _ in 0..10 {
            net.next();
        }
        assert_eq!(fault.next(), expected[0]);
        assert_eq!(Seed(7).stream("net").next(), expected[1]);
    }

    #[test]
    fn streams_and_seeds_differ() {
        let first = |seed, name| Seed(seed).stream(name).next();
        assert_ne!(first(1, "net"), first(1, "fault"));
        assert_ne!(first(1, "net"), first(2, "net"));
        assert_ne!(
            Seed(1).client_stream(0, "jitter").next(),
            Seed(1).client_stream(1, "jitter").next()
        );
    }

    #[test]
    fn weights_are_kept() {
        let mut rng = Seed(3).stream("x");
        let items = [("never", 0), ("often", 9), ("seldom", 1)];
        let mut often = 0;
        for _ in 0..1000 {
            match rng.weighted(&items) {
                Some(&"often") => often += 1,
                Some(&"seldom") => {}
                other => panic!("{other:?}"),
            }
        }
        assert!((850..950).contains(&often), "{often}");
    }
}
