//! A connection in memory, with a latency in tokio's time.

use std::collections::VecDeque;
use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// One end of an in-memory connection.
///
/// What is written at one end can be read at the other after the latency, in order and not a moment
/// later: on a paused clock a round trip takes exactly twice the latency. Tokio's timers know whole
/// milliseconds, so a latency should be a number of them.
#[derive(Debug)]
pub struct PipeStream {
    incoming: Arc<Lane>,
    outgoing: Arc<Lane>,
    /// Wakes the reader when the next chunk arrives.
    alarm: Option<Pin<Box<Sleep>>>,
}

/// A latency that can be changed while streams are open.
#[derive(Clone, Debug, Default)]
pub(crate) struct Latency(Arc<AtomicU64>);

impl Latency {
    pub(crate) fn new(latency: Duration) -> Self {
        let this = Self::default();
        this.set(latency);
        this
    }

    pub(crate) fn set(&self, latency: Duration) {
        let nanos = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
        self.0.store(nanos, Ordering::Relaxed);
    }

    fn get(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }
}

/// One direction.
#[derive(Debug)]
struct Lane {
    latency: Latency,
    state: Mutex<LaneState>,
}

#[derive(Debug, Default)]
struct LaneState {
    chunks: VecDeque<(Instant, Bytes)>,
    buffered: usize,
    /// When the last chunk, or the end, arrives: nothing overtakes it.
    newest: Option<Instant>,
    /// When the end arrives.
    end: Option<Instant>,
    reader_gone: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

impl PipeStream {
    /// The two ends of a connection.
    pub(crate) fn pair(latency: &Latency) -> (Self, Self) {
        let lane = || {
            Arc::new(Lane {
                latency: latency.clone(),
                state: Mutex::new(LaneState::default()),
            })
        };
        let (there, back) = (lane(), lane());
        let near = Self {
            incoming: Arc::clone(&back),
            outgoing: Arc::clone(&there),
            alarm: None,
        };
        (
            near,
            Self {
                incoming: there,
                outgoing: back,
                alarm: None,
            },
        )
    }

    /// Waits until `at`; `Ready` if it has come.
    fn poll_alarm(&mut self, cx: &mut Context<'_>, at: Instant) -> Poll<()> {
        let alarm = self
            .alarm
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at)));
        if alarm.deadline() != at {
            alarm.as_mut().reset(at);
        }
        alarm.as_mut().poll(cx)
    }
}

impl Lane {
    fn lock(&self) -> MutexGuard<'_, LaneState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When something sent now arrives.
    fn arrival(&self, state: &mut LaneState) -> Instant {
        let now = Instant::now();
        let arrival = now.checked_add(self.latency.get()).unwrap_or(now);
        let arrival = state.newest.map_or(arrival, |newest| arrival.max(newest));
        state.newest = Some(arrival);
        arrival
    }

    fn send_end(&self) {
        let mut state = self.lock();
        if state.end.is_none() {
            state.end = Some(self.arrival(&mut state));
            if let Some(reader) = state.reader.take() {
                reader.wake();
            }
        }
    }
}

impl AsyncRead for PipeStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            let lane = Arc::clone(&self.incoming);
            let mut state = lane.lock();
            let now = Instant::now();
            let before = buf.filled().len();
            while let Some((arrival, chunk)) = state.chunks.front_mut() {
                let len = chunk.len().min(buf.remaining());
                if *arrival > now || len == 0 {
                    break;
                }
                buf.put_slice(&chunk.split_to(len));
                if !chunk.has_remaining() {
                    state.chunks.pop_front();
                }
                state.buffered -= len;
            }
            if buf.filled().len() > before || buf.remaining() == 0 {
                if let Some(writer) = state.writer.take() {
                    writer.wake();
                }
                return Poll::Ready(Ok(()));
            }
            let next = state
                .chunks
                .front()
                .map(|(arrival, _)| *arrival)
                .or(state.end);
            let Some(next) = next else {
                state.reader = Some(cx.waker().clone());
                return Poll::Pending;
            };
            if next <= now {
                // Everything was read: this is the end.
                return Poll::Ready(Ok(()));
            }
            drop(state);
            if self.poll_alarm(cx, next).is_pending() {
                return Poll::Pending;
            }
        }
    }
}

