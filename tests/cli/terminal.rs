//! What the command shows where somebody looks: tables, colours, progress bars.

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::process::Stdio;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::common::{MODEL, OTHER, Place, wait};
use crate::import::lines;

/// Runs the command on a terminal of so many columns, to its end; what is on it then.
fn on_a_terminal(place: &Place, columns: u16, args: &[&str], no_color: bool) -> String {
    let control = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&control).unwrap();
    unlockpt(&control).unwrap();
    let name = ptsname(&control, Vec::new()).unwrap().into_string().unwrap();
    let terminal = OpenOptions::new().read(true).write(true).open(name).unwrap();
    tcsetwinsize(&terminal, Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
    let mut command = place.command(args);
    command.env("TERM", "xterm").stdout(Stdio::from(terminal.try_clone().unwrap())).stderr(Stdio::from(terminal));
    if no_color {
        command.env("NO_COLOR", "1");
    }
    let mut child = command.spawn().unwrap();
    drop(command);
    let reading = std::thread::spawn(move || {
        let (mut screen, mut control) = (Vec::new(), File::from(control));
        // Where the last one has closed the terminal, reading it fails.
        let _ = control.read_to_end(&mut screen);
        String::from_utf8(screen).unwrap()
    });
    assert_eq!(wait(&mut child).code(), Some(0));
    reading.join().unwrap().replace("\r\n", "\n")
}

fn world() -> Place {
    let place = Place::new();
    place.put("mysql/0", r#"{"status":"active","message":"serving at 10.0.0.17, port 3306, with two replicas"}"#);
    place.put("a-name-that-is-longer-than-its-column/0", r#"{"status":"active"}"#);
    place.ask(["put", "machine", MODEL, "\u{1b}[31mred", "\"\u{9b}2J\""]).done();
    place.ask(["put", "machine", OTHER, "0", "{\n}"]).done();
    place.ask(["watch", "--once", "--resume", "told"]).done();
    place.rm("mysql/0");
    place.put("mysql/1", "1");
    place
}

#[test]
fn a_watch_is_a_table_that_fits_a_phone() {
    let place = world();
    let page = on_a_terminal(&place, 60, &["watch", "--once"], true);
    assert!(!page.contains('\u{1b}'), "{page:?}");
    // A name is never cut, so the line of a long one may be longer.
    let longer = page.lines().filter(|line| console::measure_text_width(line) > 60).count();
    assert_eq!(longer, 0, "{page}");
    insta::assert_snapshot!("table", page);
    insta::assert_snapshot!(
        "table_of_a_difference",
        on_a_terminal(&place, 60, &["watch", "--once", "--resume", "told"], true)
    );
    let wide = on_a_terminal(&place, 140, &["watch", "--once"], true);
    assert!(wide.contains("port 3306") || wide.contains("mysql/1"), "{wide}");
}

#[test]
fn colours_are_for_terminals_alone() {
    let place = world();
    let coloured = on_a_terminal(&place, 60, &["watch", "--once"], false);
    assert!(coloured.contains("\u{1b}[32mchanged\u{1b}[0m"), "{coloured:?}");
    let plain = console::strip_ansi_codes(&coloured).into_owned();
    assert_eq!(plain, on_a_terminal(&place, 60, &["watch", "--once"], true));
    for args in [&["watch", "--once"][..], &["models"], &["demo", "--steps", "3", "--pace", "0"]] {
        let piped = place.ask(args).done();
        assert!(!piped.contains('\u{1b}'), "{piped:?}");
    }
    let json = on_a_terminal(&place, 60, &["watch", "--once", "--json"], false);
    assert!(json.lines().all(|line| line.starts_with('{')), "{json}");
}

#[test]
fn an_import_shows_how_far_it_is_on_a_terminal() {
    let place = Place::new();
    place.write("many.jsonl", lines("a", 2000, "1"));
    let screen = on_a_terminal(&place, 60, &["import", "--batch", "100", "many.jsonl"], false);
    assert!(screen.contains('%') && screen.contains("entities"), "{screen:?}");
    assert!(
        screen.trim_end().ends_with("committed 2,000 entities in 20 transactions: many.jsonl, lines 1 to 2000"),
        "{screen:?}"
    );
}
