//! What the servers of an ensemble are told besides each other's addresses.

use zk_client::digest_id;

use crate::Protection;

/// Of all servers of one ensemble.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) image: &'static str,
    /// Present if they also speak TLS and SASL.
    pub(super) protection: Option<Protection>,
    /// User and password, joined by a colon, of the one who may change which servers there are; `None`: nobody may.
    pub(super) operator: Option<&'static str>,
    /// Whether one that has lost the others serves reads.
    pub(super) readable_alone: bool,
    /// Whether they bring each other up to date by transactions alone, which all log: a snapshot would leave gaps in a log,
    /// and may leave behind it what was never committed.
    pub(super) on_record: bool,
    /// For how many ticks a follower goes on without a word of its leader.
    pub(super) sync_limit: u32,
}

impl Settings {
    pub(super) const fn of(image: &'static str) -> Self {
        Self {
            image,
            protection: None,
            operator: None,
            readable_alone: false,
            on_record: false,
            sync_limit: 10,
        }
    }

    /// For `ZOO_CFG_EXTRA`.
    pub(super) fn extra(&self) -> String {
        let extra = match &self.protection {
            Some(_) => Protection::configuration(true, false),
            None => "extendedTypesEnabled=true".to_owned(),
        };
        let extra = match self.operator {
            Some(_) => format!("{extra} reconfigEnabled=true"),
            None => extra,
        };
        match self.readable_alone {
            // From 3.7 it makes sessions that only it knows, or none.
            true => format!("{extra} localSessionsEnabled=true localSessionsUpgradingEnabled=true"),
            false => extra,
        }
    }

    /// For `JVMFLAGS`.
    pub(super) fn flags(&self) -> String {
        let mut flags = "-Xmx256m -XX:+UseSerialGC".to_owned();
        if self.on_record {
            // Nodes that go after a time do so soon.
            let soon = "-Dznode.container.checkIntervalMs=2000";
            flags = format!("{flags} -Dzookeeper.commitLogCount=1000000 {soon}");
        }
        if self.readable_alone {
            flags = format!("{flags} -Dreadonlymode.enabled=true");
        }
        if self.protection.is_some() {
            flags = format!("{flags} {}", Protection::FLAGS);
        }
        if let Some(operator) = self.operator {
            let property = "zookeeper.DigestAuthenticationProvider.superDigest";
            flags = format!("{flags} -D{property}={}", digest_id(operator));
        }
        flags
    }
}
