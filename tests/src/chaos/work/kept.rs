//! Nodes that are kept: alone, as members of groups, and as what is registered of a service.

use std::pin::Pin;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::timeout;
use zk_checkers::{Function, Outcome};
use zk_recipes::discovery::{Codec as _, Discovery, Instance, JsonCodec, Registration};
use zk_recipes::{
    Client, Error, Group, GroupLayout, Membership, PersistentNode, Presence, Standing, TtlNode,
    Zxid,
};

use super::super::calls::Ask;
use super::super::worker::Worker;

pub(in super::super) const GROUP: &str = "/chaos/group";
pub(in super::super) const PARTY: &str = "/chaos/party";
pub(in super::super) const SERVICES: &str = "/chaos/services";
pub(in super::super) const SERVICE: &str = "billing";
pub(in super::super) const TTLS: &str = "/chaos/ttl";

/// For how long a TTL node is there untouched: longer than most outages.
const TTL: Duration = Duration::from_secs(8);

/// When all is well it does not take longer until a node is there.
const SOON: Duration = Duration::from_secs(30);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum What {
    Ephemeral,
    Lasting,
    Ttl,
    Member,
    Party,
    Instance,
}

impl What {
    pub(in super::super) const ALL: [Self; 6] = [
        Self::Ephemeral,
        Self::Lasting,
        Self::Ttl,
        Self::Member,
        Self::Party,
        Self::Instance,
    ];

    /// As it is counted.
    pub(in super::super) const fn name(self) -> &'static str {
        match self {
            Self::Ephemeral => "ephemerals kept",
            Self::Lasting => "lasting nodes kept",
            Self::Ttl => "ttl nodes kept",
            Self::Member => "members",
            Self::Party => "party members",
            Self::Instance => "instances",
        }
    }
}

type Driver = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

enum Handle {
    Node(Presence),
    Member(Membership),
    Instance(Registration),
}

/// A node while it is kept.
struct Kept {
    what: What,
    handle: Handle,
    path: String,
    driver: JoinHandle<Result<(), Error>>,
}

/// What a client calls itself.
pub(in super::super) fn name_of(number: usize) -> String {
    format!("of-{number}")
}

fn instance(id: &str, value: &str) -> Instance {
    let instance = Instance::builder(SERVICE).id(id).address(value);
    instance.port(80).build()
}

fn make(zk: &Client, what: What, number: usize, value: &str) -> (Handle, Driver) {
    let name = name_of(number);
    let data = value.to_owned();
    let node = |dir: &str| PersistentNode::new(zk, &format!("/chaos/{dir}/{name}"), data.clone());
    let layout = if what == What::Party {
        (PARTY, GroupLayout::Party)
    } else {
        (GROUP, GroupLayout::GroupMember)
    };
    match what {
        What::Ephemeral => {
            let (presence, driver) = node("kept").expect("a path").keep();
            (Handle::Node(presence), Box::pin(driver))
        }
        What::Lasting => {
            let (presence, driver) = node("lasting").expect("a path").lasting().keep();
            (Handle::Node(presence), Box::pin(driver))
        }
        What::Ttl => {
            let node = TtlNode::new(zk, &format!("{TTLS}/{name}"), data.clone(), TTL);
            let (presence, driver) = node.expect("a path").keep();
            (Handle::Node(presence), Box::pin(driver))
        }
        What::Member | What::Party => {
            let group = Group::new(zk, layout.0).expect("a path").layout(layout.1);
            // A member of a party says nothing but its name.
            let data = if what == What::Party { "" } else { value };
            let (member, driver) = group.join(&name, data.to_owned()).expect("a name");
            (Handle::Member(member), Box::pin(driver))
        }
        What::Instance => {
            let services = Discovery::new(zk, SERVICES).expect("a path");
            let registered = services.register(instance(&name, value));
            let (registration, driver) = registered.expect("a name");
            (Handle::Instance(registration), Box::pin(driver))
        }
    }
}

impl Handle {
    fn path(&self) -> String {
        match self {
            Self::Node(presence) => presence.path().to_owned(),
            Self::Member(member) => member.presence().path().to_owned(),
            Self::Instance(registration) => registration.path().to_owned(),
        }
    }

    /// What the node is to hold, byte for byte.
    fn data(&self, value: &str) -> Vec<u8> {
        let Self::Instance(registration) = self else {
            return value.as_bytes().to_vec();
        };
        let mut now = registration.instance();
        now.address = Some(value.to_owned());
        JsonCodec::new().encode(&now).to_vec()
    }

    fn set(&self, value: &str) {
        match self {
            Self::Node(presence) => presence.set(value.to_owned()),
            Self::Member(member) => member.presence().set(value.to_owned()),
            Self::Instance(registration) => {
                registration.update(|instance| instance.address = Some(value.to_owned()));
            }
        }
    }

