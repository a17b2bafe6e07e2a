//! What a run was like, drawn: only what differs from a calm one. Rates are small bars.

use core::fmt::Write;
use core::time::Duration;

use multiwatcher::machine::Config;
use multiwatcher::testing::{Budgets, Commits, Faults, Regime, Telling, Weights};

use crate::decisions::Header;
use crate::text::wrap;

/// Where the values begin.
const INDENT: usize = 9;
/// A bar grows by one for so many of 256.
const PER_BAR: u16 = 16;
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// What was drawn for a run, in lines of at most `width` columns: a name, and what it is.
pub fn drawn(header: &Header, width: usize) -> String {
    let regime = &header.regime;
    let calm = Regime::calm(regime.shape.names, &regime.readers);
    let shape = &regime.shape;
    let mut ids = vec![format!("{} in {} {}", shape.ids(), shape.models, plural("model", shape.models))];
    if shape.kinds > 1 {
        ids.push(format!("{} kinds", shape.kinds));
    }
    if regime.values != calm.values {
        ids.push(format!("{} values", regime.values));
    }
    if regime.telling == Telling::Steps {
        ids.push("told by steps".to_owned());
    }
    let mut readers: Vec<_> = regime.readers.iter().map(|reader| format!("{reader:?}").to_lowercase()).collect();
    if regime.unfiltered != calm.unfiltered {
        readers.push(format!("filtered{}", bar(calm.unfiltered.saturating_sub(regime.unfiltered))));
    }
    let mut settings = config(&regime.config, &calm.config);
    settings.extend(regime.dead_start.then(|| "dead start".to_owned()));
    let mut lines = String::new();
    row(&mut lines, "ids", &ids.join(", "), width);
    row(&mut lines, "readers", &readers.join(" "), width);
    row(&mut lines, "config", &settings.join(", "), width);
    row(&mut lines, "faults", &faults(&regime.faults).join(" "), width);
    row(&mut lines, "chosen", &format!("by {}", header.scheduler), width);
    let moves = [
        commits(regime.commits, calm.commits),
        weights(regime.weights, calm.weights),
        budgets(regime.budgets, calm.budgets),
    ];
    row(&mut lines, "moves", &moves.concat().join(", "), width);
    row(&mut lines, "without", &regime.off.to_string().replace(',', ", "), width);
    lines
}

fn row(lines: &mut String, name: &str, value: &str, width: usize) {
    if value.is_empty() {
        return;
    }
    for (number, line) in wrap(value, "", width - INDENT).lines().enumerate() {
        let name = if number == 0 { name } else { "" };
        writeln!(lines, "{name:<INDENT$}{line}").expect("a string takes all that is written");
    }
}

/// Every setting that differs. No wrapping within one: the spaces in it hold.
fn config(config: &Config, calm: &Config) -> Vec<String> {
    let Config {
        restart,
        backoff,
        call_timeout,
        fetch_attempts,
        load_timeout,
        heartbeat,
        lag_limit,
        lag_age,
        window,
        queue_limit,
    } = config;
    let mut told = Vec::new();
    let mut tell = |differs: bool, text: String| told.extend(differs.then_some(text));
    let limit = |limit: Option<u64>| limit.map_or("none".to_owned(), |limit| limit.to_string());
    tell(*restart != calm.restart, format!("{restart:?}"));
    tell(*backoff != calm.backoff, format!("backoff {}..{}", time(backoff.min), time(backoff.max)));
    tell(*call_timeout != calm.call_timeout, format!("call {}", time(*call_timeout)));
    tell(*fetch_attempts != calm.fetch_attempts, format!("attempts {fetch_attempts}"));
    tell(*load_timeout != calm.load_timeout, format!("load {}", time(*load_timeout)));
    tell(*heartbeat != calm.heartbeat, format!("heartbeat {}", time(*heartbeat)));
    tell(*lag_limit != calm.lag_limit, format!("lag {}", limit(*lag_limit)));
    tell(*lag_age != calm.lag_age, format!("lag age {}", lag_age.map_or("none".to_owned(), time)));
    tell(*window != calm.window, format!("window {window}"));
    tell(*queue_limit != calm.queue_limit, format!("queue {queue_limit}"));
    told
}

/// What a commit is like where that differs; shares of commits as bars.
fn commits(commits: Commits, calm: Commits) -> Vec<String> {
    let Commits { most, deletes, same, skips } = commits;
    let mut told = Vec::new();
    let mut tell = |differs: bool, text: String| told.extend(differs.then_some(text));
    let share = |name: &str, rate: u16| if rate == 0 { format!("no {name}") } else { format!("{name}{}", bar(rate)) };
    tell(most != calm.most, format!("up to {most} ids"));
    tell(deletes != calm.deletes, share("deletes", deletes));
    tell(same != calm.same, share("same", same));
    tell(skips != calm.skips, share("skips", skips));
    told
}

