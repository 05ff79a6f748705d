//! Changing the tree. With a fence a write commits only while the lock of that guard is held.

use std::ffi::{c_char, c_void};

use ::zk_client::{Bytes, CreateMode};
use recipes::Held;

use crate::args::{bytes_arg, out, text_arg};
use crate::boundary;
use crate::client::zk_client;
use crate::deadline::Deadline;
use crate::failure::Failure;
use crate::guard::zk_guard;
use crate::handles;
use crate::operation::{Operation, request};
use crate::outcome::Yield;
use crate::result::{self, zk_result};
use crate::session::Session;
use crate::stat::zk_stat;
use crate::status::zk_status;

/// How long a node lives and how it is named.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum zk_create_mode {
    /// Stays until deleted.
    ZK_PERSISTENT = 0,
    /// Goes with the session that created it.
    ZK_EPHEMERAL = 1,
    /// Persistent, with a sequence number appended to its name.
    ZK_PERSISTENT_SEQUENTIAL = 2,
    /// Ephemeral, with a sequence number appended to its name.
    ZK_EPHEMERAL_SEQUENTIAL = 3,
    /// Deleted by the server some time after its last child has gone.
    ZK_CONTAINER = 4,
}

/// The version that every node has: no condition.
pub const ZK_ANY_VERSION: i32 = -1;

/// A number from C may be anything, so it does not come in as the enum.
fn mode(number: i32) -> Result<CreateMode, Failure> {
    CreateMode::from_flags(number)
        .filter(|mode| !mode.has_ttl())
        .ok_or_else(|| Failure::misuse(format!("{number} is no zk_create_mode")))
}

/// The hold of a guard; none for NULL.
fn fence(guard: *const zk_guard) -> Result<Option<Held>, Failure> {
    if guard.is_null() {
        return Ok(None);
    }
    Ok(Some(handles::get(guard)?.held().clone()))
}

fn create(
    session: &Session,
    path: &str,
    data: &[u8],
    mode: CreateMode,
    fence: Option<Held>,
    deadline: Deadline,
) -> Operation {
    let zk = session.zk();
    let create = zk.create(path, Bytes::copy_from_slice(data)).mode(mode);
    match fence {
        None => {
            let work = request(zk, create, deadline);
            Operation::uncertain(async move { Ok(Yield::Path(work.await?.path)) })
        }
        Some(held) => {
            let work = request(zk, create.fenced_by(&held), deadline);
            Operation::uncertain(async move { Ok(Yield::Path(work.await?)) })
        }
    }
}

fn set(
    session: &Session,
    path: &str,
    data: &[u8],
    version: i32,
    fence: Option<Held>,
    deadline: Deadline,
) -> Operation {
    let zk = session.zk();
    let mut set = zk.set(path, Bytes::copy_from_slice(data)).version(version);
    if let Some(held) = &fence {
        set = set.fenced_by(held);
    }
    let work = request(zk, set, deadline);
    Operation::uncertain(async move { Ok(Yield::Stat(work.await?)) })
}

fn delete(
    session: &Session,
    path: &str,
    version: i32,
    fence: Option<Held>,
    deadline: Deadline,
) -> Operation {
    let zk = session.zk();
    let mut delete = zk.delete(path).version(version);
    if let Some(held) = &fence {
        delete = delete.fenced_by(held);
    }
    let work = request(zk, delete, deadline);
    Operation::uncertain(async move {
        work.await?;
        Ok(Yield::Nothing)
    })
}

/// Creates a node; its parent must exist. `mode` is a zk_create_mode. `fence` may be NULL; with the guard of a lock
/// the node is created only if the lock is still held, else the call fails with ZK_ERR_LOCK_LOST. `result` may be
/// NULL; it tells the path, with the sequence number if there is one (zk_result_path). Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zk_client_create(
    client: *mut zk_client,
    path: *const c_char,
    path_len: usize,
    data: *const c_void,
    data_len: usize,
    mode: i32,
    fence: *const zk_guard,
    deadline_ms: i64,
    result: *mut *mut zk_result,
) -> zk_status {
    boundary::call(|| {
        let deadline = Deadline::from_ms(deadline_ms);
        let out = out!(result, optional);
        let session = handles::get(client)?;
        let (path, data) = (text_arg!(path, path_len), bytes_arg!(data, data_len));
        let (mode, fence) = (self::mode(mode)?, self::fence(fence)?);
        let outcome = create(&session, path, data, mode, fence, deadline).wait();
        if out.is_wanted() {
            result::hand_over(out, outcome, &session)
        } else {
            outcome.map(drop)
        }
    })
}

