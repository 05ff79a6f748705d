//! Frames: a four-byte length, then that many bytes.

use bytes::{Buf, Bytes, BytesMut};
use thiserror::Error;

/// The largest frame a server accepts by default (`jute.maxbuffer`, 0xfffff), its length prefix not
/// counted.
pub const DEFAULT_MAX_FRAME: usize = 0xf_ffff;

const PREFIX: usize = 4;

/// Appends one frame: `payload` writes the content, and the length is filled in afterwards.
pub fn write_frame(out: &mut Vec<u8>, payload: impl FnOnce(&mut Vec<u8>)) {
    let prefix = out.len();
    out.extend_from_slice(&[0; PREFIX]);
    let start = out.len();
    payload(out);
    // Such a length cannot be expressed; every limit in use refuses the frame long before.
    let len = i32::try_from(out.len().saturating_sub(start)).unwrap_or(i32::MAX);
    if let Some(place) = out.get_mut(prefix..start) {
        place.copy_from_slice(&len.to_be_bytes());
    }
}

/// The length before a frame is unacceptable, so the rest of the stream has no meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FrameError {
    /// The length is negative.
    #[error("a frame announces a length of {0}")]
    Negative(i32),
    /// The length exceeds the limit.
    #[error("a frame of {len} bytes exceeds the limit of {max} (jute.maxbuffer)")]
    TooLarge {
        /// The length announced.
        len: usize,
        /// The limit.
        max: usize,
    },
}

/// Cuts a stream of bytes into frames.
#[derive(Clone, Copy, Debug)]
pub struct FrameDecoder {
    max: usize,
}

impl FrameDecoder {
    /// A decoder that accepts frames of at most `max` bytes, prefix not counted.
    #[must_use]
    pub const fn new(max: usize) -> Self {
        Self { max }
    }

    /// The limit.
    #[must_use]
    pub const fn max(&self) -> usize {
        self.max
    }

    /// Takes the next complete frame from the front of `input`, without its prefix and without copying;
    /// `None` until more bytes have arrived.
    ///
    /// The length is judged as soon as its four bytes are there.
    ///
    /// # Errors
    ///
    /// [`FrameError`] when the length is negative or beyond the limit; `input` is left as it is.
    pub fn next(&mut self, input: &mut BytesMut) -> Result<Option<Bytes>, FrameError> {
        let Some(prefix) = input.first_chunk::<PREFIX>() else {
            return Ok(None);
        };
        let announced = i32::from_be_bytes(*prefix);
        let len = usize::try_from(announced).map_err(|_| FrameError::Negative(announced))?;
        if len > self.max {
            return Err(FrameError::TooLarge { len, max: self.max });
        }
        if input.len() - PREFIX < len {
            return Ok(None);
        }
        input.advance(PREFIX);
        Ok(Some(input.split_to(len).freeze()))
    }
}

impl Default for FrameDecoder {
    fn default() -> Self {
        Self::new(DEFAULT_MAX_FRAME)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_cut_however_the_bytes_arrive() {
        let mut stream = Vec::new();
        write_frame(&mut stream, |out| out.extend_from_slice(b"first"));
        write_frame(&mut stream, |_| ());
        write_frame(&mut stream, |out| out.extend_from_slice(b"third"));
        let mut decoder = FrameDecoder::default();
        let mut input = BytesMut::new();
        let mut frames = Vec::new();
        for byte in stream {
            input.extend_from_slice(&[byte]);
            while let Some(frame) = decoder.next(&mut input).unwrap() {
                frames.push(frame);
            }
        }
        assert_eq!(frames, [&b"first"[..], b"", b"third"]);
        assert!(input.is_empty());
    }

    #[test]
    fn zk2517_zk4281_the_limit_itself_is_accepted_and_one_more_is_not() {
        let mut decoder = FrameDecoder::default();
        let mut at_limit = BytesMut::from(&0x000f_ffff_i32.to_be_bytes()[..]);
        assert_eq!(decoder.next(&mut at_limit), Ok(None));
        let mut beyond = BytesMut::from(&0x0010_0000_i32.to_be_bytes()[..]);
        let error = FrameError::TooLarge {
            len: 0x10_0000,
            max: DEFAULT_MAX_FRAME,
        };
        assert_eq!(decoder.next(&mut beyond), Err(error));
    }

    #[test]
    fn a_negative_length_is_an_error() {
        let mut input = BytesMut::from(&[0xff; 4][..]);
        assert_eq!(
            FrameDecoder::default().next(&mut input),
            Err(FrameError::Negative(-1))
        );
    }
}
