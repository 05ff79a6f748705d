//! The development server, or several of them.

use std::net::SocketAddr;

use zk_embedded::test::Refusal;
use zk_embedded::{
    EmbeddedEnsemble, EmbeddedServer, EnsembleHooks, Hooks, MemberInfo, MemberState, StartError,
};

/// What `dev` runs.
pub(super) enum Servers {
    One(EmbeddedServer),
    Several(EmbeddedEnsemble),
}

/// What `dev chaos` acts on.
pub(super) enum Target {
    One(Hooks),
    Several(EnsembleHooks),
}

impl Servers {
    /// Several get ports in a row.
    pub(super) async fn start(servers: Option<u8>, port: u16) -> Result<Self, StartError> {
        let Some(servers) = servers else {
            let server = EmbeddedServer::builder().port(port).start().await?;
            return Ok(Self::One(server));
        };
        let in_a_row = (0..servers).map(|at| match port {
            0 => 0,
            port => port.saturating_add(u16::from(at)),
        });
        let builder = EmbeddedEnsemble::builder().servers(servers).ports(in_a_row);
        Ok(Self::Several(builder.start().await?))
    }

    pub(super) fn connect_string(&self) -> String {
        match self {
            Self::One(server) => server.connect_string(),
            Self::Several(ensemble) => ensemble.connect_string(),
        }
    }

    /// By the first one `dev chaos` finds us.
    pub(super) fn first(&self) -> Option<SocketAddr> {
        match self {
            Self::One(server) => Some(server.addr()),
            Self::Several(ensemble) => ensemble.addrs().first().copied(),
        }
    }

    pub(super) fn target(&self) -> Target {
        match self {
            Self::One(server) => Target::One(server.hooks()),
            Self::Several(ensemble) => Target::Several(ensemble.hooks()),
        }
    }

    pub(super) async fn shutdown(self) {
        match self {
            Self::One(server) => server.shutdown().await,
            Self::Several(ensemble) => ensemble.shutdown().await,
        }
    }
}

impl Target {
    /// Does what the words say; without any, tells how the servers are.
    pub(super) fn chaos(&self, words: &str) -> Result<String, Refusal> {
        match self {
            Self::One(hooks) if words.trim().is_empty() => Ok(format!(
                "server 1: standalone, zxid {}\n",
                hooks.last_zxid()
            )),
            Self::Several(hooks) if words.trim().is_empty() => {
                Ok(hooks.members().iter().map(describe).collect())
            }
            Self::One(hooks) => hooks.chaos(words).map(|()| String::new()),
            Self::Several(hooks) => hooks.chaos(words).map(|()| String::new()),
        }
    }
}

fn describe(member: &MemberInfo) -> String {
    let state = match member.state {
        MemberState::Down => "killed",
        MemberState::Looking => "looking for a leader",
        MemberState::ReadOnly => "read-only",
        MemberState::Following => "follower",
        MemberState::Leading => "leader",
        _ => "unknown",
    };
    let paused = if member.paused { ", paused" } else { "" };
    let (id, zxid) = (member.id, member.applied);
    format!("{id}: {state}{paused}, zxid {zxid}\n")
}

/// Where `dev` listens without a command, and where `dev chaos` looks for it.
pub(super) const DEFAULT_PORT: u16 = 2181;
