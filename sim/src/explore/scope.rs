//! Scope files: how much there is in a search, in TOML. What a scope does not name does not happen.

use core::fmt;
use core::ops::Range;
use core::time::Duration;

use multiwatcher::machine::{Backoff, Config};
use multiwatcher::testing::{Character, Faults, FilterIx, Party, Regime, Shape, State, Telling, Universe};
use serde::Deserialize;
use toml::Spanned;

use crate::text::duration;
use crate::worlds::World;

/// What a search is about: how many of each thing, and what may happen at all.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each of these may happen or not, independently")]
pub struct Scope {
    /// What is searched.
    pub world: World,
    /// The ids there are.
    pub shape: Shape,
    /// An entity has values 1 up to this one.
    pub values: u8,
    /// The most ids a commit touches.
    pub touches: u8,
    /// The readers, by the filter each opens its watcher with.
    pub watchers: Vec<FilterIx>,
    /// Where the search begins.
    pub start: Start,
    /// Whether commits that change nothing are among those there are.
    pub idle_commits: bool,
    /// Whether what is read may be under way for a while, the backing may listen before it says so, and a notice may leave out
    /// what is owed. If not, an answer is read and arrives at once, and waits there until the worker is polled.
    pub under_way: bool,
    /// Whether the backing hands over steps unasked, with values.
    pub steps: bool,
    /// How often each of these may happen.
    pub budget: Budget,
    /// A pending call may be dropped at any time.
    pub drops: bool,
    /// Calls and the worker's task may be polled though nobody woke them.
    pub spurious: bool,
    /// How many states a search of all of it comes to, if somebody has counted: whoever leaves out what counts, or tells apart what does
    /// not, comes to another number.
    pub expect: Option<u64>,
    /// How long that search may take, if somebody minds.
    pub within: Option<Duration>,
}

/// Where a search begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Start {
    /// With a new machine, which has asked to subscribe; nobody has a watcher.
    New,
    /// The machine follows an empty backing, every reader has a watcher and waits for a change.
    Following,
}

/// How often something may happen in one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Budget {
    /// Commits.
    pub commits: u8,
    /// The subscription dies.
    pub restarts: u8,
    /// A reader stops its watcher.
    pub stops: u8,
    /// The owner kills the machine.
    pub kills: u8,
    /// A call of the backing fails.
    pub failures: u8,
    /// An answer under way is lost, and a call of the backing runs out of its time.
    pub losses: u8,
    /// Signs of life.
    pub marks: u8,
}

/// The file as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "as in a scope")]
struct Written {
    world: Spanned<String>,
    #[serde(default = "new")]
    start: Start,
    #[serde(default)]
    steps: bool,
    #[serde(default)]
    idle_commits: bool,
    #[serde(default)]
    under_way: bool,
    watchers: Spanned<u8>,
    filters: Option<Spanned<Vec<u8>>>,
    ids: Spanned<u8>,
    models: Option<Spanned<u8>>,
    values: Spanned<u8>,
    touches: Option<Spanned<u8>>,
    commits: u8,
    #[serde(default)]
    restarts: u8,
    #[serde(default)]
    stops: u8,
    #[serde(default)]
    kills: u8,
    #[serde(default)]
    failures: u8,
    #[serde(default)]
    losses: u8,
    #[serde(default)]
    marks: u8,
    #[serde(default)]
    drops: bool,
    #[serde(default)]
    spurious: bool,
    expect: Option<u64>,
    within: Option<Spanned<String>>,
}

fn new() -> Start {
    Start::New
}

/// Why a scope file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopeError {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
    /// What was expected there, and what stands there.
    pub what: String,
}

impl fmt::Display for ScopeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.what)
    }
}

impl core::error::Error for ScopeError {}

