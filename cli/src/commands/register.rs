//! `zkctl register`: an instance of a service, registered while a command runs.

mod exec;
mod health;

use std::ffi::OsString;
use std::pin::Pin;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};
use zk_recipes::discovery::{Discovery, Health, Instance, JsonCodec, Payload, Registration};
use zk_recipes::{Client, Error, Standing};

use self::health::{Checks, News};
use crate::child::{self, Companion};
use crate::connect::{Connection, ZK_CONNECT};
use crate::duration;
use crate::exit::{Failure, code, say};
use crate::node_path::NodePath;
use crate::signals::Signals;

/// Options of `register`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Registers an instance in Curator's service discovery below BASE, then runs the command, and withdraws the instance when the
command has ended, with whose exit code it ends. If zkctl is killed the instance goes with its session, and the command runs on:
it keeps nothing from others, so nobody stops it. When the session
ended otherwise the instance is registered again in the next one. The command finds its node in ZK_SERVICE_PATH and its id
in ZK_SERVICE_ID.

SIGTERM, SIGINT and SIGHUP are passed on to the command. With --drain callers are sent away first: the instance is drained,
and the command hears of the signal after that time, or at the second signal.

While a health check fails, the instance is drained: --check-tcp wants a connection to come about, --check-http an answer from
200 to 299, --check-exec its command (`sh -c CMD`, with the same environment as the command) to end with 0 within --check-timeout,
--check-ttl a SIGUSR1 (`kill -USR1 $ZK_REGISTER_PID`) from the command at least that often. Several have to pass all.

A check's command has a process group of its own, which is killed when the command has ended or its time is over, and when zkctl
ends. Of what it says the first line is told with a failure, and no more.

A drained instance has the flag `enabled` off, which programs of Curator before 4.1, and those that write in its compatible
form, do not know: --compatible withdraws the node in its place.

With --verbose, or as objects on stderr with --json ({\"event\": \"registered\" | \"withdrawn\" | \"waiting\" | \"passing\" | \"failing\" |
\"draining\" | \"unregistered\", …}), it tells what becomes of it.

Examples:
  zkctl register /services billing --address 10.0.0.7 --port 8080 -- ./billing
  zkctl register /services billing --port 8080 --check-http http://127.0.0.1:8080/health --drain 10s -- ./billing
  zkctl register /services billing --port 8080 --check-exec 'test $(df --output=pcent /data | tail -1 | tr -dc 0-9) -lt 95' -- ./billing
  zkctl register /services billing --port 8080 --check-tcp 127.0.0.1:8080 --interval 5s --payload '{\"zone\": \"b\"}' -- ./billing")]
pub(crate) struct Args {
    /// Where the services are
    base: NodePath,

    /// The service
    name: String,

    /// Which instance it is. Default: a random one
    #[arg(long, value_name = "TEXT")]
    id: Option<String>,

    /// Where others reach it. Default: the name of this host
    #[arg(long, value_name = "HOST")]
    address: Option<String>,

    /// Its port
    #[arg(long)]
    port: Option<u16>,

    /// Its port for TLS
    #[arg(long)]
    ssl_port: Option<u16>,

    /// What it says about itself: JSON, or else a text
    #[arg(long, value_name = "JSON")]
    payload: Option<String>,

    /// The Java class of the payload, for programs of Curator that read it into one
    #[arg(long, value_name = "CLASS", requires = "payload")]
    payload_class: Option<String>,

    /// Write what every program of Curator reads; drained instances are withdrawn
    #[arg(long)]
    compatible: bool,

    #[command(flatten)]
    checks: Checks,

    /// When told to end, drain the instance and tell the command so much later
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    drain: Option<Duration>,

    /// When the servers hear nothing for so long, the instance goes
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration::parse_positive)]
    session_timeout: Duration,

    /// Tell what becomes of the instance
    #[arg(long, short)]
    verbose: bool,

    /// The command, without a shell
    #[arg(last = true, required = true, value_name = "CMD")]
    command: Vec<OsString>,
}

