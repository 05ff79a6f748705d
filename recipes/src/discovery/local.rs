//! The addresses of this machine, and which of them others are told.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use zk_client::{Error, ErrorKind, OpKind};

/// One of this machine's addresses, with what a filter may want to know of its interface.
///
/// ```
/// use zk_recipes::Client;
/// use zk_recipes::discovery::{Discovery, LocalAddress};
///
/// # fn f(zk: &Client) -> Result<(), zk_recipes::Error> {
/// let services = Discovery::new(zk, "/services")?
///     .local_address(|address| address.is_reachable() && !address.interface.starts_with("docker"));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LocalAddress {
    /// The interface's name, such as `eth0`.
    pub interface: String,
    /// The address.
    pub ip: IpAddr,
    /// Whether the interface leads to one other machine only.
    pub is_point_to_point: bool,
    /// Whether the interface is up.
    pub is_up: bool,
}

/// Which of this machine's addresses may be told to others.
#[derive(Clone)]
pub(super) struct LocalFilter(Arc<dyn Fn(&LocalAddress) -> bool + Send + Sync>);

impl LocalAddress {
    /// Whether others may reach it, as far as it tells itself: it is neither of this machine alone (loopback), nor unspecified,
    /// nor, unless it leads to one other machine only, of this link alone (link-local), and its interface is up. Curator's
    /// default, too.
    #[must_use]
    pub fn is_reachable(&self) -> bool {
        let alone = self.ip.is_loopback() || self.ip.is_unspecified();
        self.is_up && !alone && (self.is_point_to_point || !is_link_local(self.ip))
    }
}

fn is_link_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => match ip.to_ipv4_mapped() {
            Some(ip) => ip.is_link_local(),
            None => ip.is_unicast_link_local(),
        },
    }
}

/// The addresses of this machine, in the system's order.
///
/// # Errors
///
/// `InvalidConfig` if the system does not tell them.
pub fn local_addresses() -> Result<Vec<LocalAddress>, Error> {
    let interfaces = if_addrs::get_if_addrs().map_err(|error| {
        Error::new(
            ErrorKind::InvalidConfig,
            "cannot list the addresses of this machine",
        )
        .with_source(error)
        .with_hint("say at which address the instance is reached")
    })?;
    let addresses = interfaces.into_iter().map(|interface| LocalAddress {
        ip: interface.ip(),
        is_point_to_point: interface.is_p2p(),
        // Many that work, tunnels above all, do not say how they are.
        is_up: matches!(
            interface.oper_status,
            if_addrs::IfOperStatus::Up | if_addrs::IfOperStatus::Unknown
        ),
        interface: interface.name,
    });
    Ok(addresses.collect())
}

impl LocalFilter {
    pub(super) fn new(filter: impl Fn(&LocalAddress) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(filter))
    }

    /// The address of this machine that an instance has which says none.
    pub(super) fn address(&self, path: &str) -> Result<String, Error> {
        let all = local_addresses().map_err(|error| error.with_op(OpKind::Create, path))?;
        match self.choose(&all) {
            Some(ip) => Ok(ip.to_string()),
            None => Err(none(path, &all)),
        }
    }

    /// The first that may be told: of IPv4, which all can use, if there is one.
    fn choose(&self, all: &[LocalAddress]) -> Option<IpAddr> {
        let told = all.iter().filter(|address| (self.0)(address));
        let ips = told.map(|address| address.ip);
        // A minimum is the first of those that are equal.
        ips.min_by_key(IpAddr::is_ipv6)
    }
}

fn none(path: &str, all: &[LocalAddress]) -> Error {
    let names = all
        .iter()
        .map(|address| format!("{} ({})", address.ip, address.interface));
    let names = names.collect::<Vec<_>>().join(", ");
    let text = format!(
        "cannot register {path}: it says no address, and none of this machine's may be told: {}",
        if names.is_empty() {
            "there are none"
        } else {
            &names
        }
    );
    Error::new(ErrorKind::InvalidConfig, text)
        .with_op(OpKind::Create, path)
        .with_hint("say at which address the instance is reached, or let the filter pass one")
}

