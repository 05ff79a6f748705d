//! Programs that do what they are told, one process for all tests of a program: `Talk.java` and `talk.py`.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::{java, python};
use crate::deadline;

/// How long one answer may take: more than the programs wait themselves.
const LIMIT: Duration = Duration::from_secs(90);

/// A process with channels. It ends when this process does.
#[derive(Debug)]
pub struct Talk {
    orders: Mutex<ChildStdin>,
    channels: Arc<Mutex<HashMap<usize, UnboundedSender<String>>>>,
}

/// A client of Curator's or kazoo's in such a process, with recipes of one family. It answers one order after the other.
#[derive(Debug)]
pub struct Channel {
    talk: &'static Talk,
    number: usize,
    answers: UnboundedReceiver<String>,
}

impl Talk {
    /// The process with Curator's recipes.
    ///
    /// # Panics
    ///
    /// If the programs do not compile or Java does not start.
    #[must_use]
    pub fn curator() -> &'static Self {
        static CURATOR: OnceLock<Talk> = OnceLock::new();
        CURATOR.get_or_init(|| Self::start(java("Talk")))
    }

    /// The process with kazoo's recipes.
    ///
    /// # Panics
    ///
    /// If Python does not start.
    #[must_use]
    pub fn kazoo() -> &'static Self {
        static KAZOO: OnceLock<Talk> = OnceLock::new();
        KAZOO.get_or_init(|| Self::start(python("talk.py")))
    }

    fn start(mut program: Command) -> Self {
        let mut child = program
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let orders = child.stdin.take().expect("its standard input is a pipe");
        let pipe = child.stdout.take().expect("its standard output is a pipe");
        let channels = Arc::new(Mutex::new(HashMap::new()));
        let known = Arc::clone(&channels);
        thread::spawn(move || {
            for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                deliver(&known, &line);
            }
            // Whoever waits for an answer waits no longer.
            locked(&known).clear();
            // Its standard input was closed, or it failed, and says why on standard error.
            let _ = child.wait();
        });
        Self {
            orders: Mutex::new(orders),
            channels,
        }
    }

    /// A new client on the servers of this connect string, connected, for the recipes of a family.
    ///
    /// # Panics
    ///
    /// If it does not connect.
    pub async fn open(&'static self, family: &str, connect: &str) -> Channel {
        let mut channel = self.channel();
        channel.ask(&format!("open {family} {connect}")).await;
        channel
    }

    fn channel(&'static self) -> Channel {
        let (sender, answers) = unbounded_channel();
        let mut channels = locked(&self.channels);
        let number = channels.len();
        channels.insert(number, sender);
        Channel {
            talk: self,
            number,
            answers,
        }
    }
}

impl Channel {
    /// Gives an order and waits for what comes of it.
    ///
    /// # Panics
    ///
    /// If it is not carried out.
    pub async fn ask(&mut self, order: &str) -> String {
        match self.answer(order).await {
            Ok(words) => words,
            Err(why) => panic!("`{order}` failed: {why}"),
        }
    }

    /// Gives an order that fails, and returns why.
    ///
    /// # Panics
    ///
    /// If it is carried out.
    pub async fn refused(&mut self, order: &str) -> String {
        match self.answer(order).await {
            Ok(words) => panic!("`{order}` was carried out: {words}"),
            Err(why) => why,
        }
    }

    async fn answer(&mut self, order: &str) -> Result<String, String> {
        writeln!(locked(&self.talk.orders), "{} {order}", self.number)
            .expect("the program listens");
        let answer = deadline(LIMIT)
            .until(order, self.answers.recv())
            .await
            .expect("the program answers");
        match answer.split_once(' ').unwrap_or((&answer, "")) {
            ("ok", words) => Ok(words.to_owned()),
            (_, why) => Err(why.to_owned()),
        }
    }
}

/// `CHANNEL ANSWER`; `ready` is for nobody.
fn deliver(channels: &Mutex<HashMap<usize, UnboundedSender<String>>>, line: &str) {
    let Some((number, answer)) = line.split_once(' ') else {
        return;
    };
    let channels = locked(channels);
    if let Some(sender) = number
        .parse()
        .ok()
        .and_then(|number: usize| channels.get(&number))
    {
        // Nobody waits any more if the test has failed.
        let _ = sender.send(answer.to_owned());
    }
}

/// Bytes as a word of an order or an answer.
#[must_use]
pub fn word(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "-".to_owned();
    }
    bytes.iter().fold(String::new(), |mut word, byte| {
        let _ = write!(word, "{byte:02x}");
        word
    })
}

/// The bytes of a word; `None` for `null`.
///
/// # Panics
///
/// If it is no such word.
#[must_use]
pub fn bytes(word: &str) -> Option<Vec<u8>> {
    match word {
        "null" => None,
        "-" => Some(Vec::new()),
        _ => {
            let digits = |at: usize| word.get(at..at + 2).expect("two digits");
            let byte = |at| u8::from_str_radix(digits(at), 16).expect("hexadecimal digits");
            Some((0..word.len()).step_by(2).map(byte).collect())
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_words_and_back() {
        for all in [&b""[..], b"abc", &[0, 255]] {
            assert_eq!(bytes(&word(all)).unwrap(), all);
        }
        assert_eq!((word(b""), word(&[0, 255])), ("-".into(), "00ff".into()));
        assert_eq!(bytes("null"), None);
    }
}
