//! What the table says about the portfolio, against the goals set for it.

use super::Column;
use super::row::{Known, Row, Schedules};
use crate::schedulers::Kind;

/// The portfolio against the goals, over the rows it has enough trials in.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// Rows.
    pub rows: usize,
    /// Of them, those whose bug the portfolio finds in every trial.
    pub found: usize,
    /// The geometric mean of how many times more schedules it takes than the best scheduler of each row.
    pub mean: Option<f64>,
    /// Rows in which random takes more than a thousand schedules.
    pub hard: usize,
    /// Of them, those in which the portfolio is not known to take at most a tenth of that: names of bug and world.
    pub not_ten_times: Vec<String>,
    /// Rows in which random alone takes fewer than any other single scheduler.
    pub random_wins: Vec<String>,
    /// Rows in which random takes fewer than the portfolio.
    pub random_beats_portfolio: usize,
}

const RANDOM: Column = Column::Only(Kind::Uniform);
/// From here on random is slow.
const SLOW: u64 = 1000;

impl Verdict {
    /// About these rows.
    pub fn of(rows: &[Row]) -> Self {
        let rows: Vec<_> =
            rows.iter().filter(|row| row.cell(Column::Portfolio).is_some_and(Known::is_enough)).collect();
        let named = |chosen: &dyn Fn(&Row) -> bool| -> Vec<String> {
            rows.iter().filter(|row| chosen(row)).map(|row| row.bug.world_name(row.driven).to_owned()).collect()
        };
        let ratios: Vec<f64> = rows.iter().filter_map(|row| ratio(row)).collect();
        Self {
            rows: rows.len(),
            found: rows.iter().filter(|row| row.cell(Column::Portfolio).is_some_and(Known::is_found_by_all)).count(),
            mean: geometric_mean(&ratios),
            hard: rows.iter().filter(|row| is_hard(row)).count(),
            not_ten_times: named(&|row| is_hard(row) && !is_ten_times_better(row)),
            random_wins: named(&|row| row.best().is_some_and(|(best, _)| best == [RANDOM])),
            random_beats_portfolio: rows.iter().filter(|row| random_beats_portfolio(row)).count(),
        }
    }
}

/// How many times more schedules the portfolio takes than the best.
fn ratio(row: &Row) -> Option<f64> {
    match (row.median(Column::Portfolio)?, row.best()?) {
        (Schedules::Exactly(portfolio), (_, best)) => Some(float(portfolio) / float(best)),
        (Schedules::MoreThan(_), _) => None,
    }
}

fn is_hard(row: &Row) -> bool {
    match row.median(RANDOM) {
        Some(Schedules::Exactly(random)) => random > SLOW,
        Some(Schedules::MoreThan(random)) => random >= SLOW,
        None => false,
    }
}

fn is_ten_times_better(row: &Row) -> bool {
    match (row.median(Column::Portfolio), row.median(RANDOM)) {
        (Some(Schedules::Exactly(portfolio)), Some(Schedules::Exactly(random) | Schedules::MoreThan(random))) => {
            portfolio.saturating_mul(10) <= random
        }
        (Some(Schedules::MoreThan(_)) | None, _) | (_, None) => false,
    }
}

fn random_beats_portfolio(row: &Row) -> bool {
    match (row.median(RANDOM), row.median(Column::Portfolio)) {
        (Some(Schedules::Exactly(random)), Some(Schedules::Exactly(portfolio) | Schedules::MoreThan(portfolio))) => {
            random < portfolio
        }
        (Some(Schedules::MoreThan(_)) | None, _) | (_, None) => false,
    }
}

fn geometric_mean(values: &[f64]) -> Option<f64> {
    let logs: f64 = values.iter().map(|value| value.ln()).sum();
    (!values.is_empty()).then(|| (logs / float(values.len() as u64)).exp())
}

#[expect(clippy::cast_precision_loss, reason = "schedules are fewer than 2^52, and one decimal is shown")]
fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::super::tests::table;
    use super::*;
    use crate::zoo::Bug;

    #[test]
    fn the_goals_are_counted_over_the_rows_the_portfolio_has_tried() {
        let pct = Column::Only(Kind::Pct(2));
        let cells: [(Bug, Column, &[i64]); 10] = [
            // The portfolio takes twice as many as the best, and a tenth of what random takes.
            (Bug::Z4, RANDOM, &[2000; 10]),
            (Bug::Z4, pct, &[100; 10]),
            (Bug::Z4, Column::Portfolio, &[200; 10]),
            // Eight times as many, and random is not known to be slow enough.
            (Bug::Z5, RANDOM, &[-2000; 10]),
            (Bug::Z5, pct, &[50; 10]),
            (Bug::Z5, Column::Portfolio, &[400; 10]),
            // Random wins, and the portfolio does not find it each time.
            (Bug::Z6, RANDOM, &[3; 10]),
            (Bug::Z6, Column::Portfolio, &[-9, 12, 12, 12, 12, 12, 12, 12, 12, 12]),
            // Too few trials.
            (Bug::Z7, RANDOM, &[5000; 10]),
            (Bug::Z7, Column::Portfolio, &[5; 9]),
        ];
        let rows = Row::all(&table(&cells), &[Bug::Z4, Bug::Z5, Bug::Z6, Bug::Z7]);
        let verdict = Verdict::of(&rows);
        let mean = verdict.mean.unwrap();
        assert!((mean - 4.0).abs() < 1e-9, "2, 8 and 4: {mean}");
        assert_eq!((verdict.rows, verdict.found, verdict.hard), (3, 2, 2));
        assert_eq!(verdict.not_ten_times, ["machine+z5"]);
        assert_eq!((verdict.random_wins, verdict.random_beats_portfolio), (vec!["machine+z6".to_owned()], 1));
    }
}
