//! Health checks on the command line.

use std::ffi::OsString;
use std::str::FromStr;
use std::time::Duration;

use clap::builder::NonEmptyStringValueParser;
use rustix::process::Signal;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use zk_recipes::discovery::{Check, Health, HealthWatch, Registration};

use super::exec::Exec;
use crate::duration;
use crate::exit::{Failure, code};

/// Options of the checks.
#[derive(Debug, clap::Args)]
pub(super) struct Checks {
    /// Check that this accepts connections; may be repeated
    #[arg(long, value_name = "HOST:PORT")]
    check_tcp: Vec<HostPort>,

    /// Check that this answers with 200 to 299, such as http://127.0.0.1:8080/health; may be repeated
    #[arg(long, value_name = "URL")]
    check_http: Vec<Url>,

    /// Check that this command for `sh` ends with 0; may be repeated
    #[arg(long, value_name = "CMD", value_parser = NonEmptyStringValueParser::new())]
    check_exec: Vec<String>,

    /// Check that SIGUSR1 comes at least this often
    #[arg(long, value_name = "DURATION", value_parser = duration::parse_positive)]
    check_ttl: Option<Duration>,

    /// How often to check
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration::parse_positive)]
    interval: Duration,

    /// How long a check may take
    #[arg(long, value_name = "DURATION", default_value = "2s", value_parser = duration::parse_positive)]
    check_timeout: Duration,

    /// So many failures in a row drain the instance
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    fall: u32,

    /// So many passes in a row bring it back
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    rise: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct HostPort {
    host: String,
    port: u16,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Url {
    server: HostPort,
    path: String,
}

impl FromStr for HostPort {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = text.rsplit_once(':');
        let (host, port) = parts.ok_or("write HOST:PORT, for example 127.0.0.1:8080")?;
        let port = port
            .parse()
            .map_err(|_| "the port is no number below 65536")?;
        // An IPv6 address stands in brackets.
        let host = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .unwrap_or(host);
        if host.is_empty() {
            return Err("the host is missing, for example 127.0.0.1:8080");
        }
        Ok(Self {
            host: host.to_owned(),
            port,
        })
    }
}

impl FromStr for Url {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let rest = text.strip_prefix("http://");
        let rest = rest.ok_or("write http://HOST:PORT/PATH; other schemes are not checked")?;
        let (server, path) = match rest.find('/') {
            Some(at) => rest.split_at(at),
            None => (rest, "/"),
        };
        let has_port = server
            .rsplit_once(':')
            .is_some_and(|(_, port)| !port.ends_with(']'));
        let server = match has_port {
            true => server.parse()?,
            false => format!("{server}:80").parse()?,
        };
        Ok(Self {
            server,
            path: path.to_owned(),
        })
    }
}

/// What the checks say, one after the other.
pub(super) struct News {
    told: mpsc::UnboundedReceiver<Health>,
    /// Keeps the stream from ending when there are no checks.
    _open: mpsc::UnboundedSender<Health>,
    /// Commands run while this is there.
    going_on: watch::Sender<()>,
    commands: JoinSet<()>,
}

impl News {
    /// What a check says now that said something else before.
    pub(super) async fn next(&mut self) -> Health {
        match self.told.recv().await {
            Some(health) => health,
            None => std::future::pending().await,
        }
    }

    /// Ends the commands that check, with their process groups.
    pub(super) async fn end(self) {
        drop(self.going_on);
        self.commands.join_all().await;
    }
}

impl Checks {
    /// Begins all checks; they end with the registration, commands with [`News::end`].
    pub(super) fn begin(
        &self,
        registration: &Registration,
        environment: &[(&'static str, OsString)],
    ) -> Result<News, Failure> {
        let (tell, told) = mpsc::unbounded_channel();
        let (going_on, stop) = watch::channel(());
        let mut commands = JoinSet::new();
        let begin = |check: Check| {
            let check = check
                .interval(self.interval)
                .timeout(self.check_timeout)
                .fall(self.fall)
                .rise(self.rise);
            let (watch, driver) = registration.check(check);
            tokio::spawn(driver);
            tokio::spawn(pass_on(watch, tell.clone()));
        };
        for server in &self.check_tcp {
            begin(Check::tcp(&server.host, server.port));
        }
        for Url { server, path } in &self.check_http {
            begin(Check::http(&server.host, server.port, path)?);
        }
        for command in &self.check_exec {
            let exec = Exec {
                command: command.clone(),
                environment: environment.to_vec(),
                interval: self.interval,
                limit: self.check_timeout,
            };
            let (heart, check) = Check::ttl(exec.ttl());
            begin(check);
            commands.spawn(exec.run(heart, stop.clone()));
        }
        if let Some(ttl) = self.check_ttl {
            let (heart, check) = Check::ttl(ttl);
            let kind = SignalKind::from_raw(Signal::USR1.as_raw());
            let mut beats = signal(kind).map_err(|e| {
                Failure::new(code::INTERNAL, format!("cannot listen for SIGUSR1: {e}"))
            })?;
            begin(check);
            tokio::spawn(async move {
                while beats.recv().await.is_some() {
                    heart.pass();
                }
            });
        }
        Ok(News {
            told,
            _open: tell,
            going_on,
            commands,
        })
    }
}

async fn pass_on(mut watch: HealthWatch, tell: mpsc::UnboundedSender<Health>) {
    while let Some(health) = watch.changed().await {
        if tell.send(health).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_and_urls_are_read_and_what_is_missing_is_named() {
        let server = |host: &str, port| HostPort {
            host: host.to_owned(),
            port,
        };
        assert_eq!("a:1".parse(), Ok(server("a", 1)));
        assert_eq!("[::1]:80".parse(), Ok(server("::1", 80)));
        assert!("a".parse::<HostPort>().is_err());
        assert!(":1".parse::<HostPort>().is_err());
        assert!("a:99999".parse::<HostPort>().is_err());
        let url = |text: &str| text.parse::<Url>().map(|url| (url.server, url.path));
        assert_eq!(
            url("http://a:1/x/y?z"),
            Ok((server("a", 1), "/x/y?z".to_owned()))
        );
        assert_eq!(url("http://a"), Ok((server("a", 80), "/".to_owned())));
        assert_eq!(
            url("http://[::1]/"),
            Ok((server("::1", 80), "/".to_owned()))
        );
        assert!(url("https://a/").is_err());
    }
}
