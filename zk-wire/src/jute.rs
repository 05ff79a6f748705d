//! Jute primitives: big-endian numbers, length-prefixed strings, buffers and vectors.

use bytes::Bytes;

use crate::decode_error::DecodeError;
use lenient::lenient_string;

mod lenient;

/// A record that can be appended to a buffer.
pub trait Encode {
    /// Appends the record. Allocates only if `out` has to grow.
    fn encode(&self, out: &mut Vec<u8>);
}

/// A record that can be read from a frame.
pub trait Decode: Sized {
    /// Reads the record and leaves `input` after it.
    ///
    /// # Errors
    ///
    /// A [`DecodeError`] that names the field when the bytes do not form the record.
    fn decode(input: &mut Reader) -> Result<Self, DecodeError>;
}

/// Appends an `int`.
pub fn put_i32(out: &mut Vec<u8>, value: i32) {
    out.extend_from_slice(&value.to_be_bytes());
}

/// Appends a `long`.
pub fn put_i64(out: &mut Vec<u8>, value: i64) {
    out.extend_from_slice(&value.to_be_bytes());
}

/// Appends a `boolean`.
pub fn put_bool(out: &mut Vec<u8>, value: bool) {
    out.push(u8::from(value));
}

/// Appends a length or count.
///
/// A length beyond `i32::MAX` cannot be expressed; it is written as `i32::MAX`, and no frame limit in use
/// lets such a frame out.
pub fn put_len(out: &mut Vec<u8>, len: usize) {
    put_i32(out, i32::try_from(len).unwrap_or(i32::MAX));
}

/// Appends a `ustring` as UTF-8.
pub fn put_str(out: &mut Vec<u8>, value: &str) {
    put_slice(out, value.as_bytes());
}

/// Appends a `ustring` that may be null.
pub fn put_opt_str(out: &mut Vec<u8>, value: Option<&str>) {
    put_opt_slice(out, value.map(str::as_bytes));
}

/// Appends a `buffer`.
pub fn put_slice(out: &mut Vec<u8>, value: &[u8]) {
    put_len(out, value.len());
    out.extend_from_slice(value);
}

/// Appends a `buffer` that may be null, which is not the same as empty.
pub fn put_opt_slice(out: &mut Vec<u8>, value: Option<&[u8]>) {
    match value {
        Some(bytes) => put_slice(out, bytes),
        None => put_i32(out, -1),
    }
}

/// Appends a `vector` of strings.
pub fn put_strings(out: &mut Vec<u8>, values: &[String]) {
    put_len(out, values.len());
    for value in values {
        put_str(out, value);
    }
}

/// Appends a `vector` of records.
pub fn put_records<T: Encode>(out: &mut Vec<u8>, values: &[T]) {
    put_len(out, values.len());
    for value in values {
        value.encode(out);
    }
}

/// Reads one frame from its beginning to its end.
///
/// Buffers it returns are slices of the frame: they share its memory and keep it alive.
/// Each method takes the name of what it reads, for the error.
#[derive(Clone, Debug)]
pub struct Reader {
    frame: Bytes,
    at: usize,
}

impl Reader {
    /// Starts at the beginning of `frame`.
    #[must_use]
    pub const fn new(frame: Bytes) -> Self {
        Self { frame, at: 0 }
    }

