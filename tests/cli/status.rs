//! `status`: running watches answer over their sockets.

use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use crate::common::{LONG, MODEL, Place, Watch, row};

/// A watch that has printed its first line, so that its socket is there.
fn running(place: &Place, args: &[&str]) -> Watch {
    let watch = place.watch([&["--json"], args].concat());
    watch.line();
    watch
}

fn reports(place: &Place, args: &[&str]) -> Vec<Value> {
    let out = place.ask([&["status", "--json"], args].concat()).done();
    out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn every_running_watch_is_listed_with_its_report() {
    let place = Place::new();
    place.put("a", "1");
    place.put("b", "1");
    place.ask(["put", "-b", "sqlite:other.db", "unit", MODEL, "a", "1"]).done();
    let one = running(&place, &[]);
    let two = running(&place, &["--kind", "unit"]);
    let other = running(&place, &["-b", "sqlite:other.db"]);
    let here = reports(&place, &["-b", &format!("sqlite:{}", place.file("world.db").display())]);
    let mut pids: Vec<_> = here.iter().map(|report| report["pid"].as_u64().unwrap()).collect();
    pids.sort_unstable();
    let mut expected = [one.pid(), two.pid()].map(u64::from);
    expected.sort_unstable();
    assert_eq!(pids, expected);
    for report in &here {
        assert_eq!((&report["entities"], row(&report["position"])), (&Value::from(2), 2), "{report}");
        assert_eq!((&report["phase"], &report["watchers"]["caught_up"]), (&Value::from("following"), &Value::from(1)));
    }
    assert_eq!(reports(&place, &[]).len(), 3);
    drop((one, two, other));
}

#[test]
fn a_report_is_a_page_that_fits_a_phone() {
    let place = Place::new();
    place.put("a", "1");
    let watch = running(&place, &["--model", MODEL, "--kind", "unit"]);
    place.shell().execute("INSERT INTO entity VALUES ('unit', ?, 'b', '{')", [MODEL]).unwrap();
    let mut waited = Duration::ZERO;
    while reports(&place, &[])[0]["quarantined"].as_array().unwrap().is_empty() {
        assert!(waited < LONG, "the report knows no quarantine");
        std::thread::sleep(Duration::from_millis(20));
        waited += Duration::from_millis(20);
    }
    let page = place.ask(["status"]).done();
    assert!(page.lines().all(|line| line.chars().count() <= 60), "{page}");
    let page = page.replace(&watch.pid().to_string(), "PID");
    let mut steady: Vec<_> = page.lines().map(str::to_owned).collect();
    let process = steady.iter_mut().find(|line| line.contains("running for")).unwrap();
    *process = process.split("running for").next().unwrap().to_owned() + "running for TIME";
    let worker = steady.iter_mut().find(|line| line.starts_with("worker")).unwrap();
    let (before, position) = worker.split_once("position ").unwrap();
    assert_eq!(row(&position.replace(',', "").parse().unwrap()), 2, "{worker}");
    *worker = format!("{before}position NUMBER");
    insta::assert_snapshot!("status", steady.join("\n"));
}

#[test]
fn nobody_else_can_ask() {
    let place = Place::new();
    place.put("a", "1");
    let _watch = running(&place, &[]);
    let folder = place.file("multiwatcher");
    assert_eq!(std::fs::metadata(&folder).unwrap().mode() & 0o777, 0o700);
    let sockets = place.sockets();
    assert_eq!(sockets.len(), 1);
    let about = std::fs::metadata(folder.join(&sockets[0])).unwrap();
    assert!(about.file_type().is_socket());
    assert_eq!(about.mode() & 0o777, 0o600);

    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).unwrap();
    let err = place.ask(["status"]).failed(3);
    assert!(err.contains("that nobody else can use (mode 0700)"), "{err}");
    // A watch goes on without.
    let watch = place.watch(["--once"]);
    assert_eq!(watch.told(), "changed a 1");
    let (status, _, err) = watch.end();
    assert_eq!(status.code(), Some(0));
    assert!(err.starts_with("note: multiwatcher status will not show this watch:"), "{err}");
}

#[test]
fn the_socket_of_a_killed_watch_is_removed() {
    let place = Place::new();
    place.put("a", "1");
    let killed = running(&place, &[]);
    killed.signal(Signal::KILL);
    killed.end();
    assert_eq!(place.sockets().len(), 1);
    let err = place.ask(["status"]).failed(1);
    assert_eq!(err, "error: no watch or service is running\n");
    assert_eq!(place.sockets(), [] as [&str; 0]);
    let err = place.ask(["status", "-b", "sqlite:world.db"]).failed(1);
    assert_eq!(err, "error: no watch or service of sqlite:world.db is running\n");
}

#[test]
fn a_watch_that_does_not_answer_is_told_and_keeps_its_socket() {
    let place = Place::new();
    place.put("a", "1");
    let (stopped, running) = (running(&place, &[]), running(&place, &[]));
    stopped.signal(Signal::STOP);
    let asked = place.ask(["status", "--json"]);
    assert_eq!(asked.code, Some(3));
    assert!(asked.out.contains(&format!("\"pid\":{}", running.pid())), "{}", asked.out);
    assert!(
        asked.err.contains("the process does not answer") && asked.err.contains("1 process could not be asked"),
        "{}",
        asked.err
    );
    assert_eq!(place.sockets().len(), 2);
    stopped.signal(Signal::CONT);
    assert_eq!(reports(&place, &[]).len(), 2);
}

#[test]
fn a_question_that_is_none_is_refused_and_the_next_one_answered() {
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;
    let place = Place::new();
    place.put("a", "1");
    let _watch = running(&place, &[]);
    let path = place.file("multiwatcher").join(&place.sockets()[0]);
    let ask = |question: &[u8]| {
        let mut stream = UnixStream::connect(&path).unwrap();
        stream.write_all(question).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    assert!(ask(b"hello\n").contains("expected a question"));
    assert!(
        ask(b"{\"version\":9,\"ask\":\"report\"}\n").contains("expected a question of version 1, got one of version 9")
    );
    // Somebody who asks nothing keeps nobody from asking.
    let _silent = UnixStream::connect(&path).unwrap();
    assert_eq!(reports(&place, &[]).len(), 1);
}
