//! A server, a folder, and programs that say what they do.

use std::ffi::OsStr;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;
use zk_embedded::EmbeddedServer;

/// How long anything may take before it has failed.
const LIMIT: Duration = Duration::from_secs(60);

pub(crate) async fn server() -> EmbeddedServer {
    EmbeddedServer::builder().start().await.unwrap()
}

/// Waits, and fails where it would hang.
pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    match timeout(LIMIT, future).await {
        Ok(output) => output,
        Err(_) => panic!("{what}: nothing within {LIMIT:?}"),
    }
}

/// A folder for the files of one test.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let folder =
            std::env::temp_dir().join(format!("zk-examples-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A running program; killed when dropped.
pub(crate) struct Program {
    child: Child,
    printed: Lines<BufReader<ChildStdout>>,
}

impl Program {
    pub(crate) fn start(
        program: impl AsRef<Path>,
        server: &EmbeddedServer,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
    ) -> Self {
        let mut child = Command::new(program.as_ref())
            .args(arguments)
            .env("ZK_CONNECT", server.connect_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let printed = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, printed }
    }

    /// The next line that it prints.
    pub(crate) async fn line(&mut self) -> String {
        let line = soon("a line", self.printed.next_line()).await;
        line.unwrap().unwrap()
    }

    pub(crate) async fn send_a_line(&mut self) {
        let input = self.child.stdin.as_mut().unwrap();
        input.write_all(b"\n").await.unwrap();
    }

    pub(crate) async fn kill(&mut self) {
        self.child.kill().await.unwrap();
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id().unwrap()
    }

    pub(crate) async fn end(&mut self) -> ExitStatus {
        soon("the end", self.child.wait()).await.unwrap()
    }
}
