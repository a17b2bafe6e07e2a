//! `serve`: what a first start makes and prints, what stays, what is refused, and how it ends.

use std::fmt::Write;
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;
use tokio::time::Instant;

use crate::common::{LONG, MODEL, Place, Watch};
use crate::serving::{Serving, put_model, short};

/// Where Juju listens, and so does the command.
const PORT: &str = "127.0.0.1:17070";

/// What stands in the folder, sockets aside.
fn files(place: &Place) -> Vec<String> {
    let entries = std::fs::read_dir(place.path()).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| name != "multiwatcher" && !name.ends_with("-wal") && !name.ends_with("-shm"));
    names.sort();
    names
}

/// A page that `serve` with no arguments prints, to its last line.
fn page(place: &Place) -> (Watch, String) {
    let mut command = place.command(["serve"]);
    let process = Watch::start(command.env_remove("MULTIWATCHER_BACKING"), [] as [&str; 0]);
    let (mut page, mut ends) = (String::new(), 0);
    while ends < 2 {
        let line = process.text();
        ends += usize::from(line == "END");
        writeln!(page, "{line}").unwrap();
    }
    (process, page)
}

/// The same for every run.
fn steady(place: &Place, page: &str) -> String {
    let folder = place.path().canonicalize().unwrap();
    let mut steady = String::new();
    for line in page.replace(&folder.display().to_string(), "/FOLDER").lines() {
        let drawn =
            ["controller   ", "export MODEL=", "export PASSWORD="].into_iter().find(|head| line.starts_with(head));
        match drawn {
            Some(head) if !line.contains(MODEL) && !line.contains('\'') => {
                let letters = line.len() - head.len();
                writeln!(steady, "{head}DRAWN, {letters} letters").unwrap();
            }
            Some(_) | None => writeln!(steady, "{line}").unwrap(),
        }
    }
    steady
}

