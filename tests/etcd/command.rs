//! The command `multiwatcher` at an etcd.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use crate::common;
use crate::server::Server;

const MODEL: &str = "00000000-0000-0000-0000-000000000001";

pub(crate) fn what_the_command_writes_it_reads_again() {
    common::run(round_trip());
}

async fn round_trip() {
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

fn done(backing: &str, args: &[&str], input: &str) -> String {
    let mut program = Command::new(env!("CARGO_BIN_EXE_multiwatcher"));
    program.args(args).env("MULTIWATCHER_BACKING", backing);
    let mut child = program.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    assert!(status.success(), "{args:?}: {}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).unwrap()
}