    /// How many bytes have not been read yet.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.frame.len().saturating_sub(self.at)
    }

    /// Whether everything has been read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.remaining() == 0
    }

    /// What has not been read yet, as a slice of the frame.
    #[must_use]
    pub fn into_rest(self) -> Bytes {
        let Self { mut frame, at } = self;
        frame.split_off(at.min(frame.len()))
    }

    fn take(&mut self, len: usize, what: &'static str) -> Result<&[u8], DecodeError> {
        let remaining = self.remaining();
        let rest = self.frame.get(self.at..).unwrap_or_default();
        match rest.get(..len) {
            Some(bytes) => {
                self.at += len;
                Ok(bytes)
            }
            None => Err(DecodeError::Truncated {
                what,
                needed: len,
                remaining,
            }),
        }
    }

    fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], DecodeError> {
        let remaining = self.remaining();
        let rest = self.frame.get(self.at..).unwrap_or_default();
        match rest.first_chunk::<N>() {
            Some(bytes) => {
                let bytes = *bytes;
                self.at += N;
                Ok(bytes)
            }
            None => Err(DecodeError::Truncated {
                what,
                needed: N,
                remaining,
            }),
        }
    }

    /// Reads a `boolean`: any byte but zero is true.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Truncated`] at the end of the frame.
    pub fn read_bool(&mut self, what: &'static str) -> Result<bool, DecodeError> {
        let [byte] = self.array(what)?;
        Ok(byte != 0)
    }

    /// Reads an `int`.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Truncated`] at the end of the frame.
    pub fn read_i32(&mut self, what: &'static str) -> Result<i32, DecodeError> {
        self.array(what).map(i32::from_be_bytes)
    }

    /// Reads a `long`.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Truncated`] at the end of the frame.
    pub fn read_i64(&mut self, what: &'static str) -> Result<i64, DecodeError> {
        self.array(what).map(i64::from_be_bytes)
    }

    /// Reads a length or count: `None` is null.
    fn read_len(&mut self, what: &'static str) -> Result<Option<usize>, DecodeError> {
        match self.read_i32(what)? {
            -1 => Ok(None),
            len => match usize::try_from(len) {
                Ok(len) => Ok(Some(len)),
                Err(_) => Err(DecodeError::NegativeLength { what, len }),
            },
        }
    }

    /// Reads a `buffer`, a slice of the frame; `None` is null.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Truncated`] or [`DecodeError::NegativeLength`].
    pub fn read_buffer(&mut self, what: &'static str) -> Result<Option<Bytes>, DecodeError> {
        let Some(len) = self.read_len(what)? else {
            return Ok(None);
        };
        let start = self.at;
        self.take(len, what)?;
        Ok(Some(self.frame.slice(start..self.at)))
    }

    /// Reads a `ustring`; `None` is null.
    ///
    /// Java's writer encodes characters outside the basic plane as two surrogates of three bytes each.
    /// These are joined again, and anything else that is not UTF-8 becomes U+FFFD, because an odd ACL id
    /// must not make a whole reply unreadable.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Truncated`] or [`DecodeError::NegativeLength`].
    pub fn read_opt_string(&mut self, what: &'static str) -> Result<Option<String>, DecodeError> {
        let Some(len) = self.read_len(what)? else {
            return Ok(None);
        };
        let bytes = self.take(len, what)?;
        Ok(Some(lenient_string(bytes)))
    }

    /// Reads a `ustring`; null becomes empty.
    ///
    /// # Errors
    ///
    /// As [`Reader::read_opt_string`].
    pub fn read_string(&mut self, what: &'static str) -> Result<String, DecodeError> {
        Ok(self.read_opt_string(what)?.unwrap_or_default())
    }

    /// Reads a `vector` whose elements take at least `min_size` bytes each; null becomes empty.
    ///
    /// Memory is reserved once and for exactly the announced count, which is checked first against what
    /// the rest of the frame can hold.
    ///
    /// # Errors
    ///
    /// [`DecodeError::TooManyElements`], or whatever an element's decoder returns.
    pub fn read_vec<T>(
        &mut self,
        what: &'static str,
        min_size: usize,
        mut element: impl FnMut(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        let count = self.read_count(what, min_size)?;
        let mut elements = Vec::with_capacity(count);
        for _ in 0..count {
            elements.push(element(self)?);
        }
        Ok(elements)
    }

    /// Reads a `vector` of strings; null becomes empty.
    ///
    /// # Errors
    ///
    /// As [`Reader::read_vec`].
    pub fn read_strings(&mut self, what: &'static str) -> Result<Vec<String>, DecodeError> {
        self.read_vec(what, 4, |input| input.read_string(what))
    }

    /// Reads a vector's count and checks it against the rest of the frame.
    fn read_count(&mut self, what: &'static str, min_size: usize) -> Result<usize, DecodeError> {
        let count = self.read_len(what)?.unwrap_or(0);
        let room = self.remaining() / min_size.max(1);
        if count > room {
            return Err(DecodeError::TooManyElements { what, count, room });
        }
        Ok(count)
    }

    /// Steps over `len` bytes.
    pub(crate) fn skip(&mut self, len: usize, what: &'static str) -> Result<(), DecodeError> {
        self.take(len, what).map(|_| ())
    }

    /// Steps over a string or buffer.
    pub(crate) fn skip_sized(&mut self, what: &'static str) -> Result<(), DecodeError> {
        let len = self.read_len(what)?.unwrap_or(0);
        self.skip(len, what)
    }

    /// Steps over a vector.
    pub(crate) fn skip_vec(
        &mut self,
        what: &'static str,
        min_size: usize,
        mut element: impl FnMut(&mut Self) -> Result<(), DecodeError>,
    ) -> Result<(), DecodeError> {
        let count = self.read_count(what, min_size)?;
        for _ in 0..count {
            element(self)?;
        }
        Ok(())
    }
}