impl Scope {
    /// Reads a scope file.
    pub fn read(text: &str) -> Result<Self, ScopeError> {
        let at = |span: Range<usize>, what: String| {
            let before = text.get(..span.start).unwrap_or(text);
            let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
            let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
            ScopeError { line, column, what }
        };
        let written: Written = toml::from_str(text)
            .map_err(|error| at(error.span().unwrap_or(0..0), error.message().lines().collect::<Vec<_>>().join(" ")))?;
        let in_range = |number: &Spanned<u8>, range: core::ops::RangeInclusive<u8>, what: &str| {
            let got = *number.get_ref();
            if range.contains(&got) {
                return Ok(got);
            }
            let (from, to) = (range.start(), range.end());
            Err(at(number.span(), format!("expected {from} to {to} {what}, got {got}")))
        };
        let one = Spanned::new(0..0, 1);
        let ids = in_range(&written.ids, 1..=4, "ids")?;
        let models = in_range(written.models.as_ref().unwrap_or(&one), 1..=ids, "models, no more than ids")?;
        if !ids.is_multiple_of(models) {
            return Err(at(written.ids.span(), format!("expected as many ids in each of {models} models, got {ids}")));
        }
        let shape = Shape { models, kinds: 1, names: ids / models };
        let most = u8::try_from(Party::READERS).expect("a handful of readers");
        let watchers = in_range(&written.watchers, 0..=most, "watchers")?;
        let values = in_range(&written.values, 1..=u8::try_from(State::VALUES).unwrap_or(u8::MAX), "values")?;
        let touches = in_range(written.touches.as_ref().unwrap_or(&one), 1..=ids, "ids a commit touches")?;
        let filters = Universe::new(shape).filters();
        let watchers = match &written.filters {
            None => vec![FilterIx(0); usize::from(watchers)],
            Some(listed) => {
                let known = listed.get_ref().iter().all(|filter| *filter < filters);
                if !known || listed.get_ref().len() != usize::from(watchers) {
                    let what = format!("expected {watchers} filters, each a number below {filters}; 0 is everything");
                    return Err(at(listed.span(), what));
                }
                listed.get_ref().iter().map(|filter| FilterIx(*filter)).collect()
            }
        };
        let name = written.world.get_ref();
        let world = World::named(name)
            .ok_or_else(|| at(written.world.span(), format!("expected \"machine\" or \"driver\", got {name:?}")))?;
        let within = match &written.within {
            None => None,
            Some(time) => Some(duration(time.get_ref()).map_err(|what| at(time.span(), what))?),
        };
        let Written {
            start,
            steps,
            idle_commits,
            under_way,
            commits,
            restarts,
            stops,
            kills,
            failures,
            losses,
            marks,
            drops,
            spurious,
            expect,
            ..
        } = written;
        let budget = Budget { commits, restarts, stops, kills, failures, losses, marks };
        Ok(Self {
            world,
            shape,
            values,
            touches,
            watchers,
            start,
            idle_commits,
            under_way,
            steps,
            budget,
            drops,
            spurious,
            expect,
            within,
        })
    }

    /// What every run of the search is like. Time stands still but for waits that nothing else ends.
    pub fn regime(&self) -> Regime {
        let readers = vec![Character::Eager; self.watchers.len()];
        let calm = Regime::calm(1, &readers);
        let backoff = Backoff { min: Duration::from_millis(1), max: Duration::from_millis(1) };
        Regime {
            shape: self.shape,
            values: self.values,
            telling: if self.steps { Telling::Steps } else { Telling::Notices },
            config: Config { backoff, ..calm.config },
            faults: Faults::default(),
            ..calm
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str = "world = \"driver\"\nwatchers = 2\nids = 2\nvalues = 1\ncommits = 3\n";

    #[test]
    fn what_is_not_named_does_not_happen() {
        let scope = Scope::read(PLAIN).unwrap();
        assert_eq!(scope.budget, Budget { commits: 3, ..Budget::default() });
        assert_eq!((scope.drops, scope.spurious, scope.start, scope.expect), (false, false, Start::New, None));
        assert_eq!(scope.watchers, [FilterIx(0), FilterIx(0)]);
    }

    #[test]
    fn errors_say_where_and_what_was_expected() {
        let cases = [
            (
                "world = \"driver\"\nwatchers = 7\nids = 1\nvalues = 1\ncommits = 1\n",
                2,
                12,
                "expected 0 to 6 watchers, got 7",
            ),
            (
                "world = \"river\"\nwatchers = 1\nids = 1\nvalues = 1\ncommits = 1\n",
                1,
                9,
                "expected \"machine\" or \"driver\"",
            ),
            (
                "world = \"driver\"\nwatchers = 1\nids = 3\nmodels = 2\nvalues = 1\ncommits = 1\n",
                3,
                7,
                "in each of 2 models",
            ),
            (
                "world = \"driver\"\nwatchers = 1\nfilters = [9]\nids = 1\nvalues = 1\ncommits = 1\n",
                3,
                11,
                "expected 1 filters",
            ),
            (
                "world = \"driver\"\nwatchers = 1\nids = 1\nvalues = 1\ncommits = 1\nexpect = \"many\"\n",
                6,
                10,
                "expected u64",
            ),
            (
                "world = \"driver\"\nwatchers = 1\nids = 1\nvalues = 1\ncommits = 1\nwithin = \"soon\"\n",
                6,
                10,
                "expected a time such as 500ms",
            ),
            ("world = \"driver\"\nwachters = 1\n", 2, 1, "expected one of"),
            ("world = \"driver\"\nwatchers = true\n", 2, 12, "expected"),
            ("world = \n", 1, 9, "string"),
            ("world = \"driver\"\nwatchers = 2\n", 1, 1, "missing field"),
        ];
        for (text, line, column, what) in cases {
            let error = Scope::read(text).unwrap_err();
            assert_eq!((error.line, error.column), (line, column), "{text}: {error}");
            assert!(error.what.contains(what), "{text}: {error}");
        }
    }
}
