//! Illegal histories, each a legal one with the smallest change that breaks one rule.

use std::collections::BTreeSet;

use zk_checkers::{CHECKERS, History, Property, check};

/// One illegal history.
pub(crate) struct Case {
    /// What is wrong with it.
    pub(crate) wrong: &'static str,
    /// What it must be rejected for, and for nothing else.
    pub(crate) breaks: Property,
    /// The repaired twin.
    pub(crate) legal: &'static str,
    /// The part of the twin that differs; it occurs once. Empty: something is added at the end.
    pub(crate) from: &'static str,
    /// What stands there in the illegal history.
    pub(crate) to: &'static str,
}

/// A case, as a row of a table.
pub(crate) const fn case(
    breaks: Property,
    wrong: &'static str,
    legal: &'static str,
    from: &'static str,
    to: &'static str,
) -> Case {
    Case {
        wrong,
        breaks,
        legal,
        from,
        to,
    }
}

impl Case {
    fn illegal(&self) -> String {
        if self.from.is_empty() {
            return format!("{}{}", self.legal, self.to);
        }
        let places = self.legal.matches(self.from).count();
        assert_eq!(
            places, 1,
            "{}: {:?} is not there once",
            self.wrong, self.from
        );
        self.legal.replacen(self.from, self.to, 1)
    }
}

/// Expects the checker to reject every case for its property alone, and all checkers to accept
/// every twin.
pub(crate) fn expect_rejections(checker: &str, cases: &[Case]) {
    let count = cases.len();
    assert!(count >= 20, "{checker} has only {count} cases");
    expect_each(checker, cases);
}

/// The same of some cases of a checker that has others besides.
pub(crate) fn expect_each(checker: &str, cases: &[Case]) {
    let checker = CHECKERS.iter().find(|one| one.name == checker).unwrap();
    let names: BTreeSet<&str> = cases.iter().map(|case| case.wrong).collect();
    assert_eq!(names.len(), cases.len(), "two cases have one name");
    let mut failures = Vec::new();
    let mut accepted = BTreeSet::new();
    for case in cases {
        if accepted.insert(case.legal) {
            let legal = History::parse(case.legal).unwrap();
            if let Err(violations) = check(&legal) {
                let shown: Vec<String> = violations.iter().map(ToString::to_string).collect();
                failures.push(format!(
                    "the twin of {:?} is rejected: {shown:#?}",
                    case.wrong
                ));
            }
            let stats = (checker.check)(&legal).unwrap_or_default();
            if stats.judged + stats.exempt == 0 {
                failures.push(format!("in the twin of {:?} nothing is judged", case.wrong));
            }
        }
        let illegal = History::parse(&case.illegal()).unwrap();
        match (checker.check)(&illegal) {
            Ok(_) => failures.push(format!("accepted: {}", case.wrong)),
            Err(violations) => {
                let for_it = violations.iter().all(|found| found.property == case.breaks);
                if !for_it {
                    let shown: Vec<String> = violations.iter().map(ToString::to_string).collect();
                    let (wrong, breaks) = (case.wrong, case.breaks);
                    failures.push(format!("{wrong}: not for {breaks} alone: {shown:#?}"));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
