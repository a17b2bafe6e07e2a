//! How many states a search will still find, told from its levels.

/// Of fewer levels nothing can be told.
const LEVELS: usize = 10;
/// Levels that are counted of those to come: whatever is told ends.
const MOST: usize = 1000;

/// An estimate of the states that follow levels of these sizes; `None` as long as nothing can be said.
///
/// Levels grow by less and less, and then they shrink. It is taken that they go on as they did so far: each level's growth is that of the
/// one before times one factor, the mean of all there were. Where they shrink already, no more is told than if they went on shrinking
/// as the last one did.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "never below zero, and ends at the largest number"
)]
pub fn left(levels: &[u64]) -> Option<u64> {
    let growth: Vec<f64> = levels.windows(2).map(|pair| float(pair[1]) / float(pair[0])).collect();
    let ([first, .., last], level) = (growth.as_slice(), float(*levels.last()?)) else { return None };
    let factor = (last / first).powf(1.0 / float(growth.len() as u64 - 1));
    if levels.len() < LEVELS || factor >= 1.0 {
        return None;
    }
    let next = |state: &(f64, f64)| Some((state.0 * factor, state.1 * state.0 * factor));
    let hump: f64 = core::iter::successors(next(&(*last, level)), next).take(MOST).map(|(_, level)| level).sum();
    let shrinking = if *last < 1.0 { level * last / (1.0 - last) } else { f64::INFINITY };
    Some(hump.min(shrinking) as u64)
}

#[expect(clippy::cast_precision_loss, reason = "an estimate")]
fn float(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `scopes/restart-and-stop.toml` with one commit, and with two.
    const ONE_COMMIT: &[u64] =
        &[1, 5, 13, 25, 35, 39, 41, 66, 120, 202, 322, 418, 418, 362, 352, 338, 254, 140, 52, 12];
    const TWO_COMMITS: &[u64] = &[
        1, 5, 16, 41, 87, 146, 209, 302, 484, 807, 1321, 2102, 3018, 3663, 3952, 4304, 4716, 4660, 3923, 2857, 1783,
        923, 390, 128, 23, 1,
    ];

    /// Long before the widest level, and to the end.
    #[test]
    fn what_follows_known_levels_is_told_within_a_factor_of_four() {
        for all in [ONE_COMMIT, TWO_COMMITS] {
            for seen in LEVELS..all.len() {
                let (seen, rest) = all.split_at(seen);
                let (told, rest) = (left(seen).expect("growth falls"), rest.iter().sum::<u64>());
                assert!(told <= 4 * rest && rest <= 5 * told, "{told} told after {seen:?}, {rest} followed");
            }
        }
    }

    /// Once levels shrink the estimate is that of the shrinking, if that is less.
    #[test]
    fn a_tail_is_told_closely() {
        let (seen, rest) = TWO_COMMITS.split_at(20);
        let (told, rest) = (left(seen).unwrap(), rest.iter().sum::<u64>());
        assert!(told.abs_diff(rest) * 4 <= rest, "{told} told, {rest} followed");
    }

    #[test]
    fn nothing_is_said_of_few_levels_and_of_growth_that_does_not_fall() {
        let doubling: Vec<u64> = (0..20).map(|level| 1 << level).collect();
        for levels in [&[][..], &[1], &[1, 4], &ONE_COMMIT[..LEVELS - 1], doubling.as_slice(), &[3; 20][..]] {
            assert_eq!(left(levels), None, "{levels:?}");
        }
    }
}
