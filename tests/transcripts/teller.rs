//! Carries out the lines of a story and writes down what came out.
//!
//! Ids are `name`, `m2/name` or `machine/m2/name`; a bare name is a unit of model 1. In a hasty story (the default) the backing
//! answers everything at once; after `by hand` each answer is a line of its own.

use std::collections::BTreeMap;
use std::time::Duration;

use multiwatcher::machine::{
    BackingCall, Backoff, Batch, CallId, Cause, CauseClass, Change, Config, Dropped, EntityId, Epoch, FetchId, Filter,
    Generation, Identity, Kind, ModelId, NextError, NextPoll, Output, Position, RestartPolicy, ResumePoint, Revno,
    Step, StoreManager, Time, WatcherId,
};

use crate::backing::{Backing, Val};

const EPOCH: Epoch = Epoch(0xa);
const BACKING: Identity = Identity(0xb);

pub(crate) fn tell(story: &str) -> String {
    let mut teller = Teller::new();
    for (line, number) in story.lines().zip(1..) {
        teller.told += line;
        teller.told.push('\n');
        if !line.is_empty() && !line.starts_with('#') {
            teller.line = number;
            teller.carry_out(line);
        }
    }
    teller.told
}

struct Teller {
    told: String,
    line: usize,
    config: Config,
    machine: Option<StoreManager<Val>>,
    backing: Backing,
    now: Time,
    by_hand: bool,
    readers: BTreeMap<String, Reader>,
    generation: Generation,
    fetch: Option<(FetchId, Position, Vec<EntityId>)>,
}

struct Reader {
    watcher: WatcherId,
    last: ResumePoint,
}

impl Teller {
    fn new() -> Self {
        let config = Config {
            backoff: Backoff { min: Duration::from_millis(100), max: Duration::from_millis(400) },
            call_timeout: Duration::from_secs(1),
            ..Config::default()
        };
        Self {
            told: String::new(),
            line: 0,
            config,
            machine: None,
            backing: Backing::default(),
            now: Time::ZERO,
            by_hand: false,
            readers: BTreeMap::new(),
            generation: Generation(0),
            fetch: None,
        }
    }

    fn carry_out(&mut self, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (first, rest) = (words[0], &words[1..]);
        if let Some((reader, call)) = first.split_once('.') {
            self.reader_line(reader, call, rest);
            return;
        }
        match first {
            "config" => rest.iter().for_each(|setting| self.configure(setting)),
            "start" => self.start(rest),
            "by" => self.by_hand = true,
            "open" => self.open(rest),
            "resume" => self.resume(rest),
            "put" | "del" | "commit" => self.commit(first, rest),
            "unreadable" | "readable" => {
                rest.iter().for_each(|id| self.backing.set_unreadable(id_of(id), first == "unreadable"));
            }
            "wait" => self.wait(rest[0]),
            "kill" => self.input(|machine, now, _| machine.kill(now, Cause::new(CauseClass::Killed, 1))),
            "report" => self.report(),
            _ => self.backing_line(first, rest),
        }
    }

    fn configure(&mut self, setting: &str) {
        let (name, value) = setting.split_once('=').expect("a setting is name=value");
        let number = || value.parse::<u64>().expect("the value is a number");
        match name {
            "lag_limit" => self.config.lag_limit = Some(number()),
            "lag_age" => self.config.lag_age = Some(Duration::from_millis(number())),
            "window" => self.config.window = number(),
            "queue_limit" => self.config.queue_limit = value.parse().expect("the value is a number"),
            "restart" => {
                self.config.restart = if value == "end" { RestartPolicy::EndWatchers } else { RestartPolicy::Invisible }
            }
            _ => panic!("line {}: no setting is called {name}", self.line),
        }
    }

    fn start(&mut self, rest: &[&str]) {
        let machine = if rest == ["dead"] {
            StoreManager::dead(self.config.clone(), EPOCH, self.now, Cause::new(CauseClass::Permanent, 3))
        } else {
            StoreManager::new(self.config.clone(), EPOCH, self.now)
        };
        self.machine = Some(machine);
        self.drain();
    }

