//! A subscriber that keeps what is said on the thread of each test.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::{self, Debug};
use std::sync::{Arc, Mutex, Once};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// Everything that was said, each line with its level.
#[derive(Debug, Clone, Default)]
pub(crate) struct Heard(Arc<Mutex<Lines>>);

#[derive(Debug, Default)]
struct Lines {
    events: Vec<(Level, String)>,
    spans: BTreeMap<u64, (&'static str, Level, String)>,
}

impl Heard {
    pub(crate) fn events(&self, level: Level) -> Vec<String> {
        let lines = self.0.lock().unwrap();
        let of_level = lines.events.iter().filter(|(at, _)| *at == level);
        of_level.map(|(_, text)| text.clone()).collect()
    }

    pub(crate) fn spans(&self, name: &str) -> Vec<(Level, String)> {
        let lines = self.0.lock().unwrap();
        let named = lines.spans.values().filter(|(span, ..)| *span == name);
        named
            .map(|(_, level, text)| (*level, text.clone()))
            .collect()
    }

    /// All of it, as text.
    pub(crate) fn all(&self) -> String {
        format!("{:?}", self.0.lock().unwrap())
    }

    /// How often anything was said at INFO or above.
    pub(crate) fn loud(&self) -> usize {
        let lines = self.0.lock().unwrap();
        let events = lines
            .events
            .iter()
            .filter(|(level, _)| *level <= Level::INFO);
        let spans = lines
            .spans
            .values()
            .filter(|(_, level, _)| *level <= Level::INFO);
        events.count() + spans.count()
    }
}

struct Fields<'a>(&'a mut String);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        use fmt::Write;
        let _ = write!(self.0, "{}={value:?} ", field.name());
    }
}

thread_local! {
    static OF_THIS_THREAD: RefCell<Option<Heard>> = const { RefCell::new(None) };
}

/// What is said on this thread from now on.
pub(crate) fn listen() -> Heard {
    static ROUTER: Once = Once::new();
    ROUTER.call_once(|| tracing::subscriber::set_global_default(Router).unwrap());
    let heard = Heard::default();
    OF_THIS_THREAD.set(Some(heard.clone()));
    heard
}

/// Brings each line to the test on whose thread it is said.
struct Router;

impl Router {
    fn lines(act: impl FnOnce(&mut Lines)) {
        OF_THIS_THREAD.with_borrow(|heard| {
            if let Some(heard) = heard {
                act(&mut heard.0.lock().unwrap());
            }
        });
    }
}

impl Subscriber for Router {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("zk_client")
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut text = String::new();
        span.record(&mut Fields(&mut text));
        let metadata = span.metadata();
        let mut id = 1;
        Self::lines(|lines| {
            id += lines.spans.len() as u64;
            lines
                .spans
                .insert(id, (metadata.name(), *metadata.level(), text));
        });
        Id::from_u64(id)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        Self::lines(|lines| {
            if let Some((.., text)) = lines.spans.get_mut(&span.into_u64()) {
                values.record(&mut Fields(text));
            }
        });
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut text = String::new();
        event.record(&mut Fields(&mut text));
        let level = *event.metadata().level();
        Self::lines(|lines| lines.events.push((level, text)));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
