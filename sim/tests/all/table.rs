//! The control table from outside: it goes on where it stopped, whatever it was stopped at, and takes nothing for known that
//! was found with other bugs, checkers or schedules.

use crate::common::{Asked, ask, folder, write};

/// A table of one bug that is found at once, with few trials.
fn fill(path: &str, more: &[&str]) -> Asked {
    let asked = ["zoo", "z7", "--table", path, "--trials", "12", "--most", "400"];
    ask(&[&asked, more].concat())
}

fn lines(path: &str) -> Vec<String> {
    let mut lines: Vec<_> = std::fs::read_to_string(path).expect("it was made").lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

#[test]
fn a_table_that_was_cut_off_is_gone_on_with() {
    let folder = folder("table");
    let path = write(&folder, "whole.jsonl", "");
    let Asked { code, out, .. } = fill(&path, &["--jobs", "3"]);
    assert_eq!(code, 0, "{out}");
    assert!(out.ends_with("trials are done\n") && out.contains("\nall "), "{out}");
    assert!(out.contains("the portfolio finds 2 of 2 in every trial (met)\n"), "{out}");
    let whole = std::fs::read_to_string(&path).unwrap();
    let cut = write(&folder, "cut.jsonl", &whole[..whole.len() * 2 / 3]);
    let again = fill(&cut, &[]);
    assert_eq!((again.code, again.out), (0, out.clone()));
    assert_eq!(lines(&cut), lines(&path));
    assert_eq!(fill(&path, &[]).out, out);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), whole, "nothing was left to do");
}

#[test]
fn lines_of_another_generator_are_left_out() {
    let folder = folder("generator");
    let path = write(&folder, "table.jsonl", "");
    fill(&path, &[]);
    let text = std::fs::read_to_string(&path).unwrap();
    let old = write(&folder, "old.jsonl", &text.replace("\"generator\":\"", "\"generator\":\"0"));
    let Asked { out, .. } = ask(&["zoo", "z7", "--table", &old, "--markdown"]);
    assert!(out.contains("| z7 | machine | - | - |"), "{out}");
    let Asked { out, .. } = fill(&old, &[]);
    assert!(out.contains("lines of the file are about other bugs"), "{out}");
    assert_eq!(lines(&old).len(), lines(&path).len() * 2, "all of it was hunted anew");
}

#[test]
fn a_page_is_made_of_what_is_known() {
    let folder = folder("markdown");
    let path = write(&folder, "table.jsonl", "");
    fill(&path, &[]);
    let Asked { code, out, .. } = ask(&["zoo", "--table", &path, "--markdown"]);
    assert_eq!(code, 0, "{out}");
    let row =
        |start: &str| out.lines().find(|line| line.starts_with(start)).unwrap_or_else(|| panic!("{start}: {out}"));
    assert!(row("| z7 | driver |").contains("(12)"), "{out}");
    assert!(row("| z26 | machine |").contains("| - | - |"), "{out}");
    assert!(out.contains(&format!("`cargo sim zoo --table {path} --markdown > sim/ZOO.md`")), "{out}");
}

#[test]
fn a_damaged_table_exits_2_and_says_where() {
    let folder = folder("damaged-table");
    let path = write(&folder, "table.jsonl", "");
    fill(&path, &[]);
    let text = std::fs::read_to_string(&path).unwrap();
    let damages = [
        ("no_json", text.replacen('{', "", 1)),
        ("unknown_bug", text.replacen("\"z7\"", "\"z1000\"", 1)),
        ("unknown_field", text.replacen("\"first\"", "\"second\"", 1)),
    ];
    for (name, damaged) in damages {
        let path = write(&folder, "damaged.jsonl", &damaged);
        let Asked { code, out, err } = fill(&path, &[]);
        assert_eq!((code, out.as_str()), (2, ""), "{name}: {err}");
        insta::assert_snapshot!(format!("damaged_{name}"), err.replace(&path, "FILE"));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), damaged, "what is damaged is left as it is");
    }
}
