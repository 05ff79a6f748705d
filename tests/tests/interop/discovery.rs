//! Services whose instances are registered by ours and by Curator's programs, and found by both.

use std::time::Duration;

use serde_json::{Value, json};
use zk_recipes::Client;
use zk_recipes::discovery::{
    Discovery, Instance, InstanceKind, JsonCodec, Payload, Registration, RoundRobin, ServiceView,
};
use zk_tests::{Channel, Deadline, RealServer, Talk, deadline, word};

/// How many instances each side registers, updates and takes back.
const ROUNDS: usize = 50;
const URI: &str = "{scheme}://{address}:{port}/{name}/{id}/{service-type}";

/// A payload: the words that make Curator register it, what ours registers, and how Java prints it.
struct Shape {
    words: &'static str,
    class: Option<&'static str>,
    value: Value,
    printed: &'static str,
}

impl Shape {
    /// Each kind.
    fn all() -> Vec<Self> {
        let shape = |words, class, value, printed| Self {
            words,
            class,
            value,
            printed,
        };
        vec![
            shape("string:a", None, json!("a"), "a"),
            shape("int:7", None, json!(7), "7"),
            shape(
                "long:1099511627776",
                Some("java.lang.Long"),
                json!(1_i64 << 40),
                "1099511627776",
            ),
            shape("double:1.5", None, json!(1.5), "1.5"),
            shape("bool:true", None, json!(true), "true"),
            shape(
                "list:a,b",
                Some("java.util.ArrayList"),
                json!(["a", "b"]),
                "[a, b]",
            ),
            shape(
                "map:a=b,c=d",
                Some("java.util.LinkedHashMap"),
                json!({"a": "b", "c": "d"}),
                "{a=b, c=d}",
            ),
            shape(
                "details:eu,3",
                Some("Details"),
                json!({"weight": 3, "zone": "eu"}),
                "eu*3",
            ),
        ]
    }

    fn ours(&self) -> Payload {
        let payload = Payload::new(self.value.clone());
        match self.class {
            // Lists and longs are given theirs without a word.
            Some(class) if self.value.is_object() => payload.with_class(class),
            _ => payload,
        }
    }

    /// As `CuratorDiscovery` shows an instance with it.
    fn shown(&self, id: &str, port: usize, kind: InstanceKind) -> String {
        let (printed, kind) = (word(self.printed.as_bytes()), kind.name());
        format!("web,{id},10.0.0.1,{port},null,{kind},true,{printed}")
    }
}

struct Meeting {
    zk: Client,
    services: Discovery,
    /// What ours follows, as theirs follows it in the cache `c`.
    view: ServiceView,
    theirs: Channel,
    limit: Deadline,
}

impl Meeting {
    async fn new(base: &str) -> Self {
        let connect = RealServer::shared().connect_string();
        let zk = Client::builder(&connect).connect().await.unwrap();
        let mut theirs = Talk::curator().open("discovery", &connect).await;
        theirs.ask(&format!("start d {base} any new")).await;
        theirs.ask("cache c d web").await;
        let services = Discovery::new(&zk, base).unwrap();
        let (loading, driver) = services.view("web").unwrap().keep();
        tokio::spawn(driver);
        Self {
            zk,
            view: loading.loaded().await.unwrap(),
            services,
            theirs,
            limit: deadline(Duration::from_secs(120)),
        }
    }

    /// Registers, kept by a task, and waits until it is there.
    async fn register(&self, instance: Instance) -> Registration {
        let (registration, driver) = self.services.register(instance).unwrap();
        tokio::spawn(driver);
        self.limit
            .until("a registration", registration.applied())
            .await
            .unwrap();
        registration
    }

    /// Waits until Curator's cache has just these.
    async fn they_have(&mut self, shown: &[String]) {
        self.theirs
            .ask(&format!("await c {}", shown.join(" ")))
            .await;
    }

    /// Deletes the only node below the service whose name begins so.
    async fn delete(&self, service: &str, id: &str) {
        let names = self.zk.children(service).await.unwrap();
        let [name] = &names
            .iter()
            .filter(|name| name.starts_with(id))
            .collect::<Vec<_>>()[..]
        else {
            panic!("{names:?}");
        };
        self.zk.delete(&format!("{service}/{name}")).await.unwrap();
    }

    /// What we find and what our view shows, which is the same.
    async fn we_find(&self, id: &str) -> Option<Instance> {
        self.view.catch_up().await.unwrap();
        assert_eq!(*self.view.broken(), []);
        let found = self.services.instances("web").await.unwrap();
        assert_eq!(found.broken, []);
        let one = self.services.instance("web", id).await.unwrap();
        let listed = found
            .instances
            .into_iter()
            .find(|instance| instance.id == id);
        assert_eq!(one, listed);
        assert_eq!(self.view.get(id).as_deref(), one.as_ref());
        one
    }
}

