//! Medians.

/// The middle value; the mean of the two middle ones of an even number; `None` of nothing.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let upper = *values.get(values.len() / 2)?;
    if values.len() % 2 == 1 {
        return Some(upper);
    }
    let lower = values.get(values.len() / 2 - 1)?;
    Some(f64::midpoint(*lower, upper))
}

/// The median of the ratios of values measured in the same round: what slows a whole round down does
/// not count.
pub(crate) fn median_ratio(values: &[f64], base: &[f64]) -> Option<f64> {
    median(values.iter().zip(base).map(|(value, base)| value / base))
}

/// How far the lowest and the highest value are from the median, as parts of it.
pub(crate) fn spread(values: &[f64]) -> Option<(f64, f64)> {
    let middle = median(values.iter().copied())?;
    let lowest = values.iter().copied().reduce(f64::min)?;
    let highest = values.iter().copied().reduce(f64::max)?;
    Some((lowest / middle - 1.0, highest / middle - 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_value() {
        assert_eq!(median([9.0, 1.0, 5.0]), Some(5.0));
        assert_eq!(median([9.0, 1.0, 5.0, 7.0]), Some(6.0));
        assert_eq!(median([]), None);
    }

    #[test]
    fn a_slow_round_does_not_change_a_ratio() {
        let ours = [80.0, 8.0, 82.0];
        let floor = [100.0, 10.0, 100.0];
        assert_eq!(median_ratio(&ours, &floor), Some(0.8));
        assert_eq!(median_ratio(&[], &[]), None);
    }

    #[test]
    fn the_spread_is_around_the_median() {
        assert_eq!(spread(&[75.0, 100.0, 150.0]), Some((-0.25, 0.5)));
        assert_eq!(spread(&[]), None);
    }
}