/// What ends when the registration is over, and says why.
type Driver = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

pub(crate) async fn run(args: Args, connection: &Connection, json: bool) -> Result<u8, Failure> {
    let mut signals = Signals::new()?;
    let client = tokio::select! {
        client = connection.connect(args.session_timeout) => client?,
        signal = signals.next() => return Ok(code::of_signal(signal.as_raw())),
    };
    let result = serve(&args, &client, connection, &mut signals, json).await;
    tokio::select! {
        closed = client.close() => closed?,
        _ = signals.next() => {}
    }
    result
}

async fn serve(
    args: &Args,
    client: &Client,
    connection: &Connection,
    signals: &mut Signals,
    json: bool,
) -> Result<u8, Failure> {
    let codec = JsonCodec::new().compatible(args.compatible);
    let discovery = Discovery::new(client, args.base.as_str())?.codec(codec);
    let (registration, driver) = discovery.register(args.instance())?;
    let teller = Teller {
        verbose: args.verbose,
        json,
        path: registration.path().to_owned(),
    };
    let mut sidecar = Sidecar {
        args,
        driver: Box::pin(driver),
        registration,
        teller,
    };
    if let Some(signal) = sidecar.registered(signals).await? {
        return Ok(code::of_signal(signal.as_raw()));
    }
    let watched = sidecar.run(connection, signals).await;
    sidecar.unregister().await;
    watched
}

/// An instance and its command.
struct Sidecar<'a> {
    args: &'a Args,
    registration: Registration,
    driver: Driver,
    teller: Teller,
}