fn ours(id: &str, port: usize) -> Instance {
    let instance = Instance::builder("web").id(id).address("10.0.0.1");
    let instance = instance.port(u16::try_from(port).unwrap());
    instance.uri_spec(URI.parse().unwrap()).build()
}

const KINDS: [InstanceKind; 4] = [
    InstanceKind::Dynamic,
    InstanceKind::Static,
    InstanceKind::Permanent,
    InstanceKind::DynamicSequential,
];

/// Curator can neither update nor take back a sequential instance of its own: it is registered once, and we delete its node.
#[tokio::test(flavor = "multi_thread")]
async fn instances_of_ours_and_of_curators_are_found_by_both_with_payloads_and_stays_of_each_kind()
{
    let base = "/discovery/both";
    let mut meeting = Meeting::new(base).await;
    let shapes = Shape::all();
    for n in 0..ROUNDS {
        let shape = &shapes[n % shapes.len()];
        // Each shape with one kind after the other.
        let kind = KINDS[(n + n / shapes.len()) % KINDS.len()];
        let is_numbered = kind == InstanceKind::DynamicSequential;
        let (r, j) = (format!("r{n}"), format!("j{n}"));
        let mut instance = ours(&r, 1000 + n);
        (instance.payload, instance.kind) = (Some(shape.ours()), kind);
        let registration = meeting.register(instance).await;
        meeting.they_have(&[shape.shown(&r, 1000 + n, kind)]).await;
        if !is_numbered {
            let uri = meeting.theirs.ask(&format!("uri d web {r}")).await;
            assert_eq!(uri, registration.instance().uri().unwrap());
        }

        let order = |verb, port: usize| {
            format!(
                "{verb} d web {j} 10.0.0.1 {port} - {} {} {URI} enabled",
                kind.name(),
                shape.words
            )
        };
        meeting.theirs.ask(&order("register", 2000 + n)).await;
        let found = meeting.we_find(&j).await.unwrap();
        let payload = found.payload.as_ref().unwrap();
        assert_eq!(
            (payload.class(), payload.value(), found.kind),
            (shape.class, &shape.value, kind)
        );
        // It finds a node that is named as the id.
        if !is_numbered {
            let uri = meeting.theirs.ask(&format!("uri d web {j}")).await;
            assert_eq!(found.uri().unwrap(), uri);
        }

        registration.update(|instance| instance.port = Some(80));
        let mut port = 2000 + n;
        if !is_numbered {
            port = 81;
            meeting.theirs.ask(&order("update", port)).await;
        }
        meeting
            .they_have(&[shape.shown(&j, port, kind), shape.shown(&r, 80, kind)])
            .await;
        let found = meeting.we_find(&j).await.unwrap();
        assert_eq!(found.port.map(usize::from), Some(port));
        // Once it is empty the servers take it away.
        assert_eq!(meeting.theirs.ask("names d").await, "web");
        assert_eq!(meeting.services.names().await.unwrap(), ["web"]);

        registration.unregister();
        if is_numbered {
            meeting.delete(&format!("{base}/web"), &j).await;
        } else {
            meeting.theirs.ask(&order("unregister", port)).await;
        }
        meeting.they_have(&[]).await;
        assert_eq!(meeting.we_find(&j).await, None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nested_payload_of_curators_is_plain_json_but_for_its_own_class() {
    let mut meeting = Meeting::new("/discovery/nested").await;
    let order = "register d web j h 80 - DYNAMIC nested:com.x,y - enabled";
    meeting.theirs.ask(order).await;
    let payload = meeting.we_find("j").await.unwrap().payload.unwrap();
    let details = json!({"details": {"zone": "eu", "weight": 3}});
    let value = json!({"tags": ["com.x", "y"], "long": 7, "map": details});
    assert_eq!((payload.value(), &payload.plain()), (&value, &value));
}

/// As whoever reads with a class of its own.
#[tokio::test(flavor = "multi_thread")]
async fn curators_readers_of_a_class_read_objects_of_ours_that_name_it() {
    let mut meeting = Meeting::new("/discovery/class").await;
    meeting
        .theirs
        .ask("start t /discovery/class details old")
        .await;
    let mut instance = ours("r", 80);
    let details = json!({"zone": "eu", "weight": 3});
    instance.payload = Some(Payload::new(details).with_class("Details"));
    let _registered = meeting.register(instance).await;
    let printed = word(b"eu*3");
    let wanted = format!("web,r,10.0.0.1,80,null,DYNAMIC,true,{printed}");
    assert_eq!(meeting.theirs.ask("instances t web").await, wanted);
}

#[tokio::test(flavor = "multi_thread")]
async fn curators_providers_leave_out_instances_of_ours_that_are_drained() {
    let mut meeting = Meeting::new("/discovery/drained").await;
    let codec = JsonCodec::new().compatible(false);
    meeting.services = meeting.services.codec(codec);
    meeting.theirs.ask("provider p d web").await;
    let shown = |id: &str, enabled| format!("web,{id},10.0.0.1,80,null,DYNAMIC,{enabled},null");
    let [one, other] = [
        meeting.register(ours("one", 80)).await,
        meeting.register(ours("other", 80)).await,
    ];
    meeting
        .they_have(&[shown("one", true), shown("other", true)])
        .await;
    for n in 0..ROUNDS {
        let is_one = n % 2 == 0;
        let (drained, stays) = if is_one {
            (&one, "other")
        } else {
            (&other, "one")
        };
        drained.drain();
        meeting
            .they_have(&[shown("one", !is_one), shown("other", is_one)])
            .await;
        // The provider has a cache of its own, which may be told later.
        let provider = |picked: String| (picked == shown(stays, true)).then_some(());
        let mut in_turn = 0;
        while in_turn < 4 {
            assert!(!meeting.limit.passed());
            let picked = meeting.theirs.ask("pick p").await;
            in_turn = provider(picked).map_or(0, |()| in_turn + 1);
        }
        drained.resume();
        meeting
            .they_have(&[shown("one", true), shown("other", true)])
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn our_providers_leave_out_instances_of_curators_that_are_not_enabled() {
    let mut meeting = Meeting::new("/discovery/disabled").await;
    let provider = meeting.view.provider(RoundRobin::new());
    let order = |verb, id, is: &str| format!("{verb} d web {id} 10.0.0.1 80 - DYNAMIC - - {is}");
    for id in ["one", "other"] {
        meeting.theirs.ask(&order("register", id, "enabled")).await;
    }
    for n in 0..ROUNDS {
        let (off, on) = if n % 2 == 0 {
            ("one", "other")
        } else {
            ("other", "one")
        };
        meeting.theirs.ask(&order("update", on, "enabled")).await;
        meeting.theirs.ask(&order("update", off, "disabled")).await;
        meeting.view.catch_up().await.unwrap();
        assert_eq!(meeting.view.instances().len(), 2);
        let picked: Vec<String> = (0..3)
            .map(|_| provider.pick().unwrap().id.clone())
            .collect();
        assert_eq!(picked, [on, on, on]);
    }
}

/// Three in turn, fifty times by each side: whichever order a provider has, it is one. What either side notes of failed calls
/// is its own affair.
#[tokio::test(flavor = "multi_thread")]
async fn providers_of_curators_and_of_ours_call_each_others_instances_in_turn_and_note_errors_for_themselves()
 {
    let mut meeting = Meeting::new("/discovery/in-turn").await;
    let codec = JsonCodec::new().compatible(false);
    meeting.services = meeting.services.codec(codec);
    let shown = |id: &str| format!("web,{id},10.0.0.1,80,null,DYNAMIC,true,null");
    let order = "register d web j 10.0.0.1 80 - DYNAMIC - - enabled";
    meeting.theirs.ask(order).await;
    let _ours = [
        meeting.register(ours("r1", 80)).await,
        meeting.register(ours("r2", 80)).await,
    ];
    let all = [shown("j"), shown("r1"), shown("r2")];
    meeting.they_have(&all).await;
    meeting.view.catch_up().await.unwrap();
    meeting.theirs.ask("provider p d web").await;
    let provider = meeting.view.provider(RoundRobin::new());

    let (mut by_theirs, mut by_ours) = (Vec::new(), Vec::new());
    for _ in 0..3 * ROUNDS {
        by_theirs.push(meeting.theirs.ask("pick p").await);
        by_ours.push(shown(&provider.pick().unwrap().id));
    }
    for picked in [&by_theirs, &by_ours] {
        let mut first = picked[..3].to_vec();
        first.sort_unstable();
        assert_eq!(first, all);
        assert!(
            picked.chunks(3).all(|round| round == &picked[..3]),
            "{picked:?}"
        );
    }

    // Two errors, with both.
    for _ in 0..2 {
        meeting.theirs.ask("note-error p r1").await;
        let instance = meeting.view.get("j").unwrap();
        meeting.view.note_error(&instance);
    }
    for _ in 0..ROUNDS {
        assert_ne!(meeting.theirs.ask("pick p").await, shown("r1"));
        assert_ne!(provider.pick().unwrap().id, "j");
    }
    assert!((0..2).any(|_| provider.pick().unwrap().id == "r1"));
    let mut others = Vec::new();
    for _ in 0..2 {
        others.push(meeting.theirs.ask("pick p").await);
    }
    assert!(others.contains(&shown("j")), "{others:?}");
}
