//! What this machine has for tests (engine, image, Java, packet filter), and whether it is a CI machine.

use std::path::Path;
use std::time::Duration;

use crate::image;
use crate::shell;

/// Jars whose packages bring all others.
const JARS: [&str; 2] = [
    "/usr/share/java/curator-recipes.jar",
    "/usr/share/java/zookeeper.jar",
];

/// Tests that cannot run here.
#[derive(Clone, Debug)]
pub(crate) struct LeftOut {
    /// Which.
    pub(crate) what: String,
    /// What is missing.
    pub(crate) why: String,
    /// How to get it.
    pub(crate) remedy: String,
}

impl std::fmt::Display for LeftOut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "left out: {} because {}; to include: {}",
            self.what, self.why, self.remedy
        )
    }
}

/// Whether this is a CI run, where nothing may be left out.
pub(crate) fn ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| value == "true")
}

/// The answers.
pub(crate) struct Machine {
    real: Option<LeftOut>,
    older: Option<LeftOut>,
    curator: Option<LeftOut>,
    ensemble: Option<LeftOut>,
}

impl Machine {
    /// Looks.
    pub(crate) fn probe() -> Self {
        let engine = image::engine_answers();
        let has_image = engine && image::exists(image::DEFAULT_TAG);
        let has_older = engine && image::exists(image::OLDER_TAG);
        let java = shell::answers("javac", &["-version"], Duration::from_secs(30))
            && JARS.iter().all(|jar| Path::new(jar).exists());
        // As root; what the tests do to the network namespaces of containers.
        let filter = ["--net=/proc/self/ns/net", "iptables", "--wait", "--list"];
        let filter = shell::answers("nsenter", &filter, Duration::from_secs(30));
        Self::from_answers(engine, has_image, has_older, java, filter)
    }

    fn from_answers(
        engine: bool,
        has_image: bool,
        has_older: bool,
        java: bool,
        filter: bool,
    ) -> Self {
        let real = if !engine {
            Some(LeftOut {
                what: "tests against real ZooKeeper (zk-tests/real)".to_owned(),
                why: "no container engine answers `docker info`".to_owned(),
                remedy: "start Docker, then `cargo xtask ensemble image`".to_owned(),
            })
        } else if !has_image {
            Some(LeftOut {
                what: "tests against real ZooKeeper (zk-tests/real)".to_owned(),
                why: format!("the engine has no image {}", image::DEFAULT_TAG),
                remedy: "`cargo xtask ensemble image`".to_owned(),
            })
        } else {
            None
        };
        let what = "tests against real ZooKeeper 3.8.0 (zk-tests/real-3-8)";
        let older = match &real {
            Some(real) => Some(LeftOut {
                what: what.to_owned(),
                ..real.clone()
            }),
            None if !has_older => Some(LeftOut {
                what: what.to_owned(),
                why: format!("the engine has no image {}", image::OLDER_TAG),
                remedy: "`cargo xtask ensemble image --release bookworm`".to_owned(),
            }),
            None => None,
        };
        let curator = match &real {
            Some(real) => Some(LeftOut {
                what: "tests next to Curator programs (zk-tests/curator)".to_owned(),
                ..real.clone()
            }),
            None if !java => Some(LeftOut {
                what: "tests next to Curator programs (zk-tests/curator)".to_owned(),
                why: "there is no javac, or no Curator in /usr/share/java".to_owned(),
                remedy: "apt-get install default-jdk-headless libcurator-recipes-java".to_owned(),
            }),
            None => None,
        };
        let what = "tests of three real servers under faults (zk-tests/ensemble)";
        let ensemble = match &real {
            Some(real) => Some(LeftOut {
                what: what.to_owned(),
                ..real.clone()
            }),
            None if !filter => Some(LeftOut {
                what: what.to_owned(),
                why: "`nsenter --net=/proc/self/ns/net iptables --list` fails".to_owned(),
                remedy: "run as root with the packages util-linux and iptables".to_owned(),
            }),
            None => None,
        };
        Self {
            real,
            older,
            curator,
            ensemble,
        }
    }

    /// The features of zk-tests that this machine can serve.
    pub(crate) fn test_features(&self) -> Vec<&'static str> {
        let real = self.real.is_none().then_some("zk-tests/real");
        let older = self.older.is_none().then_some("zk-tests/real-3-8");
        let curator = self.curator.is_none().then_some("zk-tests/curator");
        let ensemble = self.ensemble.is_none().then_some("zk-tests/ensemble");
        let features = [real, older, curator, ensemble];
        features.into_iter().flatten().collect()
    }

    /// What has to be left out.
    pub(crate) fn left_out(&self) -> impl Iterator<Item = &LeftOut> {
        let parts = [&self.real, &self.older, &self.curator, &self.ensemble];
        parts.into_iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_without_an_engine_leaves_out_all_kinds_and_says_why() {
        let machine = Machine::from_answers(false, false, false, true, true);
        assert_eq!(machine.test_features(), [""; 0]);
        let said: Vec<String> = machine.left_out().map(LeftOut::to_string).collect();
        assert_eq!(said.len(), 4);
        assert!(
            said.iter()
                .all(|line| line.contains("because no container engine")),
            "{said:?}"
        );
    }

    #[test]
    fn a_machine_without_java_still_tests_against_a_real_server() {
        let machine = Machine::from_answers(true, true, false, false, false);
        assert_eq!(machine.test_features(), ["zk-tests/real"]);
        assert_eq!(machine.left_out().count(), 3);
    }

    #[test]
    fn a_machine_whose_packets_cannot_be_filtered_leaves_out_the_faults_alone() {
        let machine = Machine::from_answers(true, true, true, true, false);
        assert_eq!(
            machine.test_features(),
            ["zk-tests/real", "zk-tests/real-3-8", "zk-tests/curator"]
        );
        let said: Vec<String> = machine.left_out().map(LeftOut::to_string).collect();
        assert!(said.len() == 1 && said[0].contains("iptables"), "{said:?}");
    }

    #[test]
    fn a_complete_machine_leaves_nothing_out() {
        let machine = Machine::from_answers(true, true, true, true, true);
        assert_eq!(
            machine.test_features(),
            [
                "zk-tests/real",
                "zk-tests/real-3-8",
                "zk-tests/curator",
                "zk-tests/ensemble"
            ]
        );
        assert_eq!(machine.left_out().count(), 0);
    }
}
