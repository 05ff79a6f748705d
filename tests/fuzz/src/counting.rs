//! An allocator that counts, because a decoder that reserves what a count announces is a finding, too.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    // Without a destructor, so that the allocator may use them.
    static CURRENT: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: every call goes to the system's allocator unchanged; counting allocates nothing. `realloc` keeps
// its default, a new block beside the old one, which counts both as a real allocator may need them.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let current = CURRENT.get().saturating_add(layout.size());
        CURRENT.set(current);
        PEAK.set(PEAK.get().max(current));
        // SAFETY: the caller's promise about `layout` is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        CURRENT.set(CURRENT.get().saturating_sub(layout.size()));
        // SAFETY: `block` came from `alloc` above with the same layout, as the caller promises.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Runs `work` and complains if more than `budget` bytes were taken at once meanwhile.
///
/// # Errors
///
/// The complaint.
pub fn within<T>(budget: usize, work: impl FnOnce() -> T) -> Result<T, String> {
    let before = CURRENT.get();
    PEAK.set(before);
    let result = work();
    let peak = PEAK.get().saturating_sub(before);
    if peak > budget {
        return Err(format!(
            "took {peak} bytes at once, where {budget} are enough"
        ));
    }
    Ok(result)
}
