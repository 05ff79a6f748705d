use proptest::prelude::*;

use super::*;

const LAYOUTS: [QueueLayout; 7] = [
    QueueLayout::Fifo,
    QueueLayout::Priority,
    QueueLayout::Delay,
    QueueLayout::Id,
    QueueLayout::Simple,
    QueueLayout::Kazoo,
    QueueLayout::KazooLocking,
];

fn label(priority: Option<i32>, due: Option<i64>, id: Option<&str>) -> Label {
    Label {
        priority,
        due,
        id: id.map(str::to_owned),
    }
}

fn sorted(layout: QueueLayout, names: &[&str]) -> Vec<String> {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let sorted = Name::sorted(layout, &names);
    sorted.into_iter().map(|name| name.text).collect()
}

#[test]
fn names_are_those_of_the_other_libraries_to_the_letter() {
    for (priority, text) in [
        (i32::MIN, "080000000"),
        (-1, "0FFFFFFFF"),
        (0, "100000000"),
        (1, "100000001"),
        (100, "100000064"),
        (i32::MAX, "17FFFFFFF"),
    ] {
        let label = label(Some(priority), None, None);
        let prefix = prefix(QueueLayout::Priority, &label);
        assert_eq!(prefix, format!("queue-{text}"));
    }
    let prefix = |layout, label| prefix(layout, &label);
    let due = label(None, Some(1_700_000_000_000), None);
    let id = label(None, None, Some("a/b|c"));
    for (made, golden) in [
        (prefix(QueueLayout::Fifo, label(None, None, None)), "queue-"),
        (prefix(QueueLayout::Simple, label(None, None, None)), "qn-"),
        (prefix(QueueLayout::Delay, due), "queue-|18BCFE56800|"),
        (
            prefix(QueueLayout::Delay, label(None, Some(-5), None)),
            "queue-|00000000|",
        ),
        (prefix(QueueLayout::Id, id), "queue-|a_b_c|"),
        (
            prefix(QueueLayout::Kazoo, label(None, None, None)),
            "entry-100-",
        ),
        (
            prefix(QueueLayout::KazooLocking, label(Some(7), None, None)),
            "entry-007-",
        ),
    ] {
        assert_eq!(made, golden);
    }
}

#[test]
fn names_of_others_are_read() {
    let parse =
        |layout, text| Name::parse(layout, text).map(|name| (name.label, name.rank.sequence));
    assert_eq!(
        parse(QueueLayout::Priority, "queue-1000000000000000042"),
        Some((label(Some(0), None, None), 42))
    );
    assert_eq!(
        parse(QueueLayout::Delay, "queue-|18BCFE56800|0000000007"),
        Some((label(None, Some(1_700_000_000_000), None), 7))
    );
    assert_eq!(
        parse(QueueLayout::Id, "queue-|a_b_c|0000000003"),
        Some((label(None, None, Some("a_b_c")), 3))
    );
    assert_eq!(
        parse(QueueLayout::KazooLocking, "entry-100-0000000001"),
        Some((label(Some(100), None, None), 1))
    );
    assert_eq!(
        parse(QueueLayout::Fifo, "queue-0000000012"),
        Some((label(None, None, None), 12))
    );
}

#[test]
fn what_is_no_item_is_left_alone() {
    for (layout, text) in [
        (QueueLayout::Fifo, "lock-0000000001"),
        (QueueLayout::Fifo, "qn-0000000001"),
        (QueueLayout::Simple, "queue-0000000001"),
        (QueueLayout::Kazoo, "queue-0000000001"),
        (QueueLayout::Kazoo, "entry-1x0-0000000001"),
        (QueueLayout::Kazoo, "entry-"),
        // A part of a queue that Curator's sharder has divided.
        (
            QueueLayout::Fifo,
            "queue-53345f98-9423-4e0c-a7b5-9f819e3ec2e1",
        ),
    ] {
        assert_eq!(Name::parse(layout, text), None, "{text}");
    }
}

/// What Curator 5 puts back is `queue-<number>` in every queue.
#[test]
fn a8_items_without_priority_or_due_time_come_first_as_in_curator() {
    assert_eq!(
        sorted(
            QueueLayout::Priority,
            &[
                "queue-1000000000000000002",
                "queue-0000000009",
                "queue-0800000000000000001"
            ]
        ),
        [
            "queue-0000000009",
            "queue-0800000000000000001",
            "queue-1000000000000000002"
        ]
    );
    assert_eq!(
        sorted(
            QueueLayout::Delay,
            &[
                "queue-|18BCFE56800|0000000001",
                "queue-0000000009",
                "queue-|zz|0000000003"
            ]
        ),
        [
            "queue-|zz|0000000003",
            "queue-0000000009",
            "queue-|18BCFE56800|0000000001"
        ]
    );
}