/// Starts zk_client_create: zk_result_path. The data is copied. Threads: any. Never waits.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zk_client_start_create(
    client: *mut zk_client,
    path: *const c_char,
    path_len: usize,
    data: *const c_void,
    data_len: usize,
    mode: i32,
    fence: *const zk_guard,
    deadline_ms: i64,
    tag: *mut c_void,
    operation: *mut u64,
) -> zk_status {
    boundary::call(|| {
        let number = out!(operation, optional);
        let deadline = Deadline::from_ms(deadline_ms);
        let session = handles::get(client)?;
        let (path, data) = (text_arg!(path, path_len), bytes_arg!(data, data_len));
        let (mode, fence) = (self::mode(mode)?, self::fence(fence)?);
        create(&session, path, data, mode, fence, deadline).start(&session, tag, number)
    })
}

/// Replaces a node's data. `version` is the version that the node must have, or ZK_ANY_VERSION. `fence` as for
/// zk_client_create. `stat` may be NULL; it tells the node's new metadata. Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zk_client_set(
    client: *mut zk_client,
    path: *const c_char,
    path_len: usize,
    data: *const c_void,
    data_len: usize,
    version: i32,
    fence: *const zk_guard,
    deadline_ms: i64,
    stat: *mut zk_stat,
) -> zk_status {
    boundary::call(|| {
        let deadline = Deadline::from_ms(deadline_ms);
        let out = out!(stat, optional);
        let session = handles::get(client)?;
        let (path, data) = (text_arg!(path, path_len), bytes_arg!(data, data_len));
        let fence = self::fence(fence)?;
        if let Yield::Stat(stat) = set(&session, path, data, version, fence, deadline).wait()? {
            out.put((&stat).into());
        }
        Ok(())
    })
}

/// Starts zk_client_set: zk_result_stat. The data is copied. Threads: any. Never waits.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zk_client_start_set(
    client: *mut zk_client,
    path: *const c_char,
    path_len: usize,
    data: *const c_void,
    data_len: usize,
    version: i32,
    fence: *const zk_guard,
    deadline_ms: i64,
    tag: *mut c_void,
    operation: *mut u64,
) -> zk_status {
    boundary::call(|| {
        let number = out!(operation, optional);
        let deadline = Deadline::from_ms(deadline_ms);
        let session = handles::get(client)?;
        let (path, data) = (text_arg!(path, path_len), bytes_arg!(data, data_len));
        let fence = self::fence(fence)?;
        set(&session, path, data, version, fence, deadline).start(&session, tag, number)
    })
}

/// Deletes a node without children. `version` and `fence` as for zk_client_set. Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zk_client_delete(
    client: *mut zk_client,
    path: *const c_char,
    path_len: usize,
    version: i32,
    fence: *const zk_guard,
    deadline_ms: i64,
) -> zk_status {
    boundary::call(|| {
        let deadline = Deadline::from_ms(deadline_ms);
        let session = handles::get(client)?;
        let path = text_arg!(path, path_len);
        let fence = self::fence(fence)?;
        let outcome = delete(&session, path, version, fence, deadline).wait();
        outcome.map(drop)
    })
}

/// Starts zk_client_delete. Threads: any. Never waits.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zk_client_start_delete(
    client: *mut zk_client,
    path: *const c_char,
    path_len: usize,
    version: i32,
    fence: *const zk_guard,
    deadline_ms: i64,
    tag: *mut c_void,
    operation: *mut u64,
) -> zk_status {
    boundary::call(|| {
        let number = out!(operation, optional);
        let deadline = Deadline::from_ms(deadline_ms);
        let session = handles::get(client)?;
        let path = text_arg!(path, path_len);
        let fence = self::fence(fence)?;
        delete(&session, path, version, fence, deadline).start(&session, tag, number)
    })
}