    fn open(&mut self, words: &[&str]) {
        let filter = filter_of(&words[1..]);
        let now = self.now;
        match self.machine().watch(now, filter) {
            Ok(watcher) => {
                let last = point(EPOCH, Revno(0), Position(0));
                self.readers.insert(words[0].to_owned(), Reader { watcher, last });
            }
            Err(error) => self.say(&format!("error: {error}")),
        }
        self.drain();
    }

    /// `resume B as A`, `resume B r3 of epoch 7`: B comes back where A was, or with a token of its own.
    fn resume(&mut self, words: &[&str]) {
        let (from, filter) = match words[1] {
            "as" => (self.readers[words[2]].last, filter_of(&words[3..])),
            revno => {
                let revno = Revno(revno.trim_start_matches('r').parse().expect("r and a number"));
                let epoch = if words.get(2) == Some(&"foreign") { Epoch(0xb) } else { EPOCH };
                (ResumePoint { exact: false, ..point(epoch, revno, Position(revno.0)) }, Filter::all_models())
            }
        };
        let now = self.now;
        match self.machine().resume(now, filter, from) {
            Ok(watcher) => {
                self.readers.insert(words[0].to_owned(), Reader { watcher, last: from });
            }
            Err(error) => self.say(&format!("error: {error}")),
        }
        self.drain();
    }

    fn commit(&mut self, first: &str, words: &[&str]) {
        let change = |word: &str| match word.split_once('=') {
            Some((id, value)) => (id_of(id), Some(value.to_owned())),
            None => (id_of(word.trim_start_matches('-')), None),
        };
        let changes: Vec<_> = words.iter().map(|word| change(word)).collect();
        assert!(
            first != "del" || changes.iter().all(|(_, value)| value.is_none()),
            "line {}: del takes ids",
            self.line
        );
        self.backing.commit(&changes);
        if !self.by_hand {
            self.notice(changes.into_iter().map(|(id, _)| id).collect());
        }
    }

    fn notice(&mut self, ids: Vec<EntityId>) {
        self.input(|machine, now, generation| machine.notice(now, generation, ids));
    }

    fn backing_line(&mut self, first: &str, rest: &[&str]) {
        match first {
            "notice" => self.notice(rest.iter().map(|id| id_of(id)).collect()),
            "mark" => {
                let position = self.backing.position;
                self.input(|machine, now, generation| machine.mark(now, generation, position));
            }
            "subscribed" => {
                let position = self.backing.position;
                self.input(|machine, now, generation| machine.subscribed(now, generation, position, BACKING));
            }
            "loaded" if rest == ["done"] => self.input(StoreManager::load_done),
            "loaded" => {
                let reads = rest.iter().map(|id| self.backing.read(&id_of(id))).collect();
                self.input(|machine, now, generation| machine.staged(now, generation, reads));
            }
            "answer" => self.answer(rest),
            "step" => {
                let step = self.step_of(rest);
                self.input(|machine, now, generation| machine.step(now, generation, step));
            }
            "fail" => self.fail(rest),
            _ => panic!("line {}: no operation is called {first}", self.line),
        }
    }

    /// `answer`: the fetch, read now. `answer f1 p2 p3 x`: that fetch, from p2 to p3, naming x.
    fn answer(&mut self, rest: &[&str]) {
        let (fetch, step) = match rest {
            [] => {
                let (fetch, since, ids) = self.fetch.take().expect("a fetch is in flight");
                (fetch, self.backing.step(since, &ids))
            }
            [fetch, step @ ..] => (FetchId(number_of(fetch)), self.step_of(step)),
        };
        self.input(|machine, now, generation| machine.fetched(now, generation, fetch, step));
    }

    fn step_of(&self, words: &[&str]) -> Step<Val> {
        let entities = words[2..].iter().map(|id| self.backing.read(&id_of(id))).collect();
        Step { from: Position(number_of(words[0])), to: Position(number_of(words[1])), entities }
    }

    fn fail(&mut self, rest: &[&str]) {
        let call = match rest[0] {
            "subscription" => BackingCall::Subscription,
            "load" => BackingCall::Load,
            _ => BackingCall::Fetch(self.fetch.as_ref().expect("a fetch is in flight").0),
        };
        let class = match rest[1] {
            "transient" => CauseClass::Transient,
            "pruned" => CauseClass::Pruned,
            "rewound" => CauseClass::Rewound,
            "permanent" => CauseClass::Permanent,
            other => panic!("line {}: no failure is called {other}", self.line),
        };
        self.input(|machine, now, generation| machine.failed(now, generation, call, Cause::new(class, 9)));
    }

