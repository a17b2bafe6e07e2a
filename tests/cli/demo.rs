//! `demo`: the same seed shows the same world, and it can be stopped.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};

use crate::common::{Place, wait};

#[test]
fn the_same_seed_shows_the_same_world() {
    let place = Place::new();
    let demo = |seed: &str| place.ask(["demo", "--seed", seed, "--steps", "12", "--pace", "0"]).done();
    let page = demo("7");
    assert!(page.lines().all(|line| line.chars().count() <= 60), "{page}");
    insta::assert_snapshot!("demo", page);
    assert_eq!(demo("7"), page);
    assert_ne!(demo("8"), page);
}

#[test]
fn it_goes_on_until_it_is_stopped_and_leaves_nothing_behind() {
    let place = Place::new();
    let mut command = place.command(["demo", "--pace", "1"]);
    let mut child = command.env("TMPDIR", place.path()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().starts_with("commit 30 ")));
    let left = || std::fs::read_dir(place.path()).unwrap().count();
    assert_eq!(left(), 1);
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    lines.for_each(drop);
    assert_eq!(wait(&mut child).code(), Some(130));
    assert_eq!(left(), 0);
}
