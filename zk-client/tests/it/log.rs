//! What a subscriber hears: nothing per operation, trouble once a minute, and never data.

use std::collections::BTreeMap;
use std::fmt::{self, Debug};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};
use zk_client::ErrorKind;

use crate::kit::{World, settle};

/// Everything that was said, each line with its level.
#[derive(Debug, Clone, Default)]
struct Heard(Arc<Mutex<Lines>>);

#[derive(Debug, Default)]
struct Lines {
    events: Vec<(Level, String)>,
    spans: BTreeMap<u64, (&'static str, Level, String)>,
}

impl Heard {
    fn events(&self, level: Level) -> Vec<String> {
        let lines = self.0.lock().unwrap();
        let of_level = lines.events.iter().filter(|(at, _)| *at == level);
        of_level.map(|(_, text)| text.clone()).collect()
    }

    fn spans(&self, name: &str) -> Vec<(Level, String)> {
        let lines = self.0.lock().unwrap();
        let named = lines.spans.values().filter(|(span, ..)| *span == name);
        named
            .map(|(_, level, text)| (*level, text.clone()))
            .collect()
    }

    /// How often anything was said at INFO or above.
    fn loud(&self) -> usize {
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

impl Subscriber for Heard {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("zk_client")
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut text = String::new();
        span.record(&mut Fields(&mut text));
        let mut lines = self.0.lock().unwrap();
        let id = lines.spans.len() as u64 + 1;
        let metadata = span.metadata();
        lines
            .spans
            .insert(id, (metadata.name(), *metadata.level(), text));
        Id::from_u64(id)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        if let Some((.., text)) = self.0.lock().unwrap().spans.get_mut(&span.into_u64()) {
            values.record(&mut Fields(text));
        }
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut text = String::new();
        event.record(&mut Fields(&mut text));
        let level = *event.metadata().level();
        self.0.lock().unwrap().events.push((level, text));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[tokio::test(start_paused = true)]
async fn nothing_is_said_at_info_per_operation() {
    let heard = Heard::default();
    let _guard = tracing::subscriber::set_default(heard.clone());
    let world = World::new();
    let zk = world.builder().name("billing").connect().await.unwrap();
    settle().await;
    let connected = heard.loud();
    assert_eq!(
        heard.events(Level::INFO).len(),
        1,
        "the session is established"
    );
    let (level, client) = heard.spans("zk.client").remove(0);
    assert_eq!(level, Level::INFO);
    assert!(
        client.contains("billing") && client.contains("ensemble"),
        "{client}"
    );
    let (level, session) = heard.spans("zk.session").remove(0);
    assert_eq!(level, Level::INFO);
    for field in ["session", "timeout_ms=10000", "generation=1"] {
        assert!(session.contains(field), "{session}");
    }
    zk.create("/a", "").await.unwrap();
    for _ in 0..500 {
        zk.get("/a").await.unwrap();
        zk.set("/a", "x").await.unwrap();
        zk.get("/missing").await.unwrap_err();
    }
    let (_, watch) = zk.get("/a").watch().await.unwrap();
    drop(watch);
    tokio::time::sleep(Duration::from_secs(300)).await;
    assert_eq!(heard.loud(), connected, "{:?}", heard.events(Level::INFO));
    zk.close().await.unwrap();
    settle().await;
    assert_eq!(heard.loud(), connected + 1, "the session is closed");
    assert_eq!(heard.events(Level::ERROR), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_request_is_a_span_at_trace_with_its_outcome_and_without_its_data() {
    let heard = Heard::default();
    let _guard = tracing::subscriber::set_default(heard.clone());
    let world = World::new();
    let zk = world
        .builder()
        .auth("digest", "user:passw0rd")
        .connect()
        .await
        .unwrap();
    zk.create("/a", "precious").await.unwrap();
    zk.delete("/missing").await.unwrap_err();
    let requests = heard.spans("zk.request");
    assert!(requests.iter().all(|(level, _)| *level == Level::TRACE));
    let (_, create) = &requests[0];
    for field in ["op=Create", "path=\"/a\"", "code=0", "zxid=", "us=10"] {
        assert!(create.contains(field), "{field}: {create}");
    }
    let of_delete = |text: &str| text.contains("op=Delete") && text.contains("code=-101");
    assert!(
        requests.iter().any(|(_, text)| of_delete(text)),
        "{requests:?}"
    );
    let all = format!("{:?}", heard.0.lock().unwrap());
    assert!(!all.contains("precious") && !all.contains("passw0rd"));
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_warned_of_once_a_minute_and_says_what_became_of_each_server() {
    let heard = Heard::default();
    let _guard = tracing::subscriber::set_default(heard.clone());
    let world = World::new();
    let zk = world.client().await;
    world.hooks.refuse_connections(true);
    world.hooks.cut_all();
    tokio::time::sleep(Duration::from_secs(600)).await;
    let attempts = zk.stats().dials;
    let warnings = heard.events(Level::WARN);
    assert!(attempts > 200, "{attempts} attempts");
    assert!(
        (9..=11).contains(&warnings.len()),
        "{} warnings",
        warnings.len()
    );
    assert!(warnings[0].contains("embedded:2181: "), "{}", warnings[0]);
    assert!(warnings[1].contains("suppressed=") && !warnings[1].contains("suppressed=0"));
    let links = heard.spans("zk.link");
    assert!(links.iter().all(|(level, _)| *level == Level::DEBUG));
    assert!(
        links[0].1.contains("server=embedded:2181"),
        "{}",
        links[0].1
    );
}

#[tokio::test(start_paused = true)]
async fn a_server_that_drops_the_session_again_and_again_does_not_fill_the_log() {
    let heard = Heard::default();
    let _guard = tracing::subscriber::set_default(heard.clone());
    let world = World::new();
    let zk = world.client().await;
    let before = heard.loud();
    for _ in 0..100 {
        world.hooks.cut_session(zk.session_id().unwrap());
        tokio::time::sleep(Duration::from_millis(1_200)).await;
    }
    assert!(zk.stats().connections_lost >= 100);
    let said = heard.loud() - before;
    assert!((2..=4).contains(&said), "{said} lines in two minutes");
}

#[tokio::test(start_paused = true)]
async fn an_expiry_is_one_warning_that_tells_the_cause() {
    let heard = Heard::default();
    let _guard = tracing::subscriber::set_default(heard.clone());
    let world = World::new();
    let zk = world.client().await;
    world.hooks.expire(zk.session_id().unwrap());
    settle().await;
    settle().await;
    let warnings = heard.events(Level::WARN);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    for words in [
        "zookeeper session expired",
        "generation=1",
        "ended by the servers",
    ] {
        assert!(warnings[0].contains(words), "{warnings:?}");
    }
    assert_eq!(
        heard.spans("zk.session").len(),
        2,
        "the next one has its own"
    );
}

#[tokio::test(start_paused = true)]
async fn refused_credentials_are_one_warning() {
    let heard = Heard::default();
    let _guard = tracing::subscriber::set_default(heard.clone());
    let world = World::new();
    let refused = world.builder().auth("nonsense", "secret").connect().await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::AuthFailed);
    settle().await;
    let warnings = heard.events(Level::WARN);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(!warnings[0].contains("secret"));
}
