//! The compiler's coverage counters (`-C instrument-coverage`), read between runs: an input that reaches a new place, or
//! a known one in another order of magnitude of often, is worth keeping.

/// Which places were reached how often so far, as one bit per order of magnitude.
#[derive(Debug, Default)]
pub struct Coverage {
    seen: Vec<u8>,
}

impl Coverage {
    /// Whether the runs can be guided at all.
    #[must_use]
    pub const fn is_on() -> bool {
        cfg!(coverage_guided)
    }

    /// Forgets what was counted, before a run.
    pub fn start(&mut self) {
        counters::with(|counters| counters.fill(0));
    }

    /// Whether the run reached anything new.
    pub fn is_news(&mut self) -> bool {
        counters::with(|counters| {
            self.seen.resize(counters.len(), 0);
            let mut news = false;
            for (count, seen) in counters.iter().zip(&mut self.seen) {
                let bit = match count {
                    0 => continue,
                    1 => 1,
                    2 => 2,
                    3..8 => 4,
                    8..32 => 8,
                    32..128 => 16,
                    _ => 32,
                };
                news |= *seen & bit == 0;
                *seen |= bit;
            }
            news
        })
    }

    /// How many places were reached.
    #[must_use]
    pub fn places(&self) -> usize {
        self.seen.iter().filter(|seen| **seen != 0).count()
    }
}

#[cfg(coverage_guided)]
mod counters {
    // The names are those of the runtime that the compiler links in with `-C instrument-coverage`.
    unsafe extern "C" {
        fn __llvm_profile_begin_counters() -> *mut u64;
        fn __llvm_profile_end_counters() -> *mut u64;
    }

    pub(super) fn with<T>(work: impl FnOnce(&mut [u64]) -> T) -> T {
        // SAFETY: both functions take nothing and return the ends of one static array of counters, aligned for u64.
        let (begin, end) = unsafe {
            (
                __llvm_profile_begin_counters(),
                __llvm_profile_end_counters(),
            )
        };
        let bytes = (end as usize).saturating_sub(begin as usize);
        // SAFETY: the array lives as long as the program. Only instrumented code writes to it besides; this program
        // has one thread, and what `work` itself counts is an integer at worst off by some.
        let counters = unsafe { std::slice::from_raw_parts_mut(begin, bytes / size_of::<u64>()) };
        work(counters)
    }
}

#[cfg(not(coverage_guided))]
mod counters {
    pub(super) fn with<T>(work: impl FnOnce(&mut [u64]) -> T) -> T {
        work(&mut [])
    }
}
