//! As much of HTTP/1.1 as a health check needs: one request, and the status of its answer.
//!
//! By hand, because that is less than the parts of a library would need to be put together, and because it is bounded: no
//! more than [`LIMIT`] bytes of the answer are read, whoever answers.

use std::io;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use zk_client::{BoxStream, ServerAddr};

/// The most bytes of an answer in which its status has to come: interim answers with their headers go before it.
const LIMIT: usize = 16 * 1024;

/// The status with which a GET is answered.
pub(super) async fn get(mut stream: BoxStream, server: &ServerAddr, path: &str) -> io::Result<u16> {
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {server}\r\nUser-Agent: zk-recipes\r\nAccept: */*\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    stream.flush().await?;
    let mut answer = Vec::new();
    loop {
        match status(&answer) {
            Status::Is(status) => return Ok(status),
            Status::NotHttp => return Err(bad("what answers does not speak HTTP/1")),
            Status::Incomplete if answer.len() >= LIMIT => {
                return Err(bad("the answer goes on without a status"));
            }
            Status::Incomplete => {}
        }
        let mut some = [0; 1024];
        let read = stream.read(&mut some).await?;
        match some.get(..read) {
            None | Some([]) => return Err(bad("the connection was closed before the status")),
            Some(some) => answer.extend_from_slice(some),
        }
    }
}

fn bad(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

/// What the beginning of an answer says.
#[derive(Debug, PartialEq, Eq)]
enum Status {
    Is(u16),
    Incomplete,
    NotHttp,
}

fn status(mut answer: &[u8]) -> Status {
    loop {
        let Some((line, rest)) = line(answer) else {
            // Whoever sends something else is told apart before a whole line has come.
            let begins = b"HTTP/1."
                .iter()
                .zip(answer)
                .all(|(one, other)| one == other);
            return if begins {
                Status::Incomplete
            } else {
                Status::NotHttp
            };
        };
        match code(line) {
            None => return Status::NotHttp,
            // An interim answer: its headers end with an empty line, and the answer comes after it.
            Some(100..=199) => match after_headers(rest) {
                Some(after) => answer = after,
                None => return Status::Incomplete,
            },
            Some(code) => return Status::Is(code),
        }
    }
}

/// The code in a status line.
fn code(line: &[u8]) -> Option<u16> {
    let line = std::str::from_utf8(line.get(..12)?).ok()?;
    let (version, code) = line.strip_prefix("HTTP/1.")?.split_once(' ')?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if version.len() != 1 || !digits(version) || code.len() != 3 || !digits(code) {
        return None;
    }
    code.parse().ok().filter(|code| *code >= 100)
}

/// The first line without its end, and what comes after it.
fn line(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = text.iter().position(|byte| *byte == b'\n')?;
    let line = text.get(..end)?;
    Some((
        line.strip_suffix(b"\r").unwrap_or(line),
        text.get(end + 1..)?,
    ))
}

fn after_headers(mut text: &[u8]) -> Option<&[u8]> {
    loop {
        let (header, rest) = line(text)?;
        text = rest;
        if header.is_empty() {
            return Some(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_status_is_read_as_soon_as_its_line_is_there() {
        let answer = b"HTTP/1.1 204 No Content\r\nDate: x\r\n\r\n";
        for len in 0..answer.len() {
            let expected = match len {
                0..=24 => Status::Incomplete,
                _ => Status::Is(204),
            };
            assert_eq!(status(&answer[..len]), expected, "{len}");
        }
        for (answer, code) in [
            ("HTTP/1.0 500\n", 500),
            ("HTTP/1.1 200 \r\n", 200),
            ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n", 200),
            (
                "HTTP/1.1 103 Early\r\nLink: a\r\n\r\nHTTP/1.1 302 x\r\n",
                302,
            ),
        ] {
            assert_eq!(status(answer.as_bytes()), Status::Is(code), "{answer}");
        }
        let interim = b"HTTP/1.1 100 Continue\r\nA: b\r\n";
        assert_eq!(status(interim), Status::Incomplete);
    }

    #[test]
    fn what_is_no_http_is_told_from_what_is_not_complete() {
        for other in [
            "SSH-2.0",
            "HTTP/2 200\r\n",
            "HTTP/1.1 20\r\n",
            "HTTP/1.1 2x0 OK\r\n",
            "\r\n",
            "HTTP/1.1 099 x\n",
            "HTTP/1.1 -20 x\n",
        ] {
            assert_eq!(status(other.as_bytes()), Status::NotHttp, "{other}");
        }
    }

    proptest! {
        #[test]
        fn prop_no_answer_panics(bytes in vec(any::<u8>(), 0..40), head in any::<bool>()) {
            let mut answer = Vec::new();
            if head {
                answer.extend_from_slice(b"HTTP/1.1 100 \r\n");
            }
            answer.extend(bytes);
            let _ = status(&answer);
        }
    }
}
