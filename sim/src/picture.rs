//! The picture of a run: one page that needs nothing else, with a lane for each party, the revnos beside them, wake-ups as arrows, and
//! each batch with the revnos it coalesced. The story goes into it as numbers (`encode`); what draws them stands beside this file.

mod encode;

use serde::Serialize;

use crate::decisions::Decisions;
use crate::page;
use crate::story::Story;
use encode::Encoded;

const PAGE: &str = include_str!("picture/page.html");
const STYLE: &str = include_str!("picture/style.css");
const SCRIPT: &str = include_str!("picture/draw.js");

/// What is said about the run as a whole, and its steps.
#[derive(Debug, Serialize)]
struct Picture<'a> {
    title: String,
    verdict: &'a str,
    promise: &'a str,
    seen: &'a str,
    regime: String,
    /// The row at which it was seen that something is broken, -1 if nothing is.
    wrong: i64,
    #[serde(flatten)]
    steps: Encoded,
}

/// The page.
pub fn html(decisions: &Decisions, story: &Story) -> String {
    let broken = story.replayed.broken.as_ref();
    let header = &decisions.header;
    let picture = Picture {
        title: format!("seed {}, world {}", header.seed, header.world),
        verdict: broken.map_or("clean", |broken| broken.name()),
        promise: broken.map_or("", |broken| broken.promise_in_words()),
        seen: broken.map_or("", |broken| &broken.text),
        regime: page::drawn(header, page::WIDTH),
        wrong: story.wrong().and_then(|at| i64::try_from(at).ok()).unwrap_or(-1),
        steps: Encoded::of(decisions, story),
    };
    let json = serde_json::to_string(&picture).expect("numbers and texts can be written");
    // A text in the story must not end the element it stands in.
    let json = json.replace("</", "<\\/").replace("<!--", "<\\u0021--");
    let mut html = String::with_capacity(json.len() + PAGE.len() + STYLE.len() + SCRIPT.len());
    let mut rest = PAGE;
    for (place, text) in [("/*style*/", STYLE), ("/*story*/", json.as_str()), ("/*script*/", SCRIPT)] {
        let (before, after) = rest.split_once(place).expect("the page has a place for each part, in this order");
        html.push_str(before);
        html.push_str(text);
        rest = after;
    }
    html + rest
}
