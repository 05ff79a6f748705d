//! The fuzzer finds what it is to find, and what it found once stays mended.

use zk_fuzz::campaign::{self, Limit};
use zk_fuzz::corpus;
use zk_fuzz::target::Target;
use zk_fuzz::targets::ALL;

#[test]
fn inputs_that_once_broke_something_do_so_no_more() {
    for target in &ALL {
        for (file, input) in corpus::inputs(target.name).unwrap() {
            assert_eq!(target.judge(&input), Ok(()), "{}", file.display());
        }
    }
}

#[test]
fn each_target_holds_for_some_thousand_inputs_of_a_fixed_seed() {
    for target in &ALL {
        let summary = campaign::run(target, 7, Limit::Inputs(3_000));
        assert!(
            summary.finding.is_none(),
            "{}: {:?}",
            target.name,
            summary.finding
        );
        assert!(summary.inputs >= 3_000);
    }
}

/// A decoder with the faults that decoders have.
fn faulty(input: &[u8]) -> Result<(), String> {
    let [a, b, c, d, rest @ ..] = input else {
        return Ok(());
    };
    let announced = i32::from_be_bytes([*a, *b, *c, *d]);
    let len = usize::try_from(announced).unwrap_or(0);
    // Off by one: a length that is one too large is taken.
    if len == rest.len() + 1 {
        return Err("read behind the end".to_owned());
    }
    if announced == i32::MIN {
        panic!("overflow");
    }
    Ok(())
}

fn seeds() -> Vec<Vec<u8>> {
    vec![vec![0, 0, 0, 4, 1, 2, 3, 4]]
}

#[test]
fn an_off_by_one_and_a_panic_are_found_and_shrunk() {
    let target = Target {
        name: "faulty",
        seeds,
        run: faulty,
    };
    let found: Vec<_> = (0..8)
        .map(|seed| {
            let summary = campaign::run(&target, seed, Limit::Inputs(50_000));
            let (input, complaint) = summary.finding.unwrap();
            assert!(input.len() <= 8, "{input:?}");
            complaint
        })
        .collect();
    for fault in ["read behind the end", "panicked"] {
        assert!(
            found.iter().any(|complaint| complaint.contains(fault)),
            "{found:?}"
        );
    }
}