impl Sidecar<'_> {
    /// Waits until the instance is registered, or a signal comes.
    async fn registered(&mut self, signals: &mut Signals) -> Result<Option<Signal>, Failure> {
        let Self {
            registration,
            driver,
            teller,
            ..
        } = self;
        let waiting = async {
            sleep(SILENCE).await;
            if let Standing::Taken(session) = registration.standing() {
                let path = registration.path();
                teller.tell("waiting", &[("session", session.to_string().into())]);
                say(format_args!(
                    "waiting for {path}: session {session} has it, perhaps of an earlier run; it goes with that"
                ));
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            biased;
            ended = &mut *driver => {
                ended?;
            }
            _ = registration.applied() => {}
            signal = signals.next() => return Ok(Some(signal)),
            () = waiting => {}
        }
        Ok(None)
    }

    /// Runs the command to its end, and the checks meanwhile.
    async fn run(&mut self, connection: &Connection, signals: &mut Signals) -> Result<u8, Failure> {
        let environment = self.environment(connection)?;
        let mut health = self.args.checks.begin(&self.registration, &environment)?;
        let ended = self.attend(environment, &mut health, signals).await;
        health.end().await;
        ended
    }

    async fn attend(
        &mut self,
        environment: Vec<(&'static str, OsString)>,
        health: &mut News,
        signals: &mut Signals,
    ) -> Result<u8, Failure> {
        let mut standings = self.registration.clone();
        self.teller.standing(standings.standing());
        let mut command = Companion::spawn(&self.args.command, environment, &[])?;
        let mut asked: Option<Signal> = None;
        let mut patience: Option<Pin<Box<tokio::time::Sleep>>> = None;
        let mut failed: Option<Error> = None;
        let status = loop {
            tokio::select! {
                biased;
                status = command.wait() => break child::code_of(status?),
                ended = &mut self.driver, if failed.is_none() => {
                    // An instance that nobody can find is of no use to go on.
                    command.signal(Signal::TERM);
                    failed = Some(ended.err().unwrap_or_else(|| self.over()));
                }
                Some(standing) = standings.changed() => self.teller.standing(standing),
                said = health.next() => self.teller.health(&said),
                () = wait(&mut patience) => {
                    patience = None;
                    command.signal(asked.unwrap_or(Signal::TERM));
                }
                signal = signals.next() => match (self.args.drain, asked) {
                    (Some(time), None) => {
                        asked = Some(signal);
                        self.registration.drain();
                        self.teller.tell("draining", &[("for", duration::show(time).into())]);
                        patience = Some(Box::pin(sleep(time)));
                    }
                    _ => {
                        asked.get_or_insert(signal);
                        patience = None;
                        command.signal(signal);
                    }
                }
            }
        };
        match failed {
            Some(error) => Err(Failure::from(error).with_hint("the command was told to end")),
            None => Ok(status),
        }
    }

    /// Withdraws the instance, as far as that can be done now; the rest is done by the end of the session.
    async fn unregister(&mut self) {
        self.registration.unregister();
        if let Ok(Ok(())) = timeout(RELEASE, &mut self.driver).await {
            self.teller.tell("unregistered", &[]);
        }
    }

    fn over(&self) -> Error {
        let text = format!("the registration of {} is over", self.registration.path());
        Error::new(zk_recipes::ErrorKind::Closed, text)
    }

    fn environment(
        &self,
        connection: &Connection,
    ) -> Result<Vec<(&'static str, OsString)>, Failure> {
        Ok(vec![
            ("ZK_SERVICE_PATH", self.registration.path().into()),
            ("ZK_SERVICE_ID", self.registration.instance().id.into()),
            ("ZK_REGISTER_PID", std::process::id().to_string().into()),
            (ZK_CONNECT, connection.servers()?.into()),
        ])
    }
}

/// Tells what becomes of the instance.
struct Teller {
    verbose: bool,
    json: bool,
    path: String,
}

impl Teller {
    fn standing(&self, standing: Standing) {
        match standing {
            Standing::Present(_) => self.tell("registered", &[]),
            Standing::Taken(session) => {
                self.tell("waiting", &[("session", session.to_string().into())]);
            }
            _ => self.tell("withdrawn", &[]),
        }
    }

    fn health(&self, health: &Health) {
        match health {
            Health::Passing => self.tell("passing", &[]),
            Health::Failing(why) => self.tell("failing", &[("why", why.as_str().into())]),
            _ => {}
        }
    }

    fn tell(&self, event: &str, more: &[(&str, Value)]) {
        let path = &self.path;
        if self.json {
            let mut object = json!({ "event": event, "path": path });
            for (name, value) in more {
                object[*name] = value.clone();
            }
            eprintln!("{object}");
        } else if self.verbose {
            let more = more.iter().map(|(name, value)| match value.as_str() {
                Some(text) => format!(", {name} {text}"),
                None => format!(", {name} {value}"),
            });
            let more = more.collect::<String>();
            say(crate::output::printable(&format!("{event} {path}{more}")));
        }
    }
}

impl Args {
    fn instance(&self) -> Instance {
        let address = self.address.clone().unwrap_or_else(host);
        let mut instance = Instance::builder(&self.name)
            .address(address)
            .registered_now();
        if let Some(id) = &self.id {
            instance = instance.id(id);
        }
        if let Some(port) = self.port {
            instance = instance.port(port);
        }
        if let Some(port) = self.ssl_port {
            instance = instance.ssl_port(port);
        }
        if let Some(text) = &self.payload {
            let payload = Payload::parse(text).unwrap_or_else(|_| text.as_str().into());
            instance = instance.payload(match &self.payload_class {
                Some(class) => payload.with_class(class),
                None => payload,
            });
        }
        instance.build()
    }
}

fn host() -> String {
    let system = rustix::system::uname();
    system.nodename().to_string_lossy().into_owned()
}

async fn wait(patience: &mut Option<Pin<Box<tokio::time::Sleep>>>) {
    match patience {
        Some(patience) => patience.await,
        None => std::future::pending().await,
    }
}

/// How long waiting needs no explanation.
const SILENCE: Duration = Duration::from_secs(1);

/// How long the withdrawal may take before the end of the session has to do.
const RELEASE: Duration = Duration::from_secs(5);
