//! Small pieces of text: durations as they are typed, numbers as they are read, lines broken for a narrow screen.

use core::time::Duration;

/// Columns of what we print; a phone shows about this many.
pub(crate) const COLUMNS: usize = 66;

/// Reads `500ms`, `30s`, `2m` or `1h`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let expected = || format!("expected a time such as 500ms, 30s, 2m or 1h, got {text:?}");
    let digits = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(expected)?;
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| expected())?;
    let millis = match unit {
        "ms" => Some(number),
        "s" => number.checked_mul(1000),
        "m" => number.checked_mul(60_000),
        "h" => number.checked_mul(3_600_000),
        _ => None,
    };
    match millis {
        Some(0) => Err(format!("the time must be above zero, got {text:?}")),
        Some(millis) => Ok(Duration::from_millis(millis)),
        None => Err(expected()),
    }
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

/// Words broken into lines of at most `columns`, each begun with `indent`. A word longer than a line stands alone.
pub(crate) fn wrap(text: &str, indent: &str, columns: usize) -> String {
    let mut lines = String::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let taken = if line.is_empty() { indent.len() } else { line.len() + 1 };
        if !line.is_empty() && taken + word.chars().count() > columns {
            lines.push_str(&line);
            lines.push('\n');
            line.clear();
        }
        line.push_str(if line.is_empty() { indent } else { " " });
        line.push_str(word);
    }
    lines.push_str(&line);
    lines.push('\n');
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_need_a_unit_and_a_length() {
        assert_eq!(duration("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("2m"), Ok(Duration::from_mins(2)));
        for text in ["", "30", "s", "-1s", "1.5s", "30 s", "30sec", "0s", "99999999999999999999s"] {
            assert!(duration(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn numbers_are_grouped() {
        let grouped: Vec<_> = [0, 999, 1000, 1_234_567].into_iter().map(number).collect();
        assert_eq!(grouped, ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn lines_are_broken_between_words() {
        assert_eq!(wrap("one two three", "  ", 9), "  one two\n  three\n");
        assert_eq!(wrap("", "  ", 9), "\n");
    }
}