#[test]
fn priorities_order_before_numbers_and_numbers_within_one() {
    assert_eq!(
        sorted(
            QueueLayout::Priority,
            &[
                "queue-1000000010000000001",
                "queue-0FFFFFFFF0000000003",
                "queue-1000000010000000000"
            ]
        ),
        [
            "queue-0FFFFFFFF0000000003",
            "queue-1000000010000000000",
            "queue-1000000010000000001"
        ]
    );
    assert_eq!(
        sorted(
            QueueLayout::Kazoo,
            &["entry-100-0000000001", "entry-005-0000000009"]
        ),
        ["entry-005-0000000009", "entry-100-0000000001"]
    );
}

#[test]
fn ids_do_not_change_the_order() {
    assert_eq!(
        sorted(
            QueueLayout::Id,
            &["queue-|a|0000000002", "queue-|z|0000000001"]
        ),
        ["queue-|z|0000000001", "queue-|a|0000000002"]
    );
}

#[test]
fn beyond_the_end_of_the_counter_items_come_last() {
    assert_eq!(
        sorted(
            QueueLayout::Fifo,
            &["queue--2147483648", "queue-2147483647"]
        ),
        ["queue-2147483647", "queue--2147483648"]
    );
}

fn any_name() -> impl Strategy<Value = String> {
    prop_oneof![
        "queue-[0-9]{10}",
        "queue--[0-9]{10}",
        "queue-[01][0-9A-F]{8}[0-9]{10}",
        "queue-\\|[0-9A-F]{0,17}\\|[0-9]{10}",
        "queue-\\|[a-z|]{0,5}\\|[0-9]{10}",
        "entry-[0-9]{3}-[0-9]{10}",
        "qn-[0-9]{10}",
        "queue-.{0,8}",
        ".{0,12}",
    ]
}

proptest! {
    /// C43: whatever is among the children, their order is one, however they come.
    #[test]
    fn c43_the_order_is_total_and_the_same_from_any_start(
        names in prop::collection::vec(any_name(), 0..12),
        layout in prop::sample::select(&LAYOUTS),
        turn in 0_usize..12,
    ) {
        let mut turned = names.clone();
        turned.rotate_left(turn % names.len().max(1));
        turned.reverse();
        prop_assert_eq!(Name::sorted(layout, &names), Name::sorted(layout, &turned));
    }

    #[test]
    fn what_is_written_is_read(
        priority in any::<i32>(), due in 0..i64::MAX, id in "[^/|]{0,12}", sequence in 0..i32::MAX,
    ) {
        for layout in LAYOUTS {
            let kazoos = priority.rem_euclid(1000);
            let written = Label {
                priority: match layout {
                    QueueLayout::Priority => Some(priority),
                    QueueLayout::Kazoo | QueueLayout::KazooLocking => Some(kazoos),
                    _ => None,
                },
                due: (layout == QueueLayout::Delay).then_some(due),
                id: (layout == QueueLayout::Id).then(|| id.clone()),
            };
            let text = format!("{}{sequence:010}", prefix(layout, &written));
            let name = Name::parse(layout, &text).unwrap();
            prop_assert_eq!(&name.label, &written, "{}", text);
            prop_assert_eq!(name.rank.sequence, i64::from(sequence));
        }
    }

    /// Curator and kazoo sort the texts.
    #[test]
    fn the_order_of_priorities_is_that_of_the_texts(
        mut items in prop::collection::vec((any::<i32>(), 0..i32::MAX), 1..12),
    ) {
        items.dedup();
        for layout in [QueueLayout::Priority, QueueLayout::Kazoo] {
            let mut texts: Vec<String> = items
                .iter()
                .map(|(priority, sequence)| {
                    let priority = match layout {
                        QueueLayout::Priority => *priority,
                        _ => priority.rem_euclid(1000),
                    };
                    format!("{}{sequence:010}", prefix(layout, &label(Some(priority), None, None)))
                })
                .collect();
            let sorted: Vec<String> =
                Name::sorted(layout, &texts).into_iter().map(|name| name.text).collect();
            texts.sort();
            prop_assert_eq!(sorted, texts);
        }
    }
}
