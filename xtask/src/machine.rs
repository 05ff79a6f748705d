//! What this machine has for tests (engine, image, packet filter, clients of others), and whether it is a CI machine.

use std::path::Path;
use std::time::Duration;

use crate::image;
use crate::left_out::LeftOut;
use crate::python;
use crate::shell;

/// Jars whose packages bring all others.
const JARS: [&str; 4] = [
    "/usr/share/java/curator-recipes.jar",
    "/usr/share/java/curator-x-discovery.jar",
    "/usr/share/java/curator-test.jar",
    "/usr/share/java/zookeeper.jar",
];

/// Of ZooKeeper's own C client.
const C_CLIENT_HEADER: &str = "/usr/include/zookeeper/zookeeper.h";

/// Whether this is a CI run, where nothing may be left out.
pub(crate) fn ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| value == "true")
}

/// What the probes found.
#[derive(Clone, Copy)]
struct Answers {
    engine: bool,
    image: bool,
    older_image: bool,
    oldest_image: bool,
    java: bool,
    filter: bool,
    c_client: bool,
    kazoo: bool,
}

/// For each kind of tests that needs more than Rust: its feature, and why it is left out if it is.
pub(crate) struct Machine {
    kinds: Vec<(&'static str, Option<LeftOut>)>,
}

impl Machine {
    /// Looks.
    pub(crate) fn probe() -> Self {
        let engine = image::engine_answers();
        // As root; what the tests do to the network namespaces of containers.
        let filter = ["--net=/proc/self/ns/net", "iptables", "--wait", "--list"];
        let patience = Duration::from_secs(30);
        Self::from_answers(Answers {
            engine,
            image: engine && image::exists(image::DEFAULT_TAG),
            older_image: engine && image::exists(image::OLDER_TAG),
            oldest_image: engine && image::exists(image::OLDEST_TAG),
            java: shell::answers("javac", &["-version"], patience)
                && JARS.iter().all(|jar| Path::new(jar).exists()),
            filter: shell::answers("nsenter", &filter, patience),
            c_client: shell::answers("gcc", &["--version"], patience)
                && Path::new(C_CLIENT_HEADER).exists(),
            kazoo: python::left_out().is_none(),
        })
    }

    fn from_answers(has: Answers) -> Self {
        let real = if !has.engine {
            Some((
                "no container engine answers `docker info`".to_owned(),
                "start Docker, then `cargo xtask ensemble image`",
            ))
        } else if !has.image {
            Some((
                format!("the engine has no image {}", image::DEFAULT_TAG),
                "`cargo xtask ensemble image`",
            ))
        } else {
            None
        };
        let older = (!has.older_image).then(|| {
            (
                format!("the engine has no image {}", image::OLDER_TAG),
                "`cargo xtask ensemble image --release bookworm`",
            )
        });
        let oldest = (!has.oldest_image).then(|| {
            (
                format!("the engine has no image {}", image::OLDEST_TAG),
                "`cargo xtask ensemble image --release bullseye`",
            )
        });
        let java = (!has.java).then(|| {
            (
                "there is no javac, or no Curator in /usr/share/java".to_owned(),
                "apt-get install default-jdk-headless libcurator-recipes-java libcurator-discovery-java \
                 libcurator-test-java libzookeeper-java",
            )
        });
        let filter = (!has.filter).then(|| {
            (
                "`nsenter --net=/proc/self/ns/net iptables --list` fails".to_owned(),
                "run as root with the packages util-linux and iptables",
            )
        });
        let c_client = (!has.c_client).then(|| {
            (
                format!("there is no gcc, or no {C_CLIENT_HEADER}"),
                "apt-get install gcc libc6-dev libzookeeper-mt-dev",
            )
        });
        let kazoo = (!has.kazoo).then(|| {
            (
                "the environment of the Python tests is not complete".to_owned(),
                "`cargo xtask python setup`",
            )
        });
        let kinds = [
            ("real", "tests against real ZooKeeper", real.clone()),
            (
                "real-3-8",
                "tests against real ZooKeeper 3.8",
                real.clone().or(older),
            ),
            (
                "real-3-4",
                "tests against real ZooKeeper 3.4, which is too old",
                real.clone().or(oldest),
            ),
            (
                "curator",
                "tests next to Curator programs",
                real.clone().or_else(|| java.clone()),
            ),
            (
                "ensemble",
                "tests of three real servers under faults",
                real.or(filter),
            ),
            ("java", "Java clients on the embedded server", java),
            ("c-client", "the C client on the embedded server", c_client),
            ("kazoo", "kazoo on the embedded server", kazoo),
        ];
        let kinds = kinds.map(|(feature, what, missing)| {
            let left_out = missing.map(|(why, remedy)| LeftOut {
                what: format!("{what} (zk-tests/{feature})"),
                why,
                remedy: remedy.to_owned(),
            });
            (feature, left_out)
        });
        Self {
            kinds: kinds.into(),
        }
    }

    /// The features of zk-tests that this machine can serve.
    pub(crate) fn test_features(&self) -> Vec<String> {
        let served = self.kinds.iter().filter(|(_, left_out)| left_out.is_none());
        served
            .map(|(feature, _)| format!("zk-tests/{feature}"))
            .collect()
    }

    /// What has to be left out.
    pub(crate) fn left_out(&self) -> impl Iterator<Item = &LeftOut> {
        self.kinds
            .iter()
            .filter_map(|(_, left_out)| left_out.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Answers = Answers {
        engine: true,
        image: true,
        older_image: true,
        oldest_image: true,
        java: true,
        filter: true,
        c_client: true,
        kazoo: true,
    };

    /// What the machine leaves out, in words.
    fn left_out(has: Answers) -> Vec<String> {
        let machine = Machine::from_answers(has);
        assert_eq!(
            machine.test_features().len() + machine.left_out().count(),
            8
        );
        machine.left_out().map(LeftOut::to_string).collect()
    }

    #[test]
    fn a_machine_without_an_engine_leaves_out_all_that_is_real_and_says_why() {
        let has = Answers {
            engine: false,
            image: false,
            older_image: false,
            oldest_image: false,
            ..ALL
        };
        let said = left_out(has);
        assert_eq!(said.len(), 5);
        assert!(
            said.iter()
                .all(|line| line.contains("because no container engine")),
            "{said:?}"
        );
    }

    #[test]
    fn a_machine_without_java_still_tests_against_a_real_server() {
        let has = Answers { java: false, ..ALL };
        assert_eq!(left_out(has).len(), 2);
        let features = Machine::from_answers(has).test_features();
        assert!(
            features.iter().any(|feature| feature == "zk-tests/real"),
            "{features:?}"
        );
    }

    #[test]
    fn what_serves_one_kind_alone_leaves_out_that_kind_alone() {
        for (has, remedy) in [
            (
                Answers {
                    older_image: false,
                    ..ALL
                },
                "--release bookworm",
            ),
            (
                Answers {
                    oldest_image: false,
                    ..ALL
                },
                "--release bullseye",
            ),
            (
                Answers {
                    filter: false,
                    ..ALL
                },
                "iptables",
            ),
            (
                Answers {
                    c_client: false,
                    ..ALL
                },
                "libzookeeper-mt-dev",
            ),
            (
                Answers {
                    kazoo: false,
                    ..ALL
                },
                "cargo xtask python setup",
            ),
        ] {
            let said = left_out(has);
            assert!(said.len() == 1 && said[0].contains(remedy), "{said:?}");
        }
    }

    #[test]
    fn a_complete_machine_leaves_nothing_out() {
        assert_eq!(left_out(ALL), [""; 0]);
    }
}