impl AsyncWrite for PipeStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let lane = &self.outgoing;
        let mut state = lane.lock();
        if state.reader_gone || state.end.is_some() {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let room = CAPACITY.saturating_sub(state.buffered);
        if room == 0 {
            state.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let chunk = buf.get(..room).unwrap_or(buf);
        if !chunk.is_empty() {
            let arrival = lane.arrival(&mut state);
            state
                .chunks
                .push_back((arrival, Bytes::copy_from_slice(chunk)));
            state.buffered += chunk.len();
            if let Some(reader) = state.reader.take() {
                reader.wake();
            }
        }
        Poll::Ready(Ok(chunk.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.outgoing.send_end();
        Poll::Ready(Ok(()))
    }
}

impl Drop for PipeStream {
    fn drop(&mut self) {
        self.outgoing.send_end();
        let mut state = self.incoming.lock();
        state.reader_gone = true;
        state.chunks.clear();
        if let Some(writer) = state.writer.take() {
            writer.wake();
        }
    }
}

/// As much as fits on the way. A writer that is faster than its reader waits.
const CAPACITY: usize = 4 << 20;

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    fn pair(latency_ms: u64) -> (PipeStream, PipeStream) {
        PipeStream::pair(&Latency::new(Duration::from_millis(latency_ms)))
    }

    #[tokio::test(start_paused = true)]
    async fn bytes_arrive_after_the_latency_and_not_a_moment_later() {
        let (mut near, mut far) = pair(5);
        let started = Instant::now();
        near.write_all(b"first").await.unwrap();
        tokio::time::sleep(Duration::from_millis(2)).await;
        near.write_all(b"second").await.unwrap();
        let mut five = [0; 5];
        far.read_exact(&mut five).await.unwrap();
        assert_eq!(
            (&five, started.elapsed()),
            (b"first", Duration::from_millis(5))
        );
        let mut six = [0; 6];
        far.read_exact(&mut six).await.unwrap();
        assert_eq!(
            (&six, started.elapsed()),
            (b"second", Duration::from_millis(7))
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_shorter_latency_lets_nothing_overtake() {
        let latency = Latency::new(Duration::from_millis(10));
        let (mut near, mut far) = PipeStream::pair(&latency);
        near.write_all(b"a").await.unwrap();
        latency.set(Duration::ZERO);
        near.write_all(b"b").await.unwrap();
        drop(near);
        let mut all = String::new();
        far.read_to_string(&mut all).await.unwrap();
        assert_eq!(all, "ab");
    }

    #[tokio::test(start_paused = true)]
    async fn the_end_takes_as_long_as_any_byte() {
        let (near, mut far) = pair(5);
        let started = Instant::now();
        drop(near);
        assert_eq!(far.read(&mut [0; 1]).await.unwrap(), 0);
        assert_eq!(started.elapsed(), Duration::from_millis(5));
        let refused = far.write(b"x").await.unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::BrokenPipe);
    }

    #[tokio::test(start_paused = true)]
    async fn a_writer_faster_than_its_reader_waits() {
        let (mut near, mut far) = pair(0);
        let writer = tokio::spawn(async move { near.write_all(&vec![7; CAPACITY + 1]).await });
        tokio::task::yield_now().await;
        assert!(!writer.is_finished());
        let mut all = Vec::new();
        far.read_to_end(&mut all).await.unwrap();
        assert_eq!(all.len(), CAPACITY + 1);
        writer.await.unwrap().unwrap();
    }
}
