//! Observations in words.

use multiwatcher::machine::{Cause, Identity, NextError, Progress, ResumeError, WatchError};
use multiwatcher::testing::{BatchSeen, CallSeen, DeltaSeen, EPOCH, How, IdSet, Observation, Seen};

use super::Words;

/// What was seen; `None` if it says nothing that the operation did not say.
pub fn observation(observation: &Observation, seen: &Seen, words: Words<'_>) -> Option<String> {
    Some(match observation {
        Observation::Committed { position, .. } => format!("the backing stands at {position}"),
        Observation::Rewound { position, state } => {
            format!("the backing stands at {position} again: {}", words.state(*state))
        }
        Observation::Subscribed { .. }
        | Observation::Staged { .. }
        | Observation::LoadDone { .. }
        | Observation::Noticed { .. }
        | Observation::Marked { .. }
        | Observation::Stepped { .. }
        | Observation::Failed { .. } => put(observation, words),
        Observation::TimedOut | Observation::Now(_) | Observation::Killed(_) => return None,
        Observation::Unsubscribe { .. }
        | Observation::Subscribe { .. }
        | Observation::Load { .. }
        | Observation::Fetch { .. }
        | Observation::Ended(_)
        | Observation::Woken { .. }
        | Observation::WokenNobody => asked(observation, words),
        Observation::Opened { reader, result, .. } => match result {
            Ok(watcher) => format!("reader {reader} has watcher {watcher}"),
            Err(WatchError::Ended(cause)) => format!("refused: {}", short(cause)),
        },
        Observation::Resumed { reader, from, result, .. } => match result {
            Ok(watcher) if from.epoch != EPOCH => {
                format!("reader {reader} has watcher {watcher} from {}", from.position)
            }
            Ok(watcher) => format!("reader {reader} has watcher {watcher} from {}", from.revno),
            Err(ResumeError::Ended(cause)) => format!("refused: {}", short(cause)),
            Err(ResumeError::Gone { .. }) if from.epoch != EPOCH => format!("gone: asked {}", from.position),
            Err(ResumeError::Gone { oldest, .. }) => format!("gone: asked {}, the oldest is {oldest}", from.revno),
            Err(ResumeError::Ahead { position }) => {
                format!("ahead: asked {}, the store is at {position}", from.position)
            }
            Err(ResumeError::Future { latest }) => format!("future: asked {}, the latest is {latest}", from.revno),
        },
        Observation::Called { how, seen: what, .. } => format!("{}{}", call(*how), called(what, seen, words)),
        Observation::Dropped { call, .. } => format!("call {call} dropped"),
        Observation::Progressed { result, .. } => match result {
            Ok(None) => "none yet".to_owned(),
            Ok(Some(progress)) => told(progress),
            Err(error) => error_text(error),
        },
        Observation::Stopped { reader } => format!("reader {reader} has stopped"),
        Observation::Misanswered => "an answer that does not belong to what was put".to_owned(),
    })
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the caller has listed what comes here")]
fn put(observation: &Observation, words: Words<'_>) -> String {
    match *observation {
        Observation::Subscribed { generation, position, backing: Identity(0) } => {
            format!("g{generation} subscribed at {position}")
        }
        Observation::Subscribed { generation, position, backing } => {
            format!("g{generation} subscribed at {position} of past {}", backing.0)
        }
        Observation::Staged { generation, ids, errors } => {
            format!("g{generation} staged {}{}", words.ids(ids), unreadable(errors, words))
        }
        Observation::LoadDone { generation } => format!("g{generation} load done"),
        Observation::Noticed { generation, ids } => format!("g{generation} notice {}", words.ids(ids)),
        Observation::Marked { generation, position } => format!("g{generation} mark {position}"),
        Observation::Stepped { generation, fetch, from, to, ids, errors, .. } => {
            let answers = fetch.map_or("unasked".to_owned(), |fetch| format!("f{fetch}"));
            let errors = unreadable(errors, words);
            format!("g{generation} step {answers} {from} to {to}: {}{errors}", words.ids(ids))
        }
        Observation::Failed { generation, call, cause } => format!("g{generation} failed: {call:?}, {}", short(&cause)),
        ref other => unreachable!("{other:?} is not put to the subject"),
    }
}

fn unreadable(errors: IdSet, words: Words<'_>) -> String {
    if errors.is_empty() { String::new() } else { format!(", unreadable {}", words.ids(errors)) }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the caller has listed what comes here")]
fn asked(observation: &Observation, words: Words<'_>) -> String {
    match *observation {
        Observation::Unsubscribe { generation } => format!("unsubscribe g{generation}"),
        Observation::Subscribe { generation } => format!("subscribe g{generation}"),
        Observation::Load { generation } => format!("load g{generation}"),
        Observation::Fetch { generation, fetch, since, ids } => {
            format!("fetch f{fetch} of g{generation} since {since}: {}", words.ids(ids))
        }
        Observation::Ended(cause) => format!("ended: {}", short(&cause)),
        Observation::Woken { reader, call } => format!("wakes call {call} of reader {reader}"),
        Observation::WokenNobody => "wakes a call that nobody has".to_owned(),
        ref other => unreachable!("{other:?} is not asked for"),
    }
}

fn call(how: How) -> String {
    match how {
        How::First(call) | How::Again(call) => format!("call {call}: "),
        How::Over(call) => format!("call {call}, which is over: "),
        How::Try => String::new(),
    }
}

fn called(what: &CallSeen, seen: &Seen, words: Words<'_>) -> String {
    match what {
        CallSeen::Waits => "waits".to_owned(),
        CallSeen::Nothing => "nothing".to_owned(),
        CallSeen::Batch(batch) => batch_text(batch, seen.deltas(batch), words),
        CallSeen::Error(error) => error_text(error),
    }
}

fn batch_text(batch: &BatchSeen, deltas: &[DeltaSeen], words: Words<'_>) -> String {
    let head = format!("batch to {} ({})", batch.revno, batch.position);
    if deltas.is_empty() {
        return head + ", empty";
    }
    let told = deltas.iter().map(|delta| format!("{} @{}", words.delta(delta), delta.revno));
    core::iter::once(head).chain(told).collect::<Vec<_>>().join(" ")
}

fn told(progress: &Progress) -> String {
    let Progress { revno, position, exact, out_of_reach_since, .. } = progress;
    let reach = out_of_reach_since.map_or(String::new(), |since| format!(", out of reach since {since}"));
    let inexact = if *exact { "" } else { ", inexact" };
    format!("{revno} ({position}{inexact}){reach}")
}

fn error_text(error: &NextError) -> String {
    match error {
        NextError::Stopped => "stopped".to_owned(),
        NextError::Ended(cause) => format!("ended: {}", short(cause)),
        NextError::Lagged { cursor, latest } => format!("lagged: {cursor}, latest {latest}"),
        NextError::UnknownCall { .. } => "unknown call".to_owned(),
    }
}

fn short(cause: &Cause) -> String {
    format!("{:?}", cause.class)
}
