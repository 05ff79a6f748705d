//! Reading the tree.

use std::ffi::{c_char, c_void};

use crate::args::{out, text_arg};
use crate::boundary;
use crate::client::zk_client;
use crate::deadline::Deadline;
use crate::handles;
use crate::operation::{Operation, request};
use crate::outcome::Yield;
use crate::result::{self, zk_result};
use crate::session::Session;
use crate::stat::zk_stat;
use crate::status::zk_status;

fn get(session: &Session, path: &str, deadline: Deadline) -> Operation {
    let work = request(session.zk(), session.zk().get(path), deadline);
    Operation::new(async move { Ok(Yield::Node(work.await?)) })
}

fn exists(session: &Session, path: &str, deadline: Deadline) -> Operation {
    let work = request(session.zk(), session.zk().exists(path), deadline);
    Operation::new(async move { Ok(Yield::Existence(work.await?)) })
}

fn children(session: &Session, path: &str, deadline: Deadline) -> Operation {
    let work = request(session.zk(), session.zk().children(path), deadline);
    Operation::new(async move { Ok(Yield::Names(work.await?)) })
}

/// Reads a node: zk_result_data, zk_result_stat. Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zk_client_get(
    client: *mut zk_client,
    path: *const c_char,
    path_len: usize,
    deadline_ms: i64,
    result: *mut *mut zk_result,
) -> zk_status {
    boundary::call(|| {
        let deadline = Deadline::from_ms(deadline_ms);
        let out = out!(result);
        let session = handles::get(client)?;
        let operation = get(&session, text_arg!(path, path_len), deadline);
        result::hand_over(out, operation.wait(), &session)
    })
}

/// Starts zk_client_get. Threads: any. Never waits.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zk_client_start_get(
    client: *mut zk_client,
    path: *const c_char,
    path_len: usize,
    deadline_ms: i64,
    tag: *mut c_void,
    operation: *mut u64,
) -> zk_status {
    boundary::call(|| {
        let number = out!(operation, optional);
        let session = handles::get(client)?;
        let deadline = Deadline::from_ms(deadline_ms);
        get(&session, text_arg!(path, path_len), deadline).start(&session, tag, number)
    })
}

/// Asks whether a node exists. `stat` may be NULL, and is left as it is if the node does not exist. Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zk_client_exists(
    client: *mut zk_client,
    path: *const c_char,
    path_len: usize,
    deadline_ms: i64,
    exists: *mut bool,
    stat: *mut zk_stat,
) -> zk_status {
    boundary::call(|| {
        let deadline = Deadline::from_ms(deadline_ms);
        let (out, out_stat) = (out!(exists), out!(stat, optional));
        let session = handles::get(client)?;
        let operation = self::exists(&session, text_arg!(path, path_len), deadline);
        if let Yield::Existence(found) = operation.wait()? {
            out.put(found.is_some());
            if let Some(found) = found {
                out_stat.put((&found).into());
            }
        }
        Ok(())
    })
}

/// Starts zk_client_exists: zk_result_exists, zk_result_stat. Threads: any. Never waits.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zk_client_start_exists(
    client: *mut zk_client,
    path: *const c_char,
    path_len: usize,
    deadline_ms: i64,
    tag: *mut c_void,
    operation: *mut u64,
) -> zk_status {
    boundary::call(|| {
        let number = out!(operation, optional);
        let session = handles::get(client)?;
        let deadline = Deadline::from_ms(deadline_ms);
        exists(&session, text_arg!(path, path_len), deadline).start(&session, tag, number)
    })
}

/// Lists the names of a node's children, in no order: zk_result_count, zk_result_name. Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zk_client_children(
    client: *mut zk_client,
    path: *const c_char,
    path_len: usize,
    deadline_ms: i64,
    result: *mut *mut zk_result,
) -> zk_status {
    boundary::call(|| {
        let deadline = Deadline::from_ms(deadline_ms);
        let out = out!(result);
        let session = handles::get(client)?;
        let operation = children(&session, text_arg!(path, path_len), deadline);
        result::hand_over(out, operation.wait(), &session)
    })
}

/// Starts zk_client_children. Threads: any. Never waits.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zk_client_start_children(
    client: *mut zk_client,
    path: *const c_char,
    path_len: usize,
    deadline_ms: i64,
    tag: *mut c_void,
    operation: *mut u64,
) -> zk_status {
    boundary::call(|| {
        let number = out!(operation, optional);
        let session = handles::get(client)?;
        let deadline = Deadline::from_ms(deadline_ms);
        children(&session, text_arg!(path, path_len), deadline).start(&session, tag, number)
    })
}
