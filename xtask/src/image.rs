//! The server image: pulled where a registry answers, else built from Debian packages.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use crate::shell::{self, LONG, Outcome, command};

/// A Debian release and the ZooKeeper it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Release {
    name: &'static str,
    tag: &'static str,
}

const RELEASES: [Release; 3] = [
    Release {
        name: "trixie",
        tag: DEFAULT_TAG,
    },
    Release {
        name: "bookworm",
        tag: OLDER_TAG,
    },
    Release {
        name: "bullseye",
        tag: OLDEST_TAG,
    },
];

/// The image that the tests and `ensemble up` name.
pub(crate) const DEFAULT_TAG: &str = "zookeeper:3.9";

/// The older image that tests compare with.
pub(crate) const OLDER_TAG: &str = "zookeeper:3.8";

/// The image of a release that is too old for the client.
pub(crate) const OLDEST_TAG: &str = "zookeeper:3.4";

/// How long a registry gets to say whether it has the image.
const REGISTRY_PATIENCE: Duration = Duration::from_secs(15);

/// The Debian releases, and the images that are made of them.
pub(crate) fn known() -> impl Iterator<Item = (&'static str, &'static str)> {
    RELEASES
        .into_iter()
        .map(|release| (release.name, release.tag))
}

/// Whether a container engine answers.
pub(crate) fn engine_answers() -> bool {
    shell::answers("docker", &["info"], Duration::from_secs(20))
}

/// Whether the engine has this image.
pub(crate) fn exists(tag: &str) -> bool {
    shell::answers(
        "docker",
        &["image", "inspect", tag],
        Duration::from_secs(20),
    )
}

/// `ensemble image`: leaves the engine with the image, or with both.
///
/// # Errors
///
/// For an unknown option, without an engine, or if an image can be neither pulled nor built.
pub(crate) fn ensure(options: &[&str]) -> Outcome<()> {
    let (releases, rebuild) = parse(options)?;
    require_engine()?;
    // At the same time: they wait for the mirror and unpack on one core each.
    let failures: Vec<String> = thread::scope(|scope| {
        let work =
            |release: &Release| provide(*release, rebuild).map_err(|error| error.to_string());
        let started: Vec<_> = releases
            .iter()
            .map(|release| scope.spawn(move || work(release)))
            .collect();
        let ended = started.into_iter().map(thread::ScopedJoinHandle::join);
        ended
            .filter_map(|end| match end {
                Ok(outcome) => outcome.err(),
                Err(_) => Some("making an image panicked".to_owned()),
            })
            .collect()
    });
    if failures.is_empty() {
        Ok(())
    } else {
        Err(failures.join("\n").into())
    }
}

fn provide(release: Release, rebuild: bool) -> Outcome<()> {
    // One that was built here is built again from what the engine remembers: seconds, and it has what the files of
    // `xtask/image` say now.
    let built_here = exists(&base(release));
    if !rebuild && !built_here && exists(release.tag) {
        eprintln!("image {} is there", release.tag);
        return Ok(());
    }
    if !rebuild && !built_here && pull(release.tag) {
        return Ok(());
    }
    let begun = Instant::now();
    build(release)?;
    eprintln!(
        "image {} built in {} s",
        release.tag,
        begun.elapsed().as_secs()
    );
    Ok(())
}

/// An error that says how to start an engine, unless one answers.
pub(crate) fn require_engine() -> Outcome<()> {
    if engine_answers() {
        return Ok(());
    }
    Err(
        "no container engine answers `docker info`; install docker.io and start \
         `dockerd --ip=127.0.0.1` (as root), or start Docker as your system does"
            .into(),
    )
}

fn parse(options: &[&str]) -> Outcome<(Vec<Release>, bool)> {
    let [newest, ..] = RELEASES;
    let mut releases = vec![newest];
    let mut rebuild = false;
    let mut rest = options.iter();
    while let Some(option) = rest.next() {
        match *option {
            "--rebuild" => rebuild = true,
            "--release" => {
                let name = rest.next().copied().unwrap_or_default();
                releases = RELEASES.into_iter().collect();
                releases.retain(|release| name == "all" || release.name == name);
                if releases.is_empty() {
                    let known = "trixie, bookworm, bullseye or all";
                    return Err(format!("--release takes {known}, not `{name}`").into());
                }
            }
            other => {
                let known = "--release trixie|bookworm|bullseye|all and --rebuild";
                return Err(
                    format!("ensemble image: no option `{other}`; it takes {known}").into(),
                );
            }
        }
    }
    Ok((releases, rebuild))
}

