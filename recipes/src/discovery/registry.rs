//! A tree of services.

use std::future::Future;
use std::sync::Arc;

use zk_client::{Acl, Client, Error, ErrorKind, OpKind, path};

use super::codec::Codec;
use super::instance::Instance;
use super::json::JsonCodec;
#[cfg(feature = "local-address")]
use super::local::{LocalAddress, LocalFilter};
use super::place::{Below, ServicePaths, check_name, node_name};
use super::registrar::Registrar;
use super::registration::Registration;
use crate::uuid::new_uuid;

/// Services that find each other, below one path: Curator's `ServiceDiscovery`.
///
/// Each instance is a node `<base>/<service>/<id>`, whose data tell where it is reached. Registrations are kept by a driver;
/// [queries](Self::instances) ask once; a [view](Self::view) follows.
///
/// ```
/// # #[cfg(feature = "dev-server")]
/// # fn main() {
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// # use zk_recipes::Client;
/// use zk_recipes::discovery::{Discovery, Instance};
///
/// # let zk = Client::dev().await?;
/// let services = Discovery::new(&zk, "/services")?;
/// let me = Instance::builder("billing").address("10.0.0.7").port(8443).build();
/// let (registration, driver) = services.register(me)?;
/// let driver = tokio::spawn(driver);
/// registration.applied().await;
///
/// let found = services.instances("billing").await?;
/// assert_eq!(found.instances[0].authority().unwrap(), "10.0.0.7:8443");
///
/// registration.unregister();
/// driver.await.unwrap()?;
/// # zk.close().await?;
/// # Ok::<(), zk_recipes::Error>(())
/// # }).unwrap(); }
/// # #[cfg(not(feature = "dev-server"))]
/// # fn main() {}
/// ```
#[derive(Debug, Clone)]
pub struct Discovery {
    pub(super) client: Client,
    pub(super) base: String,
    pub(super) codec: Arc<dyn Codec>,
    pub(super) paths: Arc<dyn ServicePaths>,
    acl: Vec<Acl>,
    #[cfg(feature = "local-address")]
    local: Option<LocalFilter>,
}

impl Discovery {
    /// The services below `base`. Sends nothing; missing parents are made, as containers, when something is registered.
    ///
    /// # Errors
    ///
    /// `InvalidPath` if the path is malformed.
    pub fn new(client: &Client, base: &str) -> Result<Self, Error> {
        if let Err(error) = path::validate(base) {
            let text = format!("{base:?} cannot be a tree of services: {error}");
            return Err(Error::new(ErrorKind::InvalidPath, text).with_op(OpKind::Children, base));
        }
        Ok(Self {
            client: client.clone(),
            base: base.to_owned(),
            codec: Arc::new(JsonCodec::new()),
            paths: Arc::new(Below),
            acl: vec![Acl::open()],
            #[cfg(feature = "local-address")]
            local: None,
        })
    }

    /// Sets how instances are written and read. Default: [`JsonCodec`] in its compatible form.
    #[must_use]
    pub fn codec(mut self, codec: impl Codec) -> Self {
        self.codec = Arc::new(codec);
        self
    }

    /// Sets where the instances of a service stand. Default: below `<base>/<service>`.
    #[must_use]
    pub fn paths(mut self, paths: impl ServicePaths) -> Self {
        self.paths = Arc::new(paths);
        self
    }

    /// Sets the ACL of the nodes that are made. Default: open to everybody. It has to let this client read them.
    #[must_use]
    pub fn acl(mut self, acl: impl Into<Vec<Acl>>) -> Self {
        self.acl = acl.into();
        self
    }

    /// Gives an instance that is registered without an address one of this machine's: the first that the filter passes, of
    /// IPv4 if there is one. [`LocalAddress::is_reachable`] is the usual filter, and Curator's. It is chosen when the instance
    /// is registered, and stays. Default: such an instance says no address.
    ///
    /// A machine cannot know which of its addresses others reach: behind a translation of addresses, or with a network of
    /// containers beside the real one, say the address, or write a filter.
    #[cfg(feature = "local-address")]
    #[must_use]
    pub fn local_address(
        mut self,
        filter: impl Fn(&LocalAddress) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.local = Some(LocalFilter::new(filter));
        self
    }

    /// Registers an instance, which is given an id if it has none: a registration, and the driver that keeps it until it is
    /// unregistered or dropped, or until an error that no retry mends. The driver is yours to spawn.
    ///
    /// After an expiry the instance is registered anew as it was asked for last; a suspension changes nothing, and nobody
    /// sees it go. While another session has a node of this name, as an older run of this process leaves one for the rest
    /// of its session timeout, it stands as [`Taken`](crate::Standing::Taken), and ours is made when that is gone.
    ///
    /// # Errors
    ///
    /// `InvalidPath` if name or id cannot be the name of a node; `InvalidConfig` if it is to have an address of this machine
    /// and none will do; what the system says if it has no random numbers. The driver ends with `NoAuth`; with `NodeExists`
    /// if a node that lasts has the name of one that is to go with its session; with `NoNode` if the node of an instance that
    /// lasts was deleted by somebody else: that is not undone; with `SessionExpired` only with `OnExpiry::Stop`; with
    /// `Closed`.
    ///
    /// # Cancel safety
    ///
    /// Self-cleaning: a dropped driver leaves no node behind, but for instances that are to last.
    ///
    /// # Ordering
    ///
    /// Nothing is sent before the driver is polled. It ends when the node is known to be gone.
    ///
    /// # On session events
    ///
    /// A suspension changes nothing; after an expiry the instance is registered in the next session.
    pub fn register(
        &self,
        mut instance: Instance,
    ) -> Result<
        (
            Registration,
            impl Future<Output = Result<(), Error>> + Send + 'static + use<>,
        ),
        Error,
    > {
        if instance.id.is_empty() {
            instance.id = new_uuid(&self.client)?;
        }
        check_name("the id of an instance", &instance.id, OpKind::Create)?;
        let service = self.of_service(&instance.name, OpKind::Create)?;
        let node = node_name(instance.kind, &instance.id, self.client.random()?);
        let path = path::join(&service, &node);
        #[cfg(feature = "local-address")]
        if let (None, Some(filter)) = (&instance.address, &self.local) {
            instance.address = Some(filter.address(&path)?);
        }
        let lasts = instance.kind.lasts();
        let (registration, orders) = Registration::new(path.clone(), instance);
        let registrar = Registrar {
            client: self.client.terse().patient(),
            path,
            acl: self.acl.clone(),
            codec: Arc::clone(&self.codec),
            lasts,
            orders,
        };
        Ok((registration, registrar.run()))
    }

    /// The path of the node below which the instances of a service are.
    pub(super) fn of_service(&self, name: &str, op: OpKind) -> Result<String, Error> {
        check_name("the name of a service", name, op)?;
        let service = self.paths.of_service(&self.base, name);
        crate::contend::validate(&service, "the node of a service", op)?;
        Ok(service)
    }
}