impl fmt::Debug for LocalFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LocalFilter")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(interface: &str, ip: &str) -> LocalAddress {
        LocalAddress {
            interface: interface.to_owned(),
            ip: ip.parse().unwrap(),
            is_point_to_point: false,
            is_up: true,
        }
    }

    fn to_one(ip: &str) -> LocalAddress {
        let is_point_to_point = true;
        let there = at("tun0", ip);
        LocalAddress {
            is_point_to_point,
            ..there
        }
    }

    fn down(ip: &str) -> LocalAddress {
        let is_up = false;
        LocalAddress {
            is_up,
            ..at("eth9", ip)
        }
    }

    fn chosen(all: &[LocalAddress]) -> Option<String> {
        let filter = LocalFilter::new(LocalAddress::is_reachable);
        filter.choose(all).map(|ip| ip.to_string())
    }

    #[test]
    fn neither_loopback_nor_link_local_is_reachable_unless_it_leads_to_one_machine() {
        for ip in [
            "10.0.0.7",
            "203.0.113.9",
            "172.17.0.1",
            "2001:db8::7",
            "fd00::7",
        ] {
            assert!(at("eth0", ip).is_reachable(), "{ip}");
            assert!(!down(ip).is_reachable(), "{ip}");
        }
        for ip in ["169.254.3.4", "fe80::1", "febf::1", "::ffff:169.254.3.4"] {
            assert!(!at("eth0", ip).is_reachable(), "{ip}");
            assert!(to_one(ip).is_reachable(), "{ip}");
        }
        for ip in ["127.0.0.1", "127.8.0.1", "::1", "0.0.0.0", "::"] {
            assert!(!at("lo", ip).is_reachable(), "{ip}");
            assert!(!to_one(ip).is_reachable(), "{ip}");
        }
    }

    #[test]
    fn the_first_that_passes_is_chosen_and_one_of_ipv4_before_all_others() {
        let lo = at("lo", "127.0.0.1");
        let (first, second) = (at("eth0", "10.0.0.7"), at("eth1", "10.0.0.8"));
        let six = at("eth0", "2001:db8::7");
        let all = [lo.clone(), six.clone(), first.clone(), second.clone()];
        assert_eq!(chosen(&all).unwrap(), "10.0.0.7");
        assert_eq!(chosen(&[second, first]).unwrap(), "10.0.0.8");
        let only_six = [
            lo.clone(),
            at("eth0", "fe80::1"),
            six,
            at("eth1", "2001:db8::8"),
        ];
        assert_eq!(chosen(&only_six).unwrap(), "2001:db8::7");
        assert_eq!(chosen(&[lo, down("10.0.0.9")]), None);
        assert_eq!(chosen(&[]), None);
    }

    #[test]
    fn a_filter_of_ones_own_decides_alone() {
        let filter = LocalFilter::new(|address| address.interface == "lo");
        let all = [at("eth0", "10.0.0.7"), at("lo", "127.0.0.1")];
        assert_eq!(filter.choose(&all).unwrap().to_string(), "127.0.0.1");
        let error = none("/services/billing/7", &all).to_string();
        for part in ["/services/billing/7", "10.0.0.7 (eth0)", "127.0.0.1 (lo)"] {
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn the_addresses_of_this_machine_are_listed() {
        let all = local_addresses().unwrap();
        let lo = all.iter().find(|address| address.ip.is_loopback());
        let lo = lo.expect("every machine that runs this has a loopback");
        assert!(!lo.is_reachable(), "{lo:?}");
        assert!(!lo.interface.is_empty() && lo.is_up, "{lo:?}");
        let any = LocalFilter::new(|address| address.ip.is_loopback());
        let ip: IpAddr = any.address("/s/i").unwrap().parse().unwrap();
        assert!(ip.is_loopback());
        let none = LocalFilter::new(|_| false).address("/s/i").unwrap_err();
        assert_eq!(none.kind(), ErrorKind::InvalidConfig);
        assert!(none.to_string().contains(&lo.ip.to_string()), "{none}");
    }
}
