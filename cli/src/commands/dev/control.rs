//! How `dev chaos` reaches the `dev` that runs: a socket in the directory for temporary files, named after
//! the port of the first server. Only its owner may write to it.

use std::env;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::servers::Target;

/// The listening end. The socket goes when this is dropped.
pub(super) struct Control {
    path: PathBuf,
    task: JoinHandle<()>,
}

impl Control {
    pub(super) fn listen(port: u16, target: Target) -> io::Result<Self> {
        let path = path(port);
        // The port is ours, so whoever left this behind is gone.
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(&path)?;
        let task = tokio::spawn(serve(listener, Arc::new(target)));
        Ok(Self { path, task })
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.task.abort();
        // Whoever cleans up that directory may have been faster.
        let _ = fs::remove_file(&self.path);
    }
}

/// Asks the `dev` whose first server has this port. `Err` inside is its refusal.
pub(super) async fn ask(port: u16, words: &str) -> io::Result<Result<String, String>> {
    let mut stream = UnixStream::connect(path(port)).await?;
    stream.write_all(words.as_bytes()).await?;
    stream.shutdown().await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    if let Some(text) = answer.strip_prefix(DONE) {
        return Ok(Ok(text.to_owned()));
    }
    match answer.strip_prefix(REFUSED) {
        Some(text) => Ok(Err(text.to_owned())),
        None => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

async fn serve(listener: UnixListener, target: Arc<Target>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let target = Arc::clone(&target);
                tokio::spawn(async move {
                    // Whoever says nothing, or hangs up, is owed nothing.
                    let _ = timeout(LIMIT, answer(stream, &target)).await;
                });
            }
            // Too many open files: the next attempt may find one closed.
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

async fn answer(stream: UnixStream, target: &Target) -> io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut words = String::new();
    reader.take(MAX_WORDS).read_to_string(&mut words).await?;
    let text = match target.chaos(&words) {
        Ok(text) => format!("{DONE}{text}"),
        Err(refusal) => format!("{REFUSED}{refusal}"),
    };
    writer.write_all(text.as_bytes()).await?;
    writer.shutdown().await
}

fn path(port: u16) -> PathBuf {
    let user = rustix::process::getuid().as_raw();
    env::temp_dir().join(format!("zkctl-dev-{user}-{port}.socket"))
}

const DONE: &str = "done\n";
const REFUSED: &str = "refused\n";
const LIMIT: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(50);
const MAX_WORDS: u64 = 64 << 10;
