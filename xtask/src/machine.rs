//! What this machine has for tests (engine, image, Java), and whether it is a CI machine.

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
    curator: Option<LeftOut>,
}

impl Machine {
    /// Looks.
    pub(crate) fn probe() -> Self {
        let engine = image::engine_answers();
        let has_image = engine && image::exists(image::DEFAULT_TAG);
        let java = shell::answers("javac", &["-version"], Duration::from_secs(30))
            && JARS.iter().all(|jar| Path::new(jar).exists());
        Self::from_answers(engine, has_image, java)
    }

    fn from_answers(engine: bool, has_image: bool, java: bool) -> Self {
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
        Self { real, curator }
    }

    /// The features of zk-tests that this machine can serve.
    pub(crate) fn test_features(&self) -> Vec<&'static str> {
        let real = self.real.is_none().then_some("zk-tests/real");
        let curator = self.curator.is_none().then_some("zk-tests/curator");
        real.into_iter().chain(curator).collect()
    }

    /// What has to be left out.
    pub(crate) fn left_out(&self) -> impl Iterator<Item = &LeftOut> {
        self.real.iter().chain(&self.curator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_without_an_engine_leaves_out_both_kinds_and_says_why() {
        let machine = Machine::from_answers(false, false, true);
        assert_eq!(machine.test_features(), [""; 0]);
        let said: Vec<String> = machine.left_out().map(LeftOut::to_string).collect();
        assert_eq!(said.len(), 2);
        assert!(
            said.iter()
                .all(|line| line.contains("because no container engine")),
            "{said:?}"
        );
    }

    #[test]
    fn a_machine_without_java_still_tests_against_a_real_server() {
        let machine = Machine::from_answers(true, true, false);
        assert_eq!(machine.test_features(), ["zk-tests/real"]);
        assert_eq!(machine.left_out().count(), 1);
    }

    #[test]
    fn a_complete_machine_leaves_nothing_out() {
        let machine = Machine::from_answers(true, true, true);
        assert_eq!(
            machine.test_features(),
            ["zk-tests/real", "zk-tests/curator"]
        );
        assert_eq!(machine.left_out().count(), 0);
    }
}
