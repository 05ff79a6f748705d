//! Debian's Curator and Java client, in a JVM that takes orders on its standard input.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use crate::contender::{Contender, Run, Workload};
use crate::cpu;
use crate::outcome::Outcome;
use crate::stage::{Stage, TREE_NODES};

/// Where Debian's packages put their jars.
const JARS: &str = "/usr/share/java";

/// Without these there is no Curator.
const NEEDED: [&str; 4] = [
    "curator-recipes",
    "curator-framework",
    "curator-client",
    "zookeeper",
];

/// What they need at run time, where it is installed.
const FURTHER: [&str; 10] = [
    "zookeeper-jute",
    "guava",
    "failureaccess",
    "jackson-core",
    "jackson-databind",
    "jackson-annotations",
    "netty-all",
    "snappy-java",
    "slf4j-api",
    "slf4j-nop",
];

const CLASS: &str = "CuratorLockBench";

/// The compiler of the JVM needs some ten thousand turns to do its best.
const WARM_UP: Duration = Duration::from_secs(2);

/// A JVM with one Curator client.
pub(crate) struct Curator {
    name: String,
    child: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Curator {
    /// Compiles the program and starts it. The error says what is missing.
    pub(crate) fn start(stage: &Stage, target: &Path) -> Outcome<Self> {
        let class_path = class_path()?;
        let classes = compile(&class_path, &target.join("bench").join("classes"))?;
        let mut child = Command::new("java")
            .args(["-Xmx512m", "-cp"])
            .arg(format!("{}:{class_path}", classes.display()))
            .args([
                CLASS,
                stage.address(),
                &stage.node(),
                &stage.lock("curator"),
                &stage.tree(),
                &(TREE_NODES + 1).to_string(),
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|e| format!("cannot start java: {e}"))?;
        let orders = child.stdin.take();
        let answers = child.stdout.take().ok_or("java has no standard output")?;
        let mut curator = Self {
            name: name(),
            child,
            orders,
            answers: BufReader::new(answers),
        };
        match curator.answer()?.as_str() {
            "ready" => Ok(curator),
            other => Err(format!("{CLASS} said {other:?} in place of ready").into()),
        }
    }

    fn answer(&mut self) -> Outcome<String> {
        let mut line = String::new();
        match self.answers.read_line(&mut line)? {
            0 => Err(format!("{CLASS} ended; it says why above").into()),
            _ => Ok(line.trim().to_owned()),
        }
    }
}

impl Contender for Curator {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn does(&self, workload: Workload) -> bool {
        !matches!(workload, Workload::MutexDropped | Workload::Read(..))
    }

    fn remark(&self, workload: Workload) -> Option<&'static str> {
        match workload {
            Workload::Get(1) | Workload::CacheLoad => None,
            Workload::Get(_) => Some("the Java client's asynchronous call, without Curator"),
            _ => Some("its release returns when the delete is answered"),
        }
    }

    fn warm_up(&self, round: Duration) -> Duration {
        WARM_UP.max(round)
    }

    fn run(&mut self, workload: Workload, time: Duration) -> Outcome<Run> {
        let order = match workload {
            Workload::Get(in_flight) => format!("get-{in_flight}"),
            Workload::Mutex => "mutex".to_owned(),
            Workload::CacheLoad => "cache".to_owned(),
            Workload::MutexDropped => return Err("Curator has no such release".into()),
            Workload::Read(..) => return Err("only our reads are joined".into()),
        };
        let orders = self.orders.as_mut().ok_or("java has no standard input")?;
        writeln!(orders, "{order} {}", time.as_millis())?;
        orders.flush()?;
        let answer = self.answer()?;
        parse(&answer).ok_or_else(|| format!("{CLASS} answered {order} with {answer:?}").into())
    }

    fn cpu(&self) -> Outcome<Duration> {
        cpu::of(self.child.id())
    }
}

impl Drop for Curator {
    fn drop(&mut self) {
        // The end of its orders ends it.
        drop(self.orders.take());
        let _ = self.child.wait();
    }
}

/// `ops OPERATIONS nanos NANOSECONDS`.
fn parse(answer: &str) -> Option<Run> {
    let (operations, nanos) = answer.strip_prefix("ops ")?.split_once(" nanos ")?;
    let elapsed = Duration::from_nanos(nanos.parse().ok()?);
    Some(Run {
        operations: operations.parse().ok()?,
        elapsed,
    })
}

fn class_path() -> Outcome<String> {
    let jar = |name: &&str| Path::new(JARS).join(format!("{name}.jar"));
    if let Some(missing) = NEEDED.iter().map(jar).find(|jar| !jar.exists()) {
        return Err(format!(
            "{} is missing; on Debian: apt-get install libcurator-recipes-java default-jdk-headless",
            missing.display()
        )
        .into());
    }
    let there = FURTHER.iter().map(jar).filter(|jar| jar.exists());
    let jars: Vec<String> = NEEDED
        .iter()
        .map(jar)
        .chain(there)
        .map(|jar| jar.display().to_string())
        .collect();
    Ok(jars.join(":"))
}

fn compile(class_path: &str, classes: &Path) -> Outcome<PathBuf> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("java/{CLASS}.java"));
    let output = Command::new("javac")
        .args(["-cp", class_path, "-d"])
        .arg(classes)
        .arg(source)
        .output()
        .map_err(|e| format!("cannot start javac: {e}"))?;
    if output.status.success() {
        Ok(classes.to_owned())
    } else {
        Err(format!("javac: {}", String::from_utf8_lossy(&output.stderr).trim()).into())
    }
}

/// What the table calls it: with its version, which Debian puts into the name of a second file.
pub(crate) fn name() -> String {
    let files = fs::read_dir(JARS).into_iter().flatten().flatten();
    let version = files.filter_map(|file| {
        let name = file.file_name().into_string().ok()?;
        Some(
            name.strip_prefix("curator-recipes-")?
                .strip_suffix(".jar")?
                .to_owned(),
        )
    });
    format!("Curator {}", version.max().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_full_answer_is_a_run() {
        let run = parse("ops 1200 nanos 400000000").unwrap();
        assert_eq!(
            (run.operations, run.elapsed),
            (1200, Duration::from_millis(400))
        );
        assert!(parse("ops 1200").is_none());
        assert!(parse("ops x nanos 1").is_none());
    }
}
