//! The table behind all handles.
//!
//! A handle looks like a pointer and is none: from the lowest bit up a 1 (no allocation is odd), 24 bits of index, 32
//! bits of generation, and 0x2a in the top 7 bits (no address of x86-64 or AArch64 is like that, so following one
//! faults at once). A freed slot gets the next generation, and is retired when it has had them all: no value comes
//! back.

use std::any::Any;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::boundary;
use crate::failure::Failure;
use crate::status::zk_status;

#[cfg(not(target_pointer_width = "64"))]
compile_error!("handles need 64 bits");

/// A type of C that stands for an object of ours.
pub trait Opaque: 'static {
    /// What it stands for.
    type Object: Send + Sync + 'static;
    /// Its name in errors.
    const NAME: &'static str;
}

/// The value of a handle, as a number that may cross threads.
pub struct Handle<O> {
    bits: usize,
    of: PhantomData<fn() -> O>,
}

struct Slot {
    generation: u32,
    object: Option<Arc<dyn Any + Send + Sync>>,
}

struct Table {
    slots: Vec<Slot>,
    free: Vec<usize>,
    live: usize,
}

static TABLE: Mutex<Table> = Mutex::new(Table {
    slots: Vec::new(),
    free: Vec::new(),
    live: 0,
});

const INDEX_BITS: u32 = 24;
const GENERATION_SHIFT: u32 = 1 + INDEX_BITS;
const TOP_SHIFT: u32 = GENERATION_SHIFT + 32;
const TOP: usize = 0x2a;

/// A place in the table for an object that is still to come.
pub(crate) struct Room {
    index: usize,
}

/// Makes sure that there is a place in the table.
pub(crate) fn reserve() -> Result<Room, Failure> {
    boundary::own();
    let mut table = lock();
    let index = match table.free.pop() {
        Some(index) => index,
        None if table.slots.len() >> INDEX_BITS == 0 => {
            table.slots.push(Slot {
                generation: 0,
                object: None,
            });
            table.slots.len() - 1
        }
        None => return Err(Failure::misuse("too many handles; are any freed?")),
    };
    Ok(Room { index })
}

impl Room {
    /// Puts an object into its place.
    pub(crate) fn fill<O: Opaque>(self, object: O::Object) -> Handle<O> {
        let index = self.index;
        // The place is used up.
        std::mem::forget(self);
        let object = Arc::new(object);
        let mut table = lock();
        let mut bits = 0;
        if let Some(slot) = table.slots.get_mut(index) {
            slot.object = Some(object);
            bits = encode(index, slot.generation);
        }
        table.live += 1;
        Handle::of_bits(bits)
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        lock().free.push(self.index);
    }
}

/// Puts an object into the table.
pub(crate) fn insert<O: Opaque>(object: O::Object) -> Result<Handle<O>, Failure> {
    Ok(reserve()?.fill(object))
}

/// The object of a handle, shared with the call that asks.
pub(crate) fn get<O: Opaque>(handle: *const O) -> Result<Arc<O::Object>, Failure> {
    let handle = Handle::from_pointer(handle)?;
    let found = lock()
        .slot(handle.bits)
        .and_then(|slot| slot.object.clone());
    match found {
        Some(object) => object.downcast().map_err(|_| handle.foreign()),
        None => Err(handle.stale()),
    }
}

/// Takes an object out of the table.
pub(crate) fn remove<O: Opaque>(handle: *const O) -> Result<Arc<O::Object>, Failure> {
    let handle = Handle::from_pointer(handle)?;
    let object = {
        let mut table = lock();
        let Some(slot) = table.slot(handle.bits) else {
            return Err(handle.stale());
        };
        // Dropping an object may take other locks; here it is only looked at.
        if !slot
            .object
            .as_ref()
            .is_some_and(|object| object.is::<O::Object>())
        {
            return Err(handle.foreign());
        }
        let object = slot.object.take();
        let reusable = slot.generation != u32::MAX;
        slot.generation = slot.generation.wrapping_add(1);
        if reusable {
            let index = index_of(handle.bits);
            table.free.push(index);
        }
        table.live -= 1;
        object
    };
    object
        .and_then(|object| object.downcast().ok())
        .ok_or_else(|| handle.stale())
}