    fn wait(&mut self, millis: &str) {
        let millis: u64 = millis.trim_end_matches("ms").parse().expect("a number of milliseconds");
        let until = self.now.after(Duration::from_millis(millis));
        while let Some(timeout) = self.machine().poll_timeout().filter(|timeout| timeout.at <= until) {
            self.now = self.now.max(timeout.at);
            self.say(&format!("at {}: {:?}", self.now, timeout.why));
            self.input(|machine, now, _| machine.handle_timeout(now));
        }
        self.now = until;
    }

    fn reader_line(&mut self, name: &str, call: &str, rest: &[&str]) {
        let watcher =
            self.readers.get(name).unwrap_or_else(|| panic!("line {}: nobody is called {name}", self.line)).watcher;
        let now = self.now;
        let pending = |rest: &[&str]| rest.first().map(|call| CallId(number_of(call)));
        match call {
            "next" => match self.machine().next(now, watcher, pending(rest)) {
                NextPoll::Pending(call) => self.say(&format!("waits as {call}")),
                NextPoll::Ready(result) => self.told_batch(name, result),
            },
            "try" => match self.machine().try_next(now, watcher) {
                Ok(None) => self.say("nothing"),
                Ok(Some(batch)) => self.told_batch(name, Ok(batch)),
                Err(error) => self.say(&format!("error: {error}")),
            },
            "drop" => self.machine().drop_call(now, watcher, pending(rest).expect("drop names a call")),
            "stop" => self.machine().stop(now, watcher),
            "progress" => {
                let text = match self.machine().progress(now, watcher) {
                    Ok(None) => "none yet".to_owned(),
                    Ok(Some(progress)) => match progress.out_of_reach_since {
                        None => format!("{} ({})", progress.revno, progress.position),
                        Some(since) => {
                            format!("{} ({}), out of reach since {since}", progress.revno, progress.position)
                        }
                    },
                    Err(error) => format!("error: {error}"),
                };
                self.say(&text);
            }
            _ => panic!("line {}: readers know no {call}", self.line),
        }
        self.drain();
    }

    fn told_batch(&mut self, name: &str, result: Result<Batch<Val>, NextError>) {
        let batch = match result {
            Ok(batch) => batch,
            Err(error) => return self.say(&format!("error: {error}")),
        };
        let reader = self.readers.get_mut(name).expect("a reader that calls is known");
        reader.last = point(EPOCH, batch.revno(), batch.position());
        let deltas: Vec<String> = batch
            .deltas()
            .iter()
            .map(|delta| match delta.change() {
                Change::Changed => format!("{}={}", short(delta.id()), delta.value()),
                Change::Removed => format!("-{} (was {})", short(delta.id()), delta.value()),
            })
            .collect();
        let deltas = if deltas.is_empty() { "nothing".to_owned() } else { deltas.join(", ") };
        self.say(&format!("to {} ({}): {deltas}", batch.revno(), batch.position()));
    }

    fn report(&mut self) {
        let report = self.machine().report();
        let watchers = report.watchers;
        self.say(&format!(
            "{} {} {:?}: {} entities, {} tombstones, {} queued, {} quarantined",
            report.revno,
            report.position,
            report.phase,
            report.entities,
            report.tombstones,
            report.queued,
            report.quarantined
        ));
        self.say(&format!(
            "watchers: {} fresh, {} caught up, {} behind, {} ended; {} calls",
            watchers.fresh, watchers.caught_up, watchers.behind, watchers.ended, report.calls
        ));
        let Dropped { stale, unasked, repeats, gaps } = report.dropped;
        let counted = [
            ("failures", report.failures),
            ("stale", stale),
            ("unasked", unasked),
            ("repeats", repeats),
            ("gaps", gaps),
        ];
        let seen: Vec<_> =
            counted.iter().filter(|(_, count)| *count > 0).map(|(what, count)| format!("{what} {count}")).collect();
        if !seen.is_empty() {
            self.say(&format!("so far: {}", seen.join(", ")));
        }
    }

    fn input(&mut self, put: impl FnOnce(&mut StoreManager<Val>, Time, Generation)) {
        let (now, generation) = (self.now, self.generation);
        put(self.machine(), now, generation);
        self.drain();
    }

