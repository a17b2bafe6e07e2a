//! The picture of a run, opened in a browser without a screen: the wrong step is marked and in view, a link leads to a step, something
//! is drawn, and a long run stays small. Where there is no browser, the size alone is checked, and that is said.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::common::{Asked, ask, folder, write};
use multiwatcher::machine::StoreManager;
use multiwatcher::testing::{Choices, Generator, Regime, Stream, Subject, Val};
use multiwatcher_sim::course::Course;
use multiwatcher_sim::decisions::{Decisions, Header};
use multiwatcher_sim::driven::Driven;
use multiwatcher_sim::picture;
use multiwatcher_sim::random::Random;
use multiwatcher_sim::schedulers::Kind;
use multiwatcher_sim::story::Story;
use multiwatcher_sim::worlds::{Maker, Simulated};

/// What a page of ten thousand steps may weigh.
const MOST_BYTES: usize = 500_000;
const STEPS: usize = 10_000;

#[test]
fn the_wrong_step_is_marked_and_in_view() {
    let folder = folder("picture");
    let page = folder.join("canary.html");
    let Asked { code, out, err } = ask(&["replay", "tests/all/canary.capsule", "--html", &page.to_string_lossy()]);
    assert_eq!((code, err.as_str()), (1, ""), "{out}");
    assert!(out.starts_with("picture: ") && out.contains("BROKEN  stop-quiescent at step 28"), "{out}");
    let Some(browser) = browser() else { return };

    let dom = dom(&browser, &folder, &page, "");
    assert!(dom.contains(r#"<g data-step="28" class="row wrong chosen""#), "{dom}");
    assert!(in_view(&dom, 28), "{dom}");
    assert!(dom.contains(r##"<a href="#step-28">"##), "{dom}");
    assert!(dom.contains("BROKEN stop-quiescent: reader 1 has stopped, and its call 3 was not woken"), "{dom}");
    assert!(dom.contains(r#"class="wake""#) && dom.contains(r#"class="batch""#), "{dom}");
    // A lane for each party that moves and for each reader, and one line for the revnos.
    assert_eq!(dom.matches(r#"class="lane""#).count(), 3 + 6, "{dom}");

    for (name, size) in [("wide", "1200,900"), ("phone", "390,844")] {
        let colours = colours(&screenshot(&browser, &folder, &page, name, size));
        // The tint of the wrong step, a dot, a wake-up and a batch.
        for colour in [[0xf9, 0xda, 0xd7], [0x2c, 0x5a, 0xa0], [0xb2, 0x6a, 0x00], [0x2f, 0x7d, 0x4f]] {
            assert!(colours.contains(&colour), "{colour:x?} is nowhere on the {name} screenshot");
        }
    }
}

/// Zooming is done by the page's own handlers: each of these scripts does what somebody does who looks at it.
#[test]
fn zooming_shows_other_steps_and_the_marked_one_stays_in_view() {
    let folder = folder("zoomed-picture");
    let page = folder.join("canary.html");
    ask(&["replay", "tests/all/canary.capsule", "--html", &page.to_string_lossy()]);
    let Some(browser) = browser() else { return };
    let html = std::fs::read_to_string(&page).expect("the picture is where it was wanted");
    let after = |name: &str, script: &str| {
        let acted = html.replace("</body>", &format!("<script>{script}</script></body>"));
        assert_ne!(acted, html, "the page has an end");
        dom(&browser, &folder, Path::new(&write(&folder, &format!("{name}.html"), &acted)), "")
    };
    let rows = |dom: &str| {
        let (from, to) = view(dom);
        to + 1 - from
    };
    let before = after("nothing", "");
    assert!(view(&before).1 == 28 && view(&before).0 > 0, "not all 29 steps are in view: {:?}", view(&before));
    let key = |key: &str| format!("document.dispatchEvent(new KeyboardEvent('keydown', {{ key: '{key}' }}));");
    let click = |id: &str| format!("document.getElementById('{id}').click();");
    let wheel = |way: i32| {
        format!(
            "{{ const row = document.querySelector('.row.wrong').getBoundingClientRect();
            document.getElementById('scroll').dispatchEvent(new WheelEvent('wheel', {{
              ctrlKey: true, cancelable: true, deltaY: {way}, clientY: row.top + row.height / 2 }})); }}"
        )
    };
    for (name, larger, smaller) in
        [("key", key("+"), key("-")), ("button", click("in"), click("out")), ("wheel", wheel(-1), wheel(1))]
    {
        for (script, is_larger) in [(larger, true), (smaller, false)] {
            let dom = after(&format!("{name}-{is_larger}"), &script);
            let (was, is) = (rows(&before), rows(&dom));
            assert!(
                if is_larger { is < was } else { is > was },
                "{name}: {was} steps were in view, {is} are: {:?}",
                view(&dom)
            );
            assert!(dom.contains(r#"<g data-step="28" class="row wrong chosen""#), "{name}: {dom}");
            assert!(in_view(&dom, 28), "{name}: {:?}", view(&dom));
        }
    }
    // Only with the key that says so the wheel zooms; otherwise it scrolls.
    let dom = after("scrolls", &wheel(-1).replace("ctrlKey: true", "ctrlKey: false"));
    assert_eq!(view(&dom), view(&before));
}

#[test]
fn ten_thousand_steps_fit_into_half_a_megabyte_and_each_has_a_link() {
    let folder = folder("long-picture");
    for seed in 0..8 {
        let sizes = [long_run::<StoreManager<Val>>(seed), long_run::<Driven<StoreManager<Val>>>(seed)]
            .map(|(html, _)| html.len());
        assert!(sizes.iter().all(|size| *size < MOST_BYTES), "seed {seed}: {sizes:?}");
    }
    let (html, story) = long_run::<StoreManager<Val>>(7);
    let page = PathBuf::from(write(&folder, "long.html", &html));
    let Some(browser) = browser() else { return };

    let dom = dom(&browser, &folder, &page, "#step-9000");
    assert!(dom.contains(r#"<g data-step="9000" class="row chosen""#), "{dom}");
    assert!(in_view(&dom, 9000), "{dom}");
    // What was written as numbers is read as the same text, after so many others.
    let told = &story.told[9000];
    let revno = told.revno.expect("nothing panicked").0;
    for part in [
        format!("step 9000 · {} ms · r{revno}", told.millis()),
        format!("<b>{}: {}</b>", told.who, told.what),
        told.noted.first().map_or_else(String::new, |note| format!("<div>{note}</div>")),
    ] {
        assert!(dom.contains(&part), "no {part:?} in {dom}");
    }
    let drawn = dom.matches("<g data-step=").count();
    assert!((20..200).contains(&drawn), "only what is in view is in the document, not {drawn} steps");
    // Batches that coalesced several revnos have bars with notches.
    assert!(dom.contains(r#"class="bar""#) && dom.contains(r#"class="notch""#), "{dom}");
}

#[test]
fn a_run_that_keeps_its_promises_has_a_picture_too() {
    let folder = folder("clean-picture");
    let page = folder.join("clean.html");
    let Asked { code, out, err } = ask(&["replay", "4711", "--html", &page.to_string_lossy()]);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    let Some(browser) = browser() else { return };
    let dom = dom(&browser, &folder, &page, "");
    assert!(dom.contains(r#"<g data-step="0" class="row chosen""#) && !dom.contains(r#"class="row wrong"#), "{dom}");
}

#[test]
fn a_campaign_draws_its_failure() {
    let folder = folder("campaign-picture");
    let (page, failures) = (folder.join("failure.html"), folder.to_string_lossy().into_owned());
    let html = page.to_string_lossy().into_owned();
    let Asked { code, out, .. } =
        ask(&["run", "--seeds", "0..50", "--world", "canary", "--failures", &failures, "--html", &html]);
    assert_eq!(code, 1, "{out}");
    assert!(out.ends_with(&format!("\npicture: {html}\n")), "{out}");
    let picture = std::fs::read_to_string(page).expect("the picture is where it was wanted");
    let file = out.lines().find_map(|line| line.strip_prefix("replay: cargo sim replay ")).expect("a file was written");
    let again = folder.join("again.html");
    ask(&["replay", file, "--html", &again.to_string_lossy()]);
    assert!(picture == std::fs::read_to_string(again).unwrap(), "a run and its replay have the same picture");
}

/// A page of a run of so many steps, all by uniform choice.
fn long_run<S: Simulated>(seed: u64) -> (String, Story) {
    let mut random = Random::new(seed);
    let mut regime = Regime::draw(&mut random);
    regime.budgets.owner = 0;
    regime.budgets.writer = u16::MAX;
    regime.budgets.opens = u16::MAX;
    regime.faults.for_good = 0;
    let mut course = Course::<S>::new();
    course.begin(seed, &regime).expect("what ships keeps its promises");
    let mut operations = Vec::new();
    while operations.len() < STEPS {
        let parties: Vec<_> = regime.parties().filter(|party| course.stage().enabled(*party)).collect();
        let party = parties[random.below(Stream::Schedule, u32::try_from(parties.len()).expect("a handful")) as usize];
        let Some(operation) = Generator::draw(course.stage(), party, &mut random) else { continue };
        if course.step(&operation).unwrap_or_else(|broken| panic!("what ships keeps its promises: {broken:?}")) {
            operations.push(operation);
        }
    }
    let world = S::WORLD.name().to_owned();
    let header = Header { world, seed, scheduler: Kind::Uniform, broken: String::new(), regime };
    let decisions = Decisions { header, operations, healing: None };
    of(Maker::<S>::default(), &decisions)
}

fn of<S: Subject>(maker: Maker<S>, decisions: &Decisions) -> (String, Story) {
    let story = Story::of(maker, decisions).expect("nobody refuses to be told");
    assert_eq!(story.told.len(), decisions.operations.len() + 1);
    (picture::html(decisions, &story), story)
}

/// The browser, if there is one. If not, that is said loudly: a check that did not run is no check.
fn browser() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<_> = std::env::split_paths(&path).collect();
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let found =
        names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name))).find(|path| path.is_file());
    if found.is_none() {
        // Past the capture of the test harness.
        let said = "SKIPPED: none of chromium, chromium-browser and google-chrome is installed, so nobody looked at the picture";
        let _ = std::io::Write::write_all(&mut std::io::stderr(), format!("\n{said}\n").as_bytes());
    }
    found
}

/// A browser that opens this page, with a profile of its own.
fn open(browser: &Path, folder: &Path, page: &Path, place: &str, what: &[&str]) -> std::process::Output {
    let profile = folder.join("profile");
    Command::new(browser)
        .args([
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--hide-scrollbars",
        ])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .arg(format!("--user-data-dir={}", profile.display()))
        .args(what)
        .arg(format!("file://{}{place}", page.display()))
        .stdin(Stdio::null())
        .output()
        .expect("the browser is a program")
}

/// The document after the script has run.
fn dom(browser: &Path, folder: &Path, page: &Path, place: &str) -> String {
    let output =
        open(browser, folder, page, place, &["--window-size=1000,800", "--virtual-time-budget=2000", "--dump-dom"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let dom = String::from_utf8(output.stdout).expect("a document is text");
    // What the page brought along is not what was drawn.
    dom.split("<script type=\"application/json\"").next().unwrap_or_default().to_owned()
}

/// Whether the row stands on the screen as a whole, as the script reckons it.
fn in_view(dom: &str, row: usize) -> bool {
    let (from, to) = view(dom);
    (from..=to).contains(&row)
}

/// The first and the last row that do.
fn view(dom: &str) -> (usize, usize) {
    let range =
        dom.split("data-in-view=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("the script says it");
    let (from, to) = range.split_once("..").expect("a range");
    let number = |text: &str| text.parse().expect("the ends of a range are numbers");
    (number(from), number(to))
}

fn screenshot(browser: &Path, folder: &Path, page: &Path, name: &str, size: &str) -> PathBuf {
    let path = folder.join(format!("{name}.png"));
    let (shot, size) = (format!("--screenshot={}", path.display()), format!("--window-size={size}"));
    let output = open(browser, folder, page, "", &[&size, &shot]);
    assert!(path.is_file(), "no screenshot: {}", String::from_utf8_lossy(&output.stderr));
    path
}

/// Every colour on an image.
fn colours(path: &Path) -> BTreeSet<[u8; 3]> {
    let file = BufReader::new(File::open(path).expect("the screenshot can be read"));
    let mut reader = png::Decoder::new(file).read_info().expect("the screenshot is a PNG");
    let mut pixels = vec![0; reader.output_buffer_size().expect("it fits into memory")];
    let frame = reader.next_frame(&mut pixels).expect("the screenshot is whole");
    let samples = frame.color_type.samples();
    assert!(samples >= 3, "a screenshot has colours");
    pixels[..frame.buffer_size()].chunks_exact(samples).map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect()
}