#[test]
fn no_arguments_in_an_empty_folder_are_enough_and_a_second_start_keeps_what_there_is() {
    let place = Place::new();
    // Whoever has the port: it is taken.
    let holder = TcpListener::bind(PORT);
    let mut command = place.command(["serve"]);
    let err = crate::common::answer(command.env_remove("MULTIWATCHER_BACKING")).failed(3);
    assert!(err.contains(&format!("cannot listen on {PORT}")) && err.contains("choose another with --listen"), "{err}");
    assert!(!place.file("multiwatcher-users.toml").exists(), "a password that nobody has seen");
    let Ok(holder) = holder else {
        // Past the capture of the test harness.
        let said = format!("\nSKIPPED: another program has {PORT}, so nobody saw a start with no arguments\n");
        std::io::Write::write_all(&mut std::io::stderr(), said.as_bytes()).unwrap();
        return;
    };
    drop(holder);

    let (process, first) = page(&place);
    insta::assert_snapshot!("serve_first", steady(&place, &first));
    let kept = ["multiwatcher-cert.pem", "multiwatcher-controller", "multiwatcher-key.pem", "multiwatcher-users.toml"];
    assert_eq!(files(&place), [&kept[..], &["multiwatcher.db"]].concat());
    for name in ["multiwatcher-key.pem", "multiwatcher-users.toml"] {
        assert_eq!(std::fs::metadata(place.file(name)).unwrap().mode() & 0o777, 0o600, "{name}");
    }
    let password = first.lines().find_map(|line| line.strip_prefix("export PASSWORD=")).unwrap().to_owned();
    let users = std::fs::read_to_string(place.file("multiwatcher-users.toml")).unwrap();
    assert!(users.contains("[users.admin]") && users.contains("$argon2id$") && !users.contains(&password), "{users}");
    let before = kept.map(|name| std::fs::read(place.file(name)).unwrap());
    process.signal(Signal::INT);
    let (status, lines, err) = process.end();
    assert_eq!((status.code(), lines, err.as_str()), (Some(0), vec![], ""));

    place.ask(["put", "-b", "sqlite:multiwatcher.db", "model", MODEL, MODEL, r#"{"name":"first"}"#]).done();
    let (process, second) = page(&place);
    insta::assert_snapshot!("serve_again", steady(&place, &second));
    assert_eq!(kept.map(|name| std::fs::read(place.file(name)).unwrap()), before);
    let controller = |page: &str| page.lines().find(|line| line.starts_with("controller ")).unwrap().to_owned();
    assert_eq!(controller(&first), controller(&second));
    assert!(!second.contains(&password));
    process.signal(Signal::INT);
    assert_eq!(process.end().0.code(), Some(0));
}

#[tokio::test]
async fn a_client_that_logs_in_sees_what_put_writes_and_is_told_the_end() {
    let place = Place::new();
    put_model(&place);
    let serving = Serving::start(&place, ["--admin", "127.0.0.1:0"]);
    assert_eq!(serving.fact("model"), MODEL);
    let mut client = serving.connect().await;
    let reply = client.log_in("admin", serving.fact("password")).await;
    let info = &reply["response"];
    assert_eq!(info["controller-tag"], format!("controller-{}", serving.fact("controller")));
    assert_eq!(info["user-info"]["controller-access"], "superuser", "{reply}");
    let id = client.watch_all().await;
    assert_eq!(short(&client.next(&id).await), ["model change first"]);
    let waiting = client.ask("AllWatcher", "Next", &id, Value::Null).await;
    place.put("redis/0", r#"{"name":"redis/0","life":"alive"}"#);
    let reply = client.reply_to(waiting).await;
    assert_eq!(short(reply["response"]["deltas"].as_array().unwrap()), ["unit change redis/0"]);

    let status = place.ask(["status", "--json", "-b", "sqlite:world.db"]).done();
    let status: Value = serde_json::from_str(&status).unwrap();
    assert_eq!((&status["command"], &status["entities"]), (&"serve".into(), &2.into()), "{status}");
    assert_eq!(status["pid"], serving.process.pid());
    // The model cache, and the client.
    assert_eq!(status["watchers"]["caught_up"], 2, "{status}");
    assert!(place.ask(["status"]).done().starts_with("serve of sqlite:world.db\n"));

    let waiting = client.ask("AllWatcher", "Next", &id, Value::Null).await;
    client.call("Pinger", "Ping", "", Value::Null).await;
    serving.process.signal(Signal::TERM);
    let told = client.reply_to(waiting).await;
    assert_eq!(told["error"], "shared state watcher was stopped: the service is shutting down");
    assert_eq!(u16::from(client.closed().await.expect("it says why").code), 1001);
    // Reading on, the client answers the close, as clients do.
    assert!(client.closed().await.is_none(), "nothing comes after it");
    let (status, _, err) = serving.process.end();
    assert_eq!((status.code(), err.as_str()), (Some(0), ""));
    assert_eq!(place.sockets(), [] as [&str; 0]);
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let place = Place::new();
    put_model(&place);
    let serving = Serving::start(&place, [] as [&str; 0]);
    let mut client = serving.connect().await;
    client.log_in("admin", serving.fact("password")).await;
    // It does not look at what comes, so that the closing takes its time.
    serving.process.signal(Signal::TERM);
    let start = Instant::now();
    while tokio::net::TcpStream::connect(serving.fact("address")).await.is_ok() {
        assert!(start.elapsed() < LONG, "it goes on listening");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    serving.process.signal(Signal::INT);
    let (status, ..) = serving.process.end();
    assert_eq!(status.code(), Some(130));
    drop(client);
}

#[tokio::test]
async fn a_certificate_that_is_given_is_shown_and_the_uuid_may_be_given_too() {
    let place = Place::new();
    put_model(&place);
    let made = multiwatcher::service::Certificate::load_or_make(&place.file("c.pem"), &place.file("k.pem")).unwrap();
    let args = ["--tls-cert", "c.pem", "--tls-key", "k.pem", "--users", "u.toml", "--controller", MODEL];
    let serving = Serving::start(&place, args);
    assert!(serving.fact("certificate").ends_with("/c.pem") && serving.fact("users").ends_with("/u.toml"));
    assert_eq!(std::fs::read_to_string(serving.fact("certificate")).unwrap(), made.certificate_pem());
    assert_eq!(serving.fact("controller"), MODEL);
    // The client trusts this one alone.
    assert!(serving.takes("admin", serving.fact("password")).await);
    serving.stop();
    assert_eq!(files(&place), ["c.pem", "k.pem", "u.toml", "world.db"]);
}

#[test]
fn what_cannot_be_served_is_refused_with_what_was_expected() {
    let place = Place::new();
    multiwatcher::service::Certificate::load_or_make(&place.file("c.pem"), &place.file("k.pem")).unwrap();
    multiwatcher::service::Certificate::load_or_make(&place.file("c2.pem"), &place.file("k2.pem")).unwrap();
    place.write("users.toml", "[users.bob]\npassword = \"s3cret\"\n");
    place.write("text.db", "this is no database, though it is long enough to be looked at ".repeat(30));
    let before = files(&place);
    let cases: &[(&[&str], i32)] = &[
        (&["--tls-cert", "c.pem"], 2),
        (&["--tls-key", "k.pem"], 2),
        (&["--tls-cert", "c.pem", "--tls-key", "nothing.pem"], 2),
        (&["--tls-cert", "c.pem", "--tls-key", "c.pem"], 2),
        (&["--tls-cert", "c.pem", "--tls-key", "k2.pem"], 2),
        (&["--listen", "localhost:17070"], 2),
        (&["--admin", "17071"], 2),
        (&["--users", "users.toml"], 2),
        (&["--backing", "world.db"], 2),
        (&["--backing", "sqlite:nowhere/world.db"], 3),
        (&["--backing", "sqlite:text.db"], 3),
    ];
    let mut page = String::new();
    for (args, code) in cases {
        let err = place.ask([&["serve"], *args].concat()).failed(*code);
        writeln!(page, "$ multiwatcher serve {}\n{err}", args.join(" ")).unwrap();
    }
    assert_eq!(files(&place), before, "nothing was made");
    insta::assert_snapshot!("serve_errors", page);

    // Half a pair: nothing of the user's is replaced.
    place.write("multiwatcher-cert.pem", "mine");
    let err = place.ask(["serve", "--listen", "127.0.0.1:0"]).failed(2);
    assert!(err.contains("multiwatcher-key.pem is not there") && err.contains("put it back"), "{err}");
    assert_eq!(std::fs::read_to_string(place.file("multiwatcher-cert.pem")).unwrap(), "mine");
}

#[test]
fn a_user_whose_password_nobody_could_read_is_not_kept() {
    let place = Place::new();
    let mut command = place.command(["serve", "--listen", "127.0.0.1:0"]);
    // Whoever should read the output has gone.
    let (reading, writing) = std::io::pipe().unwrap();
    drop(reading);
    let mut child = command.stdout(writing).spawn().unwrap();
    drop(command);
    assert_eq!(crate::common::wait(&mut child).code(), Some(0));
    assert_eq!(files(&place), ["multiwatcher-cert.pem", "multiwatcher-controller", "multiwatcher-key.pem", "world.db"]);
    let serving = Serving::start(&place, [] as [&str; 0]);
    assert!(serving.facts["password"].is_string());
    serving.stop();
}

#[test]
fn a_port_of_the_page_that_is_taken_names_its_option() {
    let place = Place::new();
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let admin = holder.local_addr().unwrap().to_string();
    let err = place.ask(["serve", "--listen", "127.0.0.1:0", "--admin", &admin]).failed(3);
    assert!(err.contains(&admin) && err.contains("choose another with --admin"), "{err}");
}
