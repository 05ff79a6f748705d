//! Four-letter words: questions that a server answers without a session, if its configuration lets it.

mod answer;
mod error;
mod word;

pub use answer::WordAnswer;
pub use error::WordError;
pub use word::Word;

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use crate::tcp::TcpTransport;
use crate::transport::{BoxStream, ServerAddr, Transport};

/// Asks one server for a four-letter word. Made by [`ask_word`].
///
/// # Errors
///
/// [`WordError::NotAllowed`] if the server's configuration does not allow the word (stock servers allow `srvr` alone);
/// [`WordError::NotServing`] if it has no quorum; `Unreachable`, `TimedOut`, `TooLarge`, `Silent`.
///
/// # Cancel safety
///
/// Inert: the connection is closed.
///
/// # Ordering
///
/// Opens a connection of its own, when it is first polled; no relation to any session.
///
/// # On session events
///
/// None: it has no session.
#[must_use = "a question does nothing until it is awaited"]
pub struct AskWord {
    server: ServerAddr,
    word: Word,
    transport: Arc<dyn Transport>,
    limit: Duration,
    max_bytes: usize,
}

/// Asks `server` for `word`, on a connection of its own and without a session.
///
/// ```no_run
/// # async fn run() -> Result<(), zk_client::WordError> {
/// use zk_client::{ServerAddr, Word, ask_word};
///
/// let answer = ask_word(ServerAddr::new("zk1", 2181), Word::SRVR).await?;
/// println!("{} is {}", answer.version().unwrap_or("?"), answer.field("Mode").unwrap_or("?"));
/// # Ok(()) }
/// ```
pub fn ask_word(server: ServerAddr, word: Word) -> AskWord {
    AskWord {
        server,
        word,
        transport: Arc::new(TcpTransport::default()),
        limit: PATIENCE,
        max_bytes: MAX_ANSWER,
    }
}

impl AskWord {
    /// Sets how long connection and answer may take together. Default: 3 s.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Sets how many bytes an answer may have. Default: 16 MiB; `cons` and `wchp` of a busy server are long.
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// Sets how bytes reach the server. Default: [`TcpTransport`].
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = transport;
        self
    }

    async fn run(self) -> Result<WordAnswer, WordError> {
        let Self {
            server,
            word,
            transport,
            limit,
            max_bytes,
        } = self;
        let exchange = async {
            let stream = transport.dial(&server).await?;
            exchange(stream, word, max_bytes).await
        };
        match timeout(limit, exchange).await {
            Err(_) => Err(WordError::TimedOut { limit }),
            Ok(Err(error)) => Err(WordError::Unreachable(Arc::new(error))),
            Ok(Ok(bytes)) if bytes.len() > max_bytes => Err(WordError::TooLarge { max: max_bytes }),
            Ok(Ok(bytes)) => WordAnswer::read(word, &bytes),
        }
    }
}

/// Sends the word and reads what comes until the server hangs up, one byte beyond the limit at most.
async fn exchange(mut stream: BoxStream, word: Word, max: usize) -> std::io::Result<Vec<u8>> {
    stream.write_all(word.as_str().as_bytes()).await?;
    stream.flush().await?;
    let mut bytes = Vec::new();
    let limit = u64::try_from(max).unwrap_or(u64::MAX).saturating_add(1);
    match stream.take(limit).read_to_end(&mut bytes).await {
        // A server that hangs up with our bytes unread resets the connection behind its answer.
        Err(error) if bytes.is_empty() => Err(error),
        _ => Ok(bytes),
    }
}

impl IntoFuture for AskWord {
    type Output = Result<WordAnswer, WordError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl fmt::Debug for AskWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AskWord")
            .field("server", &self.server)
            .field("word", &self.word)
            .finish_non_exhaustive()
    }
}

/// Servers answer at once or not at all.
const PATIENCE: Duration = Duration::from_secs(3);

const MAX_ANSWER: usize = 16 << 20;