fn pull(tag: &str) -> bool {
    if !shell::answers("docker", &["manifest", "inspect", tag], REGISTRY_PATIENCE) {
        eprintln!("no registry offers {tag}; building it from Debian packages");
        return false;
    }
    match shell::run(&mut command("docker", &["pull", tag]), LONG) {
        Ok(()) => true,
        Err(error) => {
            eprintln!("{error}; building {tag} from Debian packages");
            false
        }
    }
}

fn build(release: Release) -> Outcome<()> {
    let base = base(release);
    if !exists(&base) {
        let work = WorkDir::create(release.name)?;
        bootstrap(release, work.path())?;
        import(work.path(), &base)?;
    }
    eprintln!("docker build: zookeeper and its JRE on {base}");
    let context = shell::root().join("xtask/image");
    let base_arg = format!("BASE={base}");
    // The host's network: the engine's own may have no way to the package mirror.
    let mut build = command("docker", &["build", "--force-rm", "--network", "host"]);
    build.args(["--build-arg", &base_arg, "--tag", release.tag]);
    shell::output(build.arg(context), LONG)?;
    Ok(())
}

/// The system that the image is built on.
fn base(release: Release) -> String {
    format!("zk-recipes-base:{}", release.name)
}

fn bootstrap(release: Release, dir: &Path) -> Outcome<()> {
    eprintln!("debootstrap {} into {}", release.name, dir.display());
    let mut bootstrap = command("debootstrap", &["--variant=minbase", release.name]);
    shell::output(bootstrap.arg(dir.join("rootfs")), LONG).map_err(|error| {
        format!("{error}\ndebootstrap needs root and the package of its name: apt-get install debootstrap")
    })?;
    Ok(())
}

fn import(dir: &Path, base: &str) -> Outcome<()> {
    eprintln!("docker import {base}");
    let mut tar = command("tar", &["--create", "--directory"])
        .arg(dir.join("rootfs"))
        .arg(".")
        .stdout(Stdio::piped())
        .spawn()?;
    let pipe = tar.stdout.take().ok_or("tar has no standard output")?;
    let import = command("docker", &["import", "-", base])
        .stdin(pipe)
        .stdout(Stdio::null())
        .status()?;
    let packed = tar.wait()?;
    if packed.success() && import.success() {
        Ok(())
    } else {
        Err(format!("docker import {base}: tar {packed}, docker {import}").into())
    }
}

/// A folder outside the target folder (debootstrap refuses paths that are mounted nodev or
/// shared), removed when dropped.
struct WorkDir(PathBuf);

impl WorkDir {
    fn create(name: &str) -> Outcome<Self> {
        let dir = std::env::temp_dir().join(format!("zk-recipes-{name}-{}", std::process::id()));
        fs::create_dir_all(&dir)
            .map_err(|error| format!("cannot make {}: {error}", dir.display()))?;
        Ok(Self(dir))
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for WorkDir {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            eprintln!("left behind: {}: {error}", self.0.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(options: &[&str]) -> (Vec<&'static str>, bool) {
        let (releases, rebuild) = parse(options).unwrap();
        (
            releases.iter().map(|release| release.tag).collect(),
            rebuild,
        )
    }

    #[test]
    fn the_default_is_the_image_that_the_tests_name() {
        assert_eq!(tags(&[]), (vec!["zookeeper:3.9"], false));
    }

    #[test]
    fn an_older_release_has_its_own_tag_and_all_can_be_made_at_once() {
        let older = tags(&["--release", "bookworm", "--rebuild"]);
        assert_eq!(older, (vec!["zookeeper:3.8"], true));
        let all = tags(&["--release", "all"]);
        let tags = vec!["zookeeper:3.9", "zookeeper:3.8", "zookeeper:3.4"];
        assert_eq!(all, (tags, false));
    }

    #[test]
    fn an_unknown_release_or_option_is_named_in_the_error() {
        let error = parse(&["--release", "sid"]).unwrap_err().to_string();
        assert!(error.contains("sid") && error.contains("trixie"), "{error}");
        let error = parse(&["--force"]).unwrap_err().to_string();
        assert!(
            error.contains("--force") && error.contains("--rebuild"),
            "{error}"
        );
    }
}
