//! Operations in words.

use multiwatcher::testing::{CallKind, Failing, Operation, StaleKind, Token};

use super::Words;

/// What is done.
pub fn operation(operation: &Operation, words: Words<'_>) -> String {
    match operation {
        Operation::Commit { .. }
        | Operation::Notice { .. }
        | Operation::Mark { .. }
        | Operation::ReadUnasked { .. }
        | Operation::Accept
        | Operation::Subscribed
        | Operation::ReadLoad { .. }
        | Operation::LoadDone
        | Operation::ReadFetch { .. }
        | Operation::Deliver { .. }
        | Operation::Lose { .. }
        | Operation::Fail { .. } => of_the_backing(operation, words),
        Operation::Advance { micros } => format!("wait {micros} us"),
        Operation::Timeout => "look at the deadlines".to_owned(),
        Operation::Deadline { late: 0 } => "wait for the next deadline".to_owned(),
        Operation::Deadline { late } => format!("wait for the next deadline and {late} us"),
        Operation::Die
        | Operation::Close
        | Operation::Silence
        | Operation::Speak
        | Operation::Prune { .. }
        | Operation::Rewind { .. }
        | Operation::Ail { .. }
        | Operation::Mend { .. }
        | Operation::Stale { .. }
        | Operation::Jump { .. }
        | Operation::Kill => of_the_saboteur(operation, words),
        Operation::Turn => "its turn".to_owned(),
        Operation::Abort => "drop the worker's task".to_owned(),
        Operation::Open { .. }
        | Operation::Resume { .. }
        | Operation::Next { .. }
        | Operation::Poll { .. }
        | Operation::PollOver { .. }
        | Operation::TryNext { .. }
        | Operation::Drop { .. }
        | Operation::Progress { .. }
        | Operation::Stop { .. } => of_a_reader(operation, words),
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the caller has listed what comes here")]
fn of_the_backing(operation: &Operation, words: Words<'_>) -> String {
    match *operation {
        Operation::Commit { changes, skip: 0 } => format!("commit {}", words.changes(&changes)),
        Operation::Commit { changes, skip } => format!("commit {}, {skip} positions left out", words.changes(&changes)),
        Operation::Notice { ids, twice: false } => format!("notice of {}", words.ids(ids)),
        Operation::Notice { ids, twice: true } => format!("notice of {}, each named twice", words.ids(ids)),
        Operation::Mark { behind: 0 } => "mark".to_owned(),
        Operation::Mark { behind } => format!("mark sent {behind} commits ago"),
        Operation::ReadUnasked { skip } => format!("read a step nobody asked for{}", moved(skip)),
        Operation::Accept => "begin to listen".to_owned(),
        Operation::Subscribed => "subscribed".to_owned(),
        Operation::ReadLoad { ids, absent } => {
            format!("load reads {}{}", words.ids(ids), if absent { ", absences told" } else { "" })
        }
        Operation::LoadDone => "load done".to_owned(),
        Operation::ReadFetch { fetch, skip, omit, behind } => {
            let omit = if omit.is_empty() { String::new() } else { format!(", without {}", words.ids(omit)) };
            let behind = if behind == 0 { String::new() } else { format!(", {behind} commits ago") };
            format!("read the answer to fetch {fetch}{}{omit}{behind}", moved(skip))
        }
        Operation::Deliver { flight, keep: false } => format!("deliver {flight}"),
        Operation::Deliver { flight, keep: true } => format!("deliver {flight}, and once more later"),
        Operation::Lose { flight } => format!("lose {flight}"),
        Operation::Fail { call, why } => {
            let call = match call {
                CallKind::Subscribe => "subscribing".to_owned(),
                CallKind::Load => "the load".to_owned(),
                CallKind::Fetch(fetch) => format!("fetch {fetch}"),
            };
            let why = match why {
                Failing::Passing => "",
                Failing::ForGood => " for good",
            };
            format!("{call} fails{why}")
        }
        ref other => unreachable!("{other:?} is no operation of the backing"),
    }
}

fn moved(skip: i8) -> String {
    match skip {
        0 => String::new(),
        1.. => format!(", {skip} commits too late"),
        ..0 => format!(", {} commits early", skip.unsigned_abs()),
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the caller has listed what comes here")]
fn of_the_saboteur(operation: &Operation, words: Words<'_>) -> String {
    match *operation {
        Operation::Die => "the connection dies".to_owned(),
        Operation::Close => "the subscription closes".to_owned(),
        Operation::Silence => "silence begins".to_owned(),
        Operation::Speak => "silence ends".to_owned(),
        Operation::Prune { keep } => format!("prune the log to {keep} commits"),
        Operation::Rewind { back, told } => format!("go back {back} commits{}", if told { "" } else { ", untold" }),
        Operation::Ail { id, once: true } => format!("{} cannot be read once", words.id(id)),
        Operation::Ail { id, once: false } => format!("{} cannot be read", words.id(id)),
        Operation::Mend { id } => format!("{} can be read again", words.id(id)),
        Operation::Stale { kind, age } => {
            let kind = match kind {
                StaleKind::Subscribed => "subscribed",
                StaleKind::Staged => "part of a load",
                StaleKind::LoadDone => "load done",
                StaleKind::Notice => "notice",
                StaleKind::Mark => "mark",
                StaleKind::Step => "step",
                StaleKind::Fetched => "answer",
                StaleKind::Failed => "failure",
            };
            if age == 0 { format!("unasked: {kind}") } else { format!("{age} generations old: {kind}") }
        }
        Operation::Jump { minutes, told } => {
            format!("the clock jumps {minutes} min ahead{}", if told { ", and deadlines are looked at" } else { "" })
        }
        Operation::Kill => "kill".to_owned(),
        ref other => unreachable!("{other:?} is no operation of the saboteur"),
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the caller has listed what comes here")]
fn of_a_reader(operation: &Operation, words: Words<'_>) -> String {
    match *operation {
        Operation::Open { filter, .. } => format!("watch {}", words.filter(filter)),
        Operation::Resume { token: Token::Kept(0), .. } => "resume".to_owned(),
        Operation::Resume { token: Token::Kept(back), .. } => format!("resume, {back} batches back"),
        Operation::Resume { token: Token::Foreign, .. } => "resume from another epoch, inexactly".to_owned(),
        Operation::Resume { token: Token::Above(above), .. } => format!("resume {above} revnos ahead"),
        Operation::Resume { token: Token::Elsewhere(back), .. } => {
            format!("come from another worker, {back} commits back")
        }
        Operation::Next { .. } => "next".to_owned(),
        Operation::Poll { call, .. } => format!("poll the call at place {call}"),
        Operation::PollOver { .. } => "poll a call that is over".to_owned(),
        Operation::TryNext { .. } => "try next".to_owned(),
        Operation::Drop { call, .. } => format!("drop the call at place {call}"),
        Operation::Progress { .. } => "progress".to_owned(),
        Operation::Stop { .. } => "stop".to_owned(),
        ref other => unreachable!("{other:?} is no operation of a reader"),
    }
}
