//! The table as a page of the repository: a row for each bug and world, a column for each scheduler.

use std::io::{self, Write};

use super::Column;
use super::row::{Row, Schedules};
use super::text::{cell, sentences};
use super::verdict::Verdict;
use crate::text::number;

/// Writes the page of the table that is kept in this file.
pub fn write(rows: &[Row], file: &str, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "# The zoo: how many schedules it takes\n")?;
    writeln!(out, "{}\n", intro(file))?;
    for sentence in sentences(&Verdict::of(rows)) {
        writeln!(out, "- {sentence}")?;
    }
    writeln!(out)?;
    let columns: Vec<_> = Column::all().map(Column::name).collect();
    writeln!(out, "| bug | world | {} | best | operations | shrunk |", columns.join(" | "))?;
    writeln!(out, "|---|---|{}---|---:|---:|", "---:|".repeat(columns.len()))?;
    rows.iter().try_for_each(|row| line(row, out))?;
    writeln!(out)?;
    writeln!(out, "What the bugs are:\n")?;
    for rows in rows.chunk_by(|one, other| one.bug == other.bug) {
        let Some(row) = rows.first() else { continue };
        let breaks: Vec<_> = row.bug.breaks().iter().map(|promise| promise.name()).collect();
        writeln!(out, "- **{}**: {}; breaks {}", row.bug.name(), row.bug.story(), breaks.join(", "))?;
    }
    Ok(())
}

fn intro(file: &str) -> String {
    format!(
        "Made by `cargo sim zoo --table {file}`, which goes on filling `{file}` where it stopped, and \
        `cargo sim zoo --table {file} --markdown > sim/ZOO.md`.\n\n\
        Each cell holds the median and the 95th percentile, by nearest rank, of the schedules to the first detection, \
        the failing one included, over thirty trials; fewer are told in brackets. All checkers are listened to, and any \
        broken promise counts. The trials of a row have the same seeds in every column. A trial ends at 200,000 schedules; a cell \
        whose first ten trials found nothing has no others. `> 2,000 (10)`: the median of ten trials is above 2,000, and no \
        more is known. Random is the uniform scheduler, and the portfolio is what a campaign runs. Operations is the middle length of \
        the failures as they were found, the healing included; shrunk is that of the portfolio's first three after shrinking."
    )
}

fn line(row: &Row, out: &mut dyn Write) -> io::Result<()> {
    let cells = row.cells.iter().map(|(_, known)| match known.median() {
        Some(Schedules::Exactly(_)) if known.trials() < 30 => format!("{} ({})", cell(known), known.trials()),
        Some(Schedules::Exactly(_) | Schedules::MoreThan(_)) | None => cell(known),
    });
    let cells: Vec<String> = cells.map(|cell| cell.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    let best = row.best().map_or_else(
        || "-".to_owned(),
        |(best, _)| match best.as_slice() {
            [one] => format!("**{}**", one.name()),
            several => several.iter().map(|column| column.name()).collect::<Vec<_>>().join(", "),
        },
    );
    let length = |length: Option<u64>| length.map_or_else(|| "-".to_owned(), number);
    let world = if row.driven { "driver" } else { "machine" };
    writeln!(
        out,
        "| {} | {world} | {} | {best} | {} | {} |",
        row.bug.name(),
        cells.join(" | "),
        length(row.steps()),
        length(row.shrunk()),
    )
}

#[cfg(test)]
mod tests {
    use super::super::text::tests::rows;
    use super::*;

    #[test]
    fn every_line_of_the_table_has_a_cell_for_each_column() {
        let mut text = Vec::new();
        write(&rows(), "sim/zoo.jsonl", &mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        let lines: Vec<_> = text.lines().filter(|line| line.starts_with('|')).collect();
        let cells: Vec<_> = lines.iter().map(|line| line.matches('|').count()).collect();
        assert_eq!(cells, [Column::all().count() + 6; 6], "{text}");
        assert!(lines[2].starts_with("| z1 | machine | > 200,000 (10) |"), "{}", lines[2]);
        assert!(lines[2].contains("| 90,000 >200,000 (10) | 1,234 1,234 |"), "{}", lines[2]);
        assert!(lines[4].contains("| **random** |"), "{}", lines[4]);
        assert!(text.contains("random alone is best in 1: machine+z7\n"), "{text}");
    }
}
