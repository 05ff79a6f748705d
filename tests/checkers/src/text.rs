//! The text form of a history: one line per record, `word field=value field=value`.
//!
//! Times are milliseconds, with as many decimals as they need; zxids and session ids are
//! hexadecimal; bytes that would end a field are written as `%XX`. A field at its default is left
//! out. Lines that are empty or begin with `#` are passed over.

mod field;
pub(crate) use field::Field;
mod record;
pub(crate) use record::{Record, record, words};
mod texts;
pub use texts::{Text, Texts};
