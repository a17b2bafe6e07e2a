//! The table for a terminal: bug by bug, a line for each scheduler, the two worlds side by side.

use std::io::{self, Write};

use super::row::{Known, Row, Schedules};
use super::verdict::Verdict;
use crate::text::{COLUMNS, number, wrap};
use crate::zoo::Bug;

/// The widest that stands for a world.
const WIDTH: usize = 20;

/// Writes the table and what it says.
pub fn write(rows: &[Row], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "schedules to the first detection: median, 95th percentile")?;
    writeln!(out, "(* the least median of a single scheduler)")?;
    writeln!(out)?;
    writeln!(out, "  {:<12} {:>WIDTH$} {:>WIDTH$}", "", "machine", "driver")?;
    for rows in rows.chunk_by(|one, other| one.bug == other.bug) {
        match rows {
            [machine, driver] => bug(Some(machine), driver, out)?,
            [driver] => bug(None, driver, out)?,
            _ => {}
        }
    }
    writeln!(out)?;
    for line in sentences(&Verdict::of(rows)) {
        write!(out, "{}", wrap(&line, "", COLUMNS))?;
    }
    Ok(())
}

/// A bug's lines; one of the driver is not in the machine world.
fn bug(machine: Option<&Row>, driver: &Row, out: &mut dyn Write) -> io::Result<()> {
    let Row { bug, .. } = driver;
    writeln!(out, "{:<4} {}", Bug::name(*bug), bug.story())?;
    for (column, in_driver) in &driver.cells {
        let mark = |row: &Row| if row.best().is_some_and(|(best, _)| best.contains(column)) { "*" } else { " " };
        let cell = |row: &Row, known: &Known| format!("{}{}", cell(known), mark(row));
        let in_machine = machine.and_then(|row| row.cell(*column).map(|known| cell(row, known))).unwrap_or_default();
        let in_driver = cell(driver, in_driver);
        let line = format!("  {:<12} {in_machine:>WIDTH$} {in_driver:>WIDTH$}", column.name());
        writeln!(out, "{}", line.trim_end())?;
    }
    let length = |row: &Row| match (row.steps(), row.shrunk()) {
        (Some(steps), Some(shrunk)) => format!("{steps} to {shrunk} "),
        (Some(steps), None) => format!("{steps} "),
        (None, _) => "- ".to_owned(),
    };
    let in_machine = machine.map(length).unwrap_or_default();
    let line = format!("  {:<12} {in_machine:>WIDTH$} {:>WIDTH$}", "operations", length(driver));
    writeln!(out, "{}", line.trim_end())
}

/// Median and 95th percentile, with the number of trials where that says more.
pub(super) fn cell(known: &Known) -> String {
    match (known.median(), known.percentile95()) {
        (Some(Schedules::Exactly(median)), Some(Schedules::Exactly(worst))) => {
            format!("{} {:>7}", number(median), number(worst))
        }
        (Some(Schedules::Exactly(median)), Some(Schedules::MoreThan(least))) => {
            format!("{} >{}", number(median), number(least))
        }
        (Some(Schedules::MoreThan(least)), _) => format!("> {} ({})", number(least), known.trials()),
        (Some(Schedules::Exactly(_)), None) | (None, _) => "-".to_owned(),
    }
}

/// What the table says, goal by goal.
pub(super) fn sentences(verdict: &Verdict) -> Vec<String> {
    let Verdict { rows, found, mean, hard, not_ten_times, random_wins, random_beats_portfolio } = verdict;
    if *rows == 0 {
        return vec!["no row has enough trials of the portfolio to say anything".to_owned()];
    }
    let met = |met: bool| if met { "met" } else { "NOT met" };
    let mean = mean.map_or_else(
        || "portfolio and best scheduler have no row in common".to_owned(),
        |mean| format!("portfolio over best, geometric mean: {mean:.1} (goal 3: {})", met(mean <= 3.0)),
    );
    let slow = if *hard == 0 {
        "random takes more than 1,000 schedules nowhere".to_owned()
    } else {
        let good = hard - not_ten_times.len();
        format!(
            "random takes more than 1,000 schedules in {hard}; in {good} the portfolio takes a tenth or less ({}){}",
            met(not_ten_times.is_empty()),
            listed(", not in", not_ten_times),
        )
    };
    let wins = if random_wins.is_empty() {
        "random alone is best nowhere".to_owned()
    } else {
        format!("random alone is best in {}{}", random_wins.len(), listed(":", random_wins))
    };
    vec![
        format!("the portfolio finds {found} of {rows} in every trial ({})", met(found == rows)),
        mean,
        slow,
        wins,
        format!("random takes fewer schedules than the portfolio in {random_beats_portfolio}"),
    ]
}

fn listed(before: &str, names: &[String]) -> String {
    if names.is_empty() { String::new() } else { format!("{before} {}", names.join(", ")) }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::Column;
    use super::super::tests::table;
    use super::*;
    use crate::schedulers::Kind;

    pub(in super::super) fn rows() -> Vec<Row> {
        let pct = |depth| Column::Only(Kind::Pct(depth));
        let cells: [(Bug, Column, &[i64]); 8] = [
            (Bug::Z1, Column::Only(Kind::Uniform), &[-200_000; 10]),
            (Bug::Z1, pct(1), &[90_000, 110_000, 120_000, 130_000, 140_000, -200_000, 9, 8, 7, 6]),
            (Bug::Z1, pct(2), &[1234; 30]),
            (Bug::Z1, Column::Portfolio, &[2000, 2500, 3000, 3000, 3000, 3000, 3000, 3000, 3000, 9000]),
            (Bug::Z7, Column::Only(Kind::Uniform), &[3; 30]),
            (Bug::Z7, pct(1), &[7; 30]),
            (Bug::Z7, pct(2), &[-2000; 4]),
            (Bug::Z7, Column::Portfolio, &[4; 30]),
        ];
        Row::all(&table(&cells), &[Bug::Z1, Bug::Z7])
    }

    /// Without the lines of schedulers that have no trials here, so that a new one leaves the page alone.
    #[test]
    fn the_table_is_readable_on_a_phone() {
        let mut text = Vec::new();
        write(&rows(), &mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        let widest = text.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(COLUMNS), "{text}");
        let known = |line: &&str| line.split_whitespace().skip(1).ne(["-", "-"]);
        let lines: Vec<_> = text.lines().filter(known).collect();
        insta::assert_snapshot!(lines.join("\n"));
    }
}
