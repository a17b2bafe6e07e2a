//! What the output is shown on, and text that is fit to be shown.

use std::io::IsTerminal;

use comfy_table::{ContentArrangement, Table};
use console::{Style, Term};

/// Columns where nothing says how many there are.
const COLUMNS: usize = 60;
/// Fewer are of no use: lines will be broken by the terminal.
const FEWEST: usize = 40;

/// What standard output is shown on.
#[derive(Debug, Clone)]
pub(crate) struct Screen {
    /// A terminal has somebody before it; anything else is read by a program.
    pub(crate) is_terminal: bool,
    /// How many letters fit into a line.
    pub(crate) columns: usize,
    colours: bool,
}

impl Screen {
    /// As it is.
    pub(crate) fn of_stdout() -> Self {
        let is_terminal = std::io::stdout().is_terminal();
        let columns = Term::stdout().size_checked().map_or(COLUMNS, |(_, columns)| usize::from(columns));
        let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let columns = if is_terminal { columns.max(FEWEST) } else { COLUMNS };
        Self { is_terminal, columns, colours: is_terminal && !is_set("NO_COLOR") && !is_dumb }
    }

    fn style(&self) -> Style {
        Style::new().force_styling(self.colours)
    }

    /// Something that came or changed.
    pub(crate) fn green(&self, text: &str) -> String {
        self.style().green().apply_to(text).to_string()
    }

    /// Something that went or failed.
    pub(crate) fn red(&self, text: &str) -> String {
        self.style().red().apply_to(text).to_string()
    }

    /// A name.
    pub(crate) fn cyan(&self, text: &str) -> String {
        self.style().cyan().apply_to(text).to_string()
    }

    /// Another name.
    pub(crate) fn yellow(&self, text: &str) -> String {
        self.style().yellow().apply_to(text).to_string()
    }

    /// A heading.
    pub(crate) fn bold(&self, text: &str) -> String {
        self.style().bold().apply_to(text).to_string()
    }

    /// Something that matters less.
    pub(crate) fn dim(&self, text: &str) -> String {
        self.style().dim().apply_to(text).to_string()
    }

    /// A table without lines around its cells, that breaks what is too long.
    pub(crate) fn table(&self) -> Table {
        let mut table = Table::new();
        table.load_preset(comfy_table::presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(u16::try_from(self.columns).unwrap_or(u16::MAX));
        table
    }
}

/// The lines of a table, without the blanks that it begins and ends lines with.
pub(crate) fn lines(table: &Table) -> String {
    table
        .lines()
        .flat_map(|line| [line.strip_prefix(' ').unwrap_or(&line).trim_end().to_owned(), "\n".to_owned()])
        .collect()
}

/// So many columns of it, filled up with blanks or cut off with a sign of it.
pub(crate) fn fitted(text: &str, columns: usize) -> String {
    console::pad_str(text, columns, console::Alignment::Left, Some("…")).into_owned()
}

/// The text with what would move the cursor, change colours or turn the direction of writing made visible. Values and ids are of
/// others.
pub(crate) fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for letter in text.chars() {
        let turns = matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if letter.is_control() || turns {
            printable.extend(letter.escape_default());
        } else {
            printable.push(letter);
        }
    }
    printable
}

/// A number in groups of three digits: `1,234,567`.
pub(crate) fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number and what is counted: `1 entity`, `2 entities`.
pub(crate) fn counted(value: usize, one: &str, many: &str) -> String {
    format!("{} {}", number(value as u64), if value == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        let grouped: Vec<_> = [0, 999, 1000, 1_234_567].into_iter().map(number).collect();
        assert_eq!(grouped, ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn what_would_move_the_cursor_is_made_visible() {
        assert_eq!(printable("a\u{1b}[2Jb\r\n\u{202e}c\u{9b}ä"), r"a\u{1b}[2Jb\r\n\u{202e}c\u{9b}ä");
    }

    #[test]
    fn columns_are_those_of_a_screen() {
        assert_eq!(fitted("ab", 4), "ab  ");
        assert_eq!(fitted("abcdef", 4), "abc…");
        assert_eq!(fitted("日本語", 5), "日本…");
    }
}
