//! `user`: the file, who is in it, and that a service that runs takes it up.

use std::os::unix::fs::PermissionsExt;

use crate::common::{Asked, MODEL, OTHER, Place};
use crate::serving::{Serving, put_model};

/// Adds somebody whose password is `s3cret-NAME`.
fn add(place: &Place, name: &str, args: &[&str]) -> Asked {
    place.ask_with([&["user", "add", name, "--password-stdin"], args].concat(), format!("s3cret-{name}\n").as_bytes())
}

#[test]
fn users_are_added_listed_and_removed() {
    let place = Place::new();
    assert_eq!(place.ask(["user", "list"]).done(), "no users: nobody can log in\n");
    assert_eq!(
        add(&place, "bob", &["--model", &format!("{MODEL}=read"), "-m", &format!("{OTHER}=admin")]).done(),
        "bob may log in\n"
    );
    add(&place, "ann", &["--access", "superuser"]).done();
    let file = place.file("multiwatcher-users.toml");
    let mode = || std::fs::metadata(&file).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(), 0o600);
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("$argon2id$") && !text.contains("s3cret"), "{text}");
    let page = place.ask(["user", "list"]).done();
    assert!(page.lines().all(|line| line.chars().count() <= 60), "{page}");
    insta::assert_snapshot!("users", page);
    insta::assert_snapshot!("users_json", place.ask(["user", "list", "--json"]).done());

    // One that others could read can not be read by them any more.
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(place.ask(["user", "remove", "ann"]).done(), "");
    assert_eq!(mode(), 0o600);
    assert!(!place.ask(["user", "list"]).done().contains("ann"));
    let err = place.ask(["user", "remove", "ann"]).failed(1);
    assert_eq!(err, "error: there is no user \"ann\" in multiwatcher-users.toml\n");
}

#[test]
fn what_makes_no_user_is_told_and_changes_nothing() {
    let place = Place::new();
    add(&place, "bob", &[]).done();
    let file = place.file("multiwatcher-users.toml");
    let before = std::fs::read(&file).unwrap();
    let mut page = String::new();
    let mut tell = |err: String| page += &(err + "\n");
    tell(add(&place, "bob", &[]).failed(2));
    tell(add(&place, "-bob", &[]).failed(2));
    tell(add(&place, "bob@local", &[]).failed(2));
    tell(add(&place, "eve", &["--access", "root"]).failed(2));
    tell(add(&place, "eve", &["--model", MODEL]).failed(2));
    tell(add(&place, "eve", &["--model", &format!("{MODEL}=look")]).failed(2));
    tell(add(&place, "eve", &["-m", &format!("{MODEL}=read"), "-m", &format!("{MODEL}=admin")]).failed(2));
    for input in ["", "\n", "one\ntwo\n", &"x".repeat(2000)] {
        tell(place.ask_with(["user", "add", "eve", "--password-stdin"], input.as_bytes()).failed(2));
    }
    insta::assert_snapshot!("user_errors", page);
    assert_eq!(std::fs::read(&file).unwrap(), before);

    std::fs::write(&file, "users = 1").unwrap();
    for args in [&["user", "list"][..], &["user", "remove", "bob"], &["user", "add", "eve"]] {
        let err = place.ask(args).failed(2);
        assert!(err.contains("multiwatcher-users.toml\n  the file of users: "), "{err}");
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "users = 1");
}

#[test]
fn of_many_that_are_added_at_once_none_is_lost() {
    let place = Place::new();
    let names: Vec<_> = (0..8).map(|number| format!("user{number}")).collect();
    let adding = names.iter().map(|name| place.command(["user", "add", name]).spawn().unwrap());
    let adding: Vec<_> = adding.collect();
    for mut child in adding {
        assert_eq!(crate::common::wait(&mut child).code(), Some(0));
    }
    let listed = place.ask(["user", "list", "--json"]).done();
    assert_eq!(listed.lines().count(), names.len(), "{listed}");
}

#[tokio::test]
async fn a_service_that_runs_takes_up_who_is_added_and_who_is_removed() {
    let place = Place::new();
    put_model(&place);
    add(&place, "ann", &[]).done();
    let serving = Serving::start(&place, [] as [&str; 0]);
    assert!(serving.facts["password"].is_null(), "there are users, so none is made");
    assert_eq!(serving.fact("user"), "ann");
    assert!(!serving.takes("bob", "s3cret-bob").await);
    add(&place, "bob", &["--model", &format!("{MODEL}=read")]).done();
    assert!(serving.takes("bob", "s3cret-bob").await);
    assert!(!serving.takes("bob", "s3cret-ann").await);
    let drawn = place.ask(["user", "add", "eve", "--access", "superuser"]).done();
    let password = drawn.lines().last().unwrap();
    assert!(drawn.starts_with("eve may log in with this password, shown once:\n"), "{drawn}");
    assert!(serving.takes("eve", password).await);

    let mut connected = serving.connect().await;
    connected.log_in("bob", "s3cret-bob").await;
    place.ask(["user", "remove", "bob"]).done();
    assert!(!serving.takes("bob", "s3cret-bob").await);
    // Who is connected stays so.
    let id = connected.watch_all().await;
    assert_eq!(connected.next(&id).await.len(), 1);
    drop(connected);
    serving.stop();
}
