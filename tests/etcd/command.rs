//! The command `multiwatcher` at an etcd.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use crate::common::{PREFIX, key};
use crate::security;
use crate::server::Server;

const MODEL: &str = "00000000-0000-0000-0000-000000000001";

pub(crate) async fn what_the_command_writes_it_reads_again() {
    let server = Server::start().await;
    let backing = format!("etcd:{}/world", server.endpoint());
    let ask = |args: &[&str], input: &str| done(&backing, args, input);
    // More than one transaction of a server holds.
    let lines: Vec<String> = (0..250)
        .map(|number| format!(r#"{{"kind":"unit","model":"{MODEL}","id":"mysql/{number:03}","value":{number}}}"#))
        .collect();
    let told = ask(&["import", "-"], &lines.join("\n"));
    assert!(told.contains("250 entities in 3 transactions"), "{told}");
    ask(&["put", "unit", MODEL, "mysql/000", r#"{"life":"alive"}"#], "");
    ask(&["rm", "unit", MODEL, "mysql/249"], "");
    assert_eq!(ask(&["get", "unit", MODEL, "mysql/000"], "").trim(), r#"{"life":"alive"}"#);
    let mut expected = lines[..249].to_vec();
    expected[0] = format!(r#"{{"kind":"unit","model":"{MODEL}","id":"mysql/000","value":{{"life":"alive"}}}}"#);
    assert_eq!(ask(&["export"], "").lines().collect::<Vec<_>>(), expected);
    assert_eq!(ask(&["watch", "--once", "--json"], "").lines().count(), 249);
    assert!(ask(&["models"], "").contains(MODEL));
}

pub(crate) async fn it_signs_on_with_what_the_environment_says_and_finds_what_etcdctl_wrote() {
    let server = security::with_users().await;
    server.etcdctl_with(&["put", &key("x"), "1"], &["--user", "writer:writer's word"]);
    // The prefix begins with a slash, and stands behind one.
    let backing = format!("etcd:{}/{PREFIX}", server.endpoint());
    let password = server.file("password");
    std::fs::write(&password, "writer's word\n").unwrap();
    let get = ["get", "unit", MODEL, "x"];
    let user = ("MULTIWATCHER_ETCD_USER", "writer");
    for way in [
        ("MULTIWATCHER_ETCD_PASSWORD", "writer's word"),
        ("MULTIWATCHER_ETCD_PASSWORD_FILE", password.to_str().unwrap()),
    ] {
        let (told, error) = asked(&backing, &[user, way], &get, "");
        assert_eq!(told.as_deref(), Some("1\n"), "{error}");
    }
    let (told, error) = asked(&backing, &[], &get, "");
    assert!(told.is_none() && error.contains("user name is empty"), "{error}");
    let (told, error) = asked(&backing, &[user], &get, "");
    assert!(told.is_none() && error.contains("expected MULTIWATCHER_ETCD_PASSWORD or "), "{error}");
}

pub(crate) async fn it_knows_and_shows_certificates_that_the_environment_names() {
    let ours = security::certificates();
    let (folder, mut server) = security::with_certificates(&ours);
    assert!(server.answers_anyone().await);
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (authority, certificate, key) =
        (file("ca", &ours.authority), file("cert", &ours.client.0), file("key", &ours.client.1));
    let known = [
        ("MULTIWATCHER_ETCD_CACERT", authority.as_str()),
        ("MULTIWATCHER_ETCD_CERT", &certificate),
        ("MULTIWATCHER_ETCD_KEY", &key),
    ];
    let backing = format!("etcd:{}/world", server.endpoint());
    let put = ["put", "unit", MODEL, "x", "1"];
    let (told, error) = asked(&backing, &known, &put, "");
    assert!(told.is_some(), "{error}");
    let (told, error) = asked(&backing, &[], &put, "");
    assert!(told.is_none() && error.contains("certificate"), "{error}");
}

fn done(backing: &str, args: &[&str], input: &str) -> String {
    let (told, error) = asked(backing, &[], args, input);
    told.unwrap_or_else(|| panic!("{args:?}: {error}"))
}

/// What the command says, if it was done, and what of errors.
fn asked(backing: &str, environment: &[(&str, &str)], args: &[&str], input: &str) -> (Option<String>, String) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_multiwatcher"));
    program.args(args).env("MULTIWATCHER_BACKING", backing).envs(environment.iter().copied());
    let mut child = program.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    let told = status.success().then(|| String::from_utf8(stdout).unwrap());
    (told, String::from_utf8_lossy(&stderr).into_owned())
}