    /// Writes down the outputs, answers them if the story is hasty, and holds the machine's own checks.
    fn drain(&mut self) {
        let Some(machine) = &mut self.machine else { return };
        let outputs: Vec<Output> = std::iter::from_fn(|| machine.poll_output()).collect();
        machine.check().unwrap_or_else(|broken| panic!("line {}: {broken}", self.line));
        for output in outputs {
            if let Output::Subscribe { generation } = output {
                self.generation = generation;
            }
            let quiet = !self.by_hand && self.generation == Generation(1);
            if !quiet || matches!(output, Output::Wake { .. } | Output::Ended { .. } | Output::Unsubscribe { .. }) {
                self.say(&shown(&output));
            }
            self.obey(output);
        }
    }

    fn obey(&mut self, output: Output) {
        match output {
            Output::Subscribe { generation } if !self.by_hand => {
                let position = self.backing.position;
                self.input(|machine, now, _| machine.subscribed(now, generation, position, BACKING));
            }
            Output::Load { generation } if !self.by_hand => {
                let reads = self.backing.all().map(|id| self.backing.read(id)).collect();
                self.input(|machine, now, _| machine.staged(now, generation, reads));
                self.input(|machine, now, _| machine.load_done(now, generation));
            }
            Output::Fetch { fetch, since, ids, .. } => {
                self.fetch = Some((fetch, since, ids));
                if !self.by_hand {
                    self.answer(&[]);
                }
            }
            Output::Subscribe { .. }
            | Output::Load { .. }
            | Output::Unsubscribe { .. }
            | Output::Wake { .. }
            | Output::Ended { .. } => {}
        }
    }

    fn machine(&mut self) -> &mut StoreManager<Val> {
        self.machine.as_mut().expect("a story starts with start")
    }

    fn say(&mut self, text: &str) {
        self.told.extend(["    ", text, "\n"]);
    }
}

fn shown(output: &Output) -> String {
    match output {
        Output::Unsubscribe { generation } => format!("unsubscribe {generation}"),
        Output::Subscribe { generation } => format!("subscribe {generation}"),
        Output::Load { generation } => format!("load {generation}"),
        Output::Fetch { fetch, since, ids, .. } => {
            let ids: Vec<String> = ids.iter().map(short).collect();
            format!("fetch {fetch} since {since} [{}]", ids.join(" "))
        }
        Output::Wake { call } => format!("wake {call}"),
        Output::Ended { cause } => format!("ended: {cause}"),
    }
}

fn number_of(word: &str) -> u64 {
    word.trim_start_matches(|letter: char| letter.is_alphabetic())
        .parse()
        .unwrap_or_else(|_| panic!("{word} is a letter and a number"))
}

fn model_of(word: &str) -> ModelId {
    ModelId::from_u128(u128::from(number_of(word)))
}

fn id_of(word: &str) -> EntityId {
    match *word.split('/').collect::<Vec<_>>() {
        [kind, model, name] => EntityId::new(kind, model_of(model), name),
        [model, name] => EntityId::new("unit", model_of(model), name),
        _ => EntityId::new("unit", model_of("m1"), word),
    }
}

/// The id as a story writes it.
fn point(epoch: Epoch, revno: Revno, position: Position) -> ResumePoint {
    ResumePoint { epoch, revno, position, backing: BACKING, exact: true }
}

fn short(id: &EntityId) -> String {
    match (id.kind.as_str(), id.model.as_u128()) {
        ("unit", 1) => id.id().to_owned(),
        ("unit", model) => format!("m{model}/{}", id.id()),
        (kind, model) => format!("{kind}/m{model}/{}", id.id()),
    }
}

/// Nothing: all models. `m1 m2`: these. `only unit`, `except unit`: by kind.
fn filter_of(words: &[&str]) -> Filter {
    let split = words.iter().position(|word| matches!(*word, "only" | "except")).unwrap_or(words.len());
    let (models, kinds) = words.split_at(split);
    let filter = match models {
        [] => Filter::all_models(),
        models => Filter::models(models.iter().map(|model| model_of(model))),
    };
    let names = || kinds[1..].iter().map(Kind::new);
    match kinds.first() {
        None => filter,
        Some(&"only") => filter.only_kinds(names()),
        Some(_) => filter.except_kinds(names()),
    }
}
