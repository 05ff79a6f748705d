//! What the embedded server logs.
//!
//! A program of its own: its subscriber is the process's and there before anything is said, because tracing remembers
//! whether a line is of interest and lets the thread that first says it decide.
#![expect(
    clippy::unwrap_used,
    reason = "clippy does not see that helpers of tests are tests"
)]

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber, span};
use zk_embedded::{EmbeddedServer, ServerBuilder};

#[tokio::test]
async fn a_server_says_what_it_is_when_it_starts() {
    let log = Log::default();
    let lines = Arc::clone(&log.0);
    tracing::subscriber::set_global_default(log).unwrap();
    let builder: ServerBuilder = EmbeddedServer::builder();
    let server = builder.clone().start().await.unwrap();
    let _pipe = builder.in_memory();
    let lines = lines.lock().unwrap();
    let said = |what: &str| {
        lines.iter().any(|line| {
            line.starts_with("INFO")
                && line.contains("for development and tests")
                && line.contains(what)
        })
    };
    assert!(said(&server.connect_string()), "{lines:?}");
    assert!(said("without a port"), "{lines:?}");
}

/// Keeps what this crate logs.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("zk_embedded") && *metadata.level() <= Level::INFO
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(event.metadata().level().to_string());
        event.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}
