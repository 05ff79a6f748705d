//! The metrics of the feature of that name, and their list in the documentation.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use metrics::{
    Counter, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};
use zk_client::AddWatchMode;

use crate::kit::{World, settle};

/// What was recorded, by name and labels.
#[derive(Debug, Clone, Default)]
struct Recorded(Arc<Mutex<BTreeMap<String, Arc<AtomicU64>>>>);

#[derive(Debug)]
struct Count(Arc<AtomicU64>);

impl HistogramFn for Count {
    fn record(&self, _value: f64) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Recorded {
    fn cell(&self, kind: &str, key: &Key) -> Arc<AtomicU64> {
        let labels: BTreeSet<String> = key
            .labels()
            .map(|label| format!("{}={}", label.key(), label.value()))
            .collect();
        let labels: Vec<String> = labels.into_iter().collect();
        let name = format!("{kind} {}{{{}}}", key.name(), labels.join(","));
        Arc::clone(self.0.lock().unwrap().entry(name).or_default())
    }

    /// The value of the first that begins like this.
    fn value(&self, name: &str) -> u64 {
        let all = self.0.lock().unwrap();
        let found = all.iter().find(|(key, _)| key.starts_with(name));
        found.map_or(0, |(_, cell)| cell.load(Ordering::Relaxed))
    }

    fn gauge(&self, name: &str) -> f64 {
        f64::from_bits(self.value(&format!("gauge {name}{{client=app}}")))
    }

    /// Kind, name and names of labels of each.
    fn shapes(&self) -> BTreeSet<String> {
        let all = self.0.lock().unwrap();
        all.keys()
            .map(|key| {
                let (name, labels) = key.trim_end_matches('}').split_once('{').unwrap();
                let labels = labels
                    .split(',')
                    .filter_map(|label| label.split('=').next());
                let labels: Vec<_> = labels.map(|label| format!("`{label}`")).collect();
                let (kind, name) = name.split_once(' ').unwrap();
                format!("| `{name}` | {kind} | {} |", labels.join(", "))
            })
            .collect()
    }
}

impl Recorder for Recorded {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.cell("counter", key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.cell("gauge", key))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(Arc::new(Count(self.cell("histogram", key))))
    }
}

#[tokio::test(start_paused = true)]
async fn metrics_tell_what_happened_and_each_is_in_the_documented_list() {
    let recorded = Recorded::default();
    let _guard = metrics::set_default_local_recorder(&recorded);
    let world = World::new();
    let zk = world.builder().name("app").connect().await.unwrap();
    zk.create("/a", "").await.unwrap();
    for _ in 0..3 {
        zk.get("/a").await.unwrap();
    }
    zk.get("/missing").await.unwrap_err();
    let watch = zk.watch("/a", AddWatchMode::Persistent).await.unwrap();
    settle().await;
    let counted = |labels: &str| recorded.value(&format!("counter zk_requests_total{{{labels}}}"));
    assert_eq!(counted("client=app,op=create2,result=ok"), 1);
    assert_eq!(counted("client=app,op=getData,result=ok"), 3);
    assert_eq!(counted("client=app,op=getData,result=NoNode"), 1);
    assert_eq!(
        recorded.value("histogram zk_request_seconds{client=app,op=getData}"),
        4
    );
    assert_eq!(
        (recorded.gauge("zk_link_up"), recorded.gauge("zk_watches")),
        (1.0, 1.0)
    );
    world.hooks.cut_session(zk.session_id().unwrap());
    settle().await;
    assert_eq!(recorded.value("counter zk_reconnects_total{client=app}"), 1);
    assert_eq!(recorded.value("counter zk_watch_gaps_total{client=app}"), 1);
    drop(watch);
    world.hooks.expire(zk.session_id().unwrap());
    settle().await;
    settle().await;
    assert_eq!(
        recorded.value("counter zk_sessions_total{client=app,end=expired}"),
        1
    );
    assert_eq!(
        zk.stats().sent(zk_wire::OpCode::Create2),
        1,
        "over both sessions"
    );
    zk.close().await.unwrap();
    settle().await;
    assert_eq!(
        recorded.value("counter zk_sessions_total{client=app,end=closed}"),
        1
    );
    assert_eq!(
        (
            recorded.gauge("zk_link_up"),
            recorded.gauge("zk_requests_in_flight")
        ),
        (0.0, 0.0)
    );

    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/metrics.md");
    let documented = std::fs::read_to_string(file).unwrap();
    let listed: BTreeSet<String> = documented
        .lines()
        .filter(|line| line.starts_with("| `zk_"))
        .map(|line| line.split('|').take(4).collect::<Vec<_>>().join("|") + "|")
        .collect();
    assert_eq!(
        listed,
        recorded.shapes(),
        "{file} lists others than there are"
    );
}
