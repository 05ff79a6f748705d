//! An allocator that counts, for the bound on growth.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    // Per thread, because tests run side by side. Without a destructor, so the allocator may use them.
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

/// Runs `work` and says how far memory grew at most meanwhile.
#[allow(dead_code, reason = "not every program that counts asks for this")]
pub(crate) fn growth_of<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = CURRENT.get();
    PEAK.set(before);
    let result = work();
    (result, PEAK.get().saturating_sub(before))
}

/// Runs `work` and says by how much less memory is held after it.
#[allow(dead_code, reason = "not every program that counts asks for this")]
pub(crate) fn freed_by<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = CURRENT.get();
    let result = work();
    (result, before.saturating_sub(CURRENT.get()))
}

/// Runs `work` and says by how much more memory is held after it.
#[allow(dead_code, reason = "not every program that counts asks for this")]
pub(crate) fn kept_by<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = CURRENT.get();
    let result = work();
    (result, CURRENT.get().saturating_sub(before))
}