/// How often each party moves, where that differs.
fn weights(weights: Weights, calm: Weights) -> Vec<String> {
    let Weights { writer, stream, caller, clock, saboteur, owner, reader } = weights;
    let each = [
        ("writer", writer, calm.writer),
        ("stream", stream, calm.stream),
        ("caller", caller, calm.caller),
        ("clock", clock, calm.clock),
        ("saboteur", saboteur, calm.saboteur),
        ("owner", owner, calm.owner),
        ("reader", reader, calm.reader),
    ];
    let differs = each.into_iter().filter(|(_, weight, calm)| weight != calm);
    differs.map(|(name, weight, _)| format!("{name} {weight}")).collect()
}

/// How much each party may do, where that differs.
fn budgets(budgets: Budgets, calm: Budgets) -> Vec<String> {
    let Budgets { writer, saboteur, owner, opens } = budgets;
    let each = [
        ("writer", writer, calm.writer),
        ("saboteur", saboteur, calm.saboteur),
        ("owner", owner, calm.owner),
        ("opens", opens, calm.opens),
    ];
    let differs = each.into_iter().filter(|(_, budget, calm)| budget != calm);
    differs.map(|(name, budget, _)| format!("{name} up to {budget}")).collect()
}

/// Every fault that can happen, with a bar for how often.
fn faults(faults: &Faults) -> Vec<String> {
    let Faults {
        repeated_notice,
        gap,
        overlap,
        unanswered,
        contradiction,
        doubled,
        lost,
        failed_call,
        failed_again,
        for_good,
        overdue,
        die,
        close,
        silence,
        prune,
        rewind,
        ail,
        stale,
        jump,
        spurious_turn,
    } = *faults;
    let rates = [
        ("repeated", repeated_notice),
        ("gap", gap),
        ("overlap", overlap),
        ("unanswered", unanswered),
        ("contradiction", contradiction),
        ("doubled", doubled),
        ("lost", lost),
        ("failed", failed_call),
        // Of calls that do not fail none fails again.
        ("again", if failed_call == 0 { 0 } else { failed_again }),
        ("for-good", for_good),
        ("overdue", overdue),
        ("die", die),
        ("close", close),
        ("silence", silence),
        ("prune", prune),
        ("rewind", rewind),
        ("ail", ail),
        ("stale", stale),
        ("jump", jump),
        ("spurious", spurious_turn),
    ];
    rates.into_iter().filter(|(_, rate)| *rate > 0).map(|(name, rate)| format!("{name}{}", bar(rate))).collect()
}

fn bar(rate: u16) -> char {
    BARS[usize::from((rate.saturating_sub(1)) / PER_BAR).min(BARS.len() - 1)]
}

fn time(time: Duration) -> String {
    format!("{time:?}")
}

fn plural(word: &str, count: u8) -> String {
    if count == 1 { word.to_owned() } else { format!("{word}s") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedulers::Kind;
    use multiwatcher::testing::{Character, Family};

    #[test]
    fn a_calm_run_says_only_what_has_no_calm_value() {
        let regime = Regime::calm(2, &[Character::Eager]);
        let header =
            Header { world: "machine".to_owned(), seed: 1, scheduler: Kind::Uniform, broken: String::new(), regime };
        assert_eq!(drawn(&header, 64), "ids      2 in 1 model\nreaders  eager\nchosen   by uniform\n");
    }

    #[test]
    fn all_that_is_not_calm_is_told() {
        let calm = Regime::calm(2, &[Character::Eager]);
        let regime = Regime {
            unfiltered: 128,
            commits: Commits { most: 2, deletes: 0, same: 20, ..calm.commits },
            weights: Weights { clock: 2, reader: 9, ..calm.weights },
            budgets: Budgets { saboteur: 5, ..calm.budgets },
            off: [Family::Drops, Family::Kills].into_iter().collect(),
            dead_start: true,
            ..calm
        };
        let header =
            Header { world: "machine".to_owned(), seed: 1, scheduler: Kind::Uniform, broken: String::new(), regime };
        let told = "ids      2 in 1 model\nreaders  eager filtered█\nconfig   dead start\nchosen   by uniform\n\
                    moves    up to 2 ids, no deletes, same▂, clock 2, reader 9,\n         saboteur up to 5\n\
                    without  kills, drops\n";
        assert_eq!(drawn(&header, 64), told);
    }

    #[test]
    fn a_bar_grows_with_the_rate() {
        assert_eq!([1, 16, 17, 128, 256].map(bar), ['▁', '▁', '▂', '█', '█']);
    }
}