    /// Waits until it is there; `None` if the driver has ended.
    async fn present(&self) -> Option<Zxid> {
        match self {
            Self::Node(presence) => presence.present().await,
            Self::Member(member) => member.presence().present().await,
            Self::Instance(registration) => loop {
                match registration.applied().await? {
                    Standing::Present(czxid) => return Some(czxid),
                    _ => tokio::task::yield_now().await,
                }
            },
        }
    }

    fn close(&self) {
        match self {
            Self::Node(presence) => presence.close(),
            Self::Member(member) => member.leave(),
            Self::Instance(registration) => registration.unregister(),
        }
    }
}

/// Keeps a node, with ever other data, and lets it go now and then. In the end it is there with the latest data, and then
/// gone; the last client's stays, as that one is given up.
pub(super) async fn keep(mut worker: Worker, what: What) {
    let mut place: Option<Kept> = None;
    while worker.lives() {
        let limit = worker.millis(100, 4000);
        place = match place.take() {
            None => Some(Kept::begin(&mut worker, what, limit).await),
            Some(kept) if what != What::Ttl && worker.dice.percent(15) => {
                kept.end(&worker).await;
                None
            }
            Some(kept) => {
                kept.provide(&mut worker, limit).await;
                Some(kept)
            }
        };
        worker.rest().await;
    }
    let kept = match place.take() {
        Some(kept) => kept,
        None => Kept::begin(&mut worker, what, SOON).await,
    };
    if kept.provide(&mut worker, SOON).await.is_none() {
        let text = format!("E7: {} is not there in the end", kept.path);
        worker.diary.page().findings.push(text);
    }
    worker.end_writing().await;
    // What others follow is there until they have seen it.
    worker.end_watching().await;
    if what == What::Ttl {
        // It goes after its time.
        kept.handle.close();
    } else if worker.is_last && what != What::Lasting {
        // With its session: until then it is kept.
        tokio::spawn(async move {
            let _kept = kept;
            std::future::pending::<()>().await;
        });
    } else {
        kept.end(&worker).await;
    }
}

impl Kept {
    /// Keeps a node, and waits until it is there. It is kept also if that takes too long.
    async fn begin(worker: &mut Worker, what: What, limit: Duration) -> Self {
        let value = worker.id();
        let (handle, driver) = make(&worker.zk, what, worker.number, &value);
        let kept = Self {
            what,
            path: handle.path(),
            handle,
            driver: tokio::spawn(driver),
        };
        kept.present(worker, Function::Keep, &value, limit).await;
        kept
    }

    /// It holds something else from now on.
    async fn provide(&self, worker: &mut Worker, limit: Duration) -> Option<Zxid> {
        let value = worker.id();
        if self.what == What::Party {
            return self.wait(worker, limit).await;
        }
        self.handle.set(&value);
        self.present(worker, Function::Provide, &value, limit).await
    }

    /// For one whose name nobody knows beforehand.
    async fn wait(&self, worker: &Worker, limit: Duration) -> Option<Zxid> {
        let present = timeout(limit, self.handle.present()).await.ok().flatten();
        present
            .iter()
            .for_each(|_| worker.diary.count(self.what.name()));
        present
    }

    async fn present(
        &self,
        worker: &Worker,
        function: Function,
        value: &str,
        limit: Duration,
    ) -> Option<Zxid> {
        if self.what == What::Party {
            return self.wait(worker, limit).await;
        }
        let present = async { Ok::<_, Error>(timeout(limit, self.handle.present()).await) };
        let made = worker.make(
            Ask {
                recipe: self.what.name(),
                function,
                path: &self.path,
                limit: Some(limit),
            },
            present,
            |op, history| op.data = history.data(&self.handle.data(value)),
            |op, _, present| match present {
                Ok(Some(czxid)) => op.token = *czxid,
                // The driver has ended.
                Ok(None) => op.outcome = Outcome::Unknown,
                Err(_) => op.outcome = Outcome::NotApplied,
            },
        );
        let made = made.await?.ok().flatten();
        made.iter()
            .for_each(|_| worker.diary.count(self.what.name()));
        made
    }

    /// It is kept no longer, and gone when this returns.
    async fn end(self, worker: &Worker) {
        self.handle.close();
        let driver = self.driver;
        let ended = async { driver.await.expect("a driver does not panic") };
        if self.what == What::Party {
            if let Err(error) = ended.await {
                worker.failed(self.what.name(), &error);
            }
            return;
        }
        let ask = Ask {
            recipe: self.what.name(),
            function: Function::Unkeep,
            path: &self.path,
            limit: None,
        };
        if worker
            .make(ask, ended, |_, _| {}, |_, _, ()| {})
            .await
            .is_some()
        {
            worker.diary.count("nodes let go of");
        }
    }
}
