//! The ZooKeeper wire protocol without any I/O: records, framing, error codes, paths.
//!
//! Clients and servers share every type here: a [`Request`] is encoded by a client and decoded by a
//! server, a [`Response`] the other way round. Nothing in this crate opens a socket, reads a clock or
//! starts a task.
//!
//! * [`jute`]: the primitives. A [`jute::Reader`] works on one frame held in [`bytes::Bytes`], and every
//!   payload it returns is a slice of that frame, not a copy.
//! * [`frame`]: length prefixes, back-patched when writing and checked against a limit when reading.
//! * [`Request`], [`Response`], [`ConnectRequest`], [`ConnectResponse`], [`WatcherEvent`]: what travels
//!   inside a frame, with [`RequestHeader`] and [`ReplyHeader`] before it.
//! * [`path`], [`Chroot`], [`ConnectString`]: the rules for names.
//!
//! Decoders accept anything: arbitrary bytes lead to an error that says what was being decoded, never
//! to a panic, and memory stays below sixteen times the frame plus 64 KiB.
//!
//! # Example
//!
//! A read goes out, and the answer comes back:
//!
//! ```
//! use bytes::BytesMut;
//! use zk_wire::frame::{FrameDecoder, write_frame};
//! use zk_wire::jute::{Decode, Encode, Reader};
//! use zk_wire::{ErrorCode, OpCode, ReplyHeader, Request, Response, Zxid};
//!
//! let request = Request::GetChildren { path: "/locks".to_owned(), watch: false };
//! let mut out = Vec::new();
//! write_frame(&mut out, |out| request.encode(7, out));
//! assert_eq!(out.len(), 4 + 8 + 4 + 6 + 1);
//!
//! // A server would answer like this …
//! let mut incoming = Vec::new();
//! write_frame(&mut incoming, |out| {
//!     ReplyHeader { xid: 7, zxid: Zxid::from_raw(42), err: 0 }.encode(out);
//!     Response::Children(vec!["lock-0000000001".to_owned()]).encode(out);
//! });
//!
//! // … and the client reads it.
//! let mut buffer = BytesMut::from(&incoming[..]);
//! let frame = FrameDecoder::default().next(&mut buffer)?.expect("the frame is complete");
//! let mut reader = Reader::new(frame);
//! let header = ReplyHeader::decode(&mut reader)?;
//! assert_eq!((header.xid, ErrorCode::from_raw(header.err)), (7, None));
//! let Response::Children(names) = Response::decode(OpCode::GetChildren, &mut reader)? else {
//!     unreachable!("getChildren is answered with names");
//! };
//! assert_eq!(names, ["lock-0000000001"]);
//! assert_eq!(zk_wire::path::sequence_suffix(&names[0]), Some(1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

mod codes;
mod decode_error;
pub mod frame;
pub mod jute;
mod names;
pub mod path;
mod records;
pub mod sasl;
mod values;

pub use codes::create_mode::CreateMode;
pub use codes::error_code::ErrorCode;
pub use codes::op_code::OpCode;
pub use codes::permissions::Permissions;
pub use codes::xid;
pub use decode_error::DecodeError;
pub use frame::{FrameDecoder, FrameError};
pub use jute::{Decode, Encode, Reader};
pub use names::chroot::Chroot;
pub use names::connect_string::{ConnectString, ConnectStringError, DEFAULT_PORT, HostPort};
pub use path::{PathError, PathRule};
pub use records::acl::{Acl, ClientInfo, digest_id};
pub use records::acl_parse_error::AclParseError;
pub use records::create::Create;
pub use records::handshake::{ConnectRequest, ConnectResponse};
pub use records::header::{ReplyHeader, RequestHeader};
pub use records::multi::{MultiOp, MultiResult};
pub use records::multi_read::{ReadOp, ReadPart, ReadResult};
pub use records::request::{Request, RequestError};
pub use records::response::Response;
pub use records::stat::Stat;
pub use records::watch::{AddWatchMode, EventType, SetWatches, WatcherEvent, WatcherKind};
pub use values::moment::Moment;
pub use values::password::Password;
pub use values::session_id::SessionId;
pub use values::zxid::Zxid;