/// Frees a handle that may be NULL; `end` is given the object.
pub(crate) fn free<O: Opaque>(
    handle: *const O,
    end: impl FnOnce(Arc<O::Object>),
) -> Result<(), Failure> {
    if !handle.is_null() {
        end(remove(handle)?);
    }
    Ok(())
}

/// How many objects are in the table.
#[cfg(feature = "testing")]
pub(crate) fn live() -> usize {
    lock().live
}

fn lock() -> MutexGuard<'static, Table> {
    TABLE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn encode(index: usize, generation: u32) -> usize {
    1 | index << 1 | (generation as usize) << GENERATION_SHIFT | TOP << TOP_SHIFT
}

fn index_of(bits: usize) -> usize {
    bits >> 1 & ((1 << INDEX_BITS) - 1)
}

impl Table {
    /// The slot whose present object the handle means.
    fn slot(&mut self, bits: usize) -> Option<&mut Slot> {
        let index = index_of(bits);
        let slot = self.slots.get_mut(index)?;
        (slot.object.is_some() && encode(index, slot.generation) == bits).then_some(slot)
    }
}

impl<O> Handle<O> {
    fn of_bits(bits: usize) -> Self {
        Self {
            bits,
            of: PhantomData,
        }
    }

    /// The handle as C sees it.
    pub(crate) fn pointer(self) -> *mut O {
        std::ptr::without_provenance_mut(self.bits)
    }
}

impl<O: Opaque> Handle<O> {
    fn from_pointer(handle: *const O) -> Result<Self, Failure> {
        if handle.is_null() {
            return Err(Failure::null(&format!("the {}", O::NAME)));
        }
        Ok(Self::of_bits(handle.addr()))
    }

    fn stale(self) -> Failure {
        self.invalid("is no handle, or was freed")
    }

    fn foreign(self) -> Failure {
        self.invalid("is a handle of another type")
    }

    fn invalid(self, why: &str) -> Failure {
        Failure::new(
            zk_status::ZK_ERR_INVALID_HANDLE,
            format!("{:#x} {why}; a {} is needed", self.bits, O::NAME),
        )
    }
}

impl<O> Clone for Handle<O> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<O> Copy for Handle<O> {}

impl<O> std::fmt::Debug for Handle<O> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Handle({:#x})", self.bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Apple;
    struct Pear;

    impl Opaque for Apple {
        type Object = String;
        const NAME: &'static str = "apple";
    }

    impl Opaque for Pear {
        type Object = u64;
        const NAME: &'static str = "pear";
    }

    fn status<T>(result: Result<T, Failure>) -> Option<zk_status> {
        result.err().map(|failure| failure.status)
    }

    #[test]
    fn a_freed_handle_stays_stale_when_its_slot_is_used_again() {
        let mut seen = std::collections::BTreeSet::new();
        for round in 0..100 {
            let apple: *mut Apple = insert(format!("{round}")).unwrap().pointer();
            assert!(seen.insert(apple.addr()), "a value came back");
            assert_eq!(*get(apple).unwrap(), format!("{round}"));
            remove(apple).unwrap();
            assert_eq!(status(get(apple)), Some(zk_status::ZK_ERR_INVALID_HANDLE));
            assert_eq!(
                status(remove(apple)),
                Some(zk_status::ZK_ERR_INVALID_HANDLE)
            );
        }
    }

    #[test]
    fn null_foreign_and_made_up_handles_are_told_apart_from_good_ones() {
        let pear: *mut Pear = insert(7).unwrap().pointer();
        assert_eq!(
            status(get(pear.cast::<Apple>())),
            Some(zk_status::ZK_ERR_INVALID_HANDLE)
        );
        assert_eq!(
            status(remove(pear.cast::<Apple>())),
            Some(zk_status::ZK_ERR_INVALID_HANDLE)
        );
        assert_eq!(
            status(get(std::ptr::null::<Pear>())),
            Some(zk_status::ZK_ERR_NULL_ARGUMENT)
        );
        for bit in 0..usize::BITS {
            let other = std::ptr::without_provenance::<Pear>(pear.addr() ^ 1 << bit);
            assert_eq!(status(get(other)), Some(zk_status::ZK_ERR_INVALID_HANDLE));
        }
        assert_eq!(*get(pear).unwrap(), 7);
        remove(pear).unwrap();
    }
}
