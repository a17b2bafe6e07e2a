//! What makes a failure the same failure after something was left out.

use std::collections::BTreeSet;

use crate::course::{Broken, Finding};

/// A failure without what differs from run to run: the promise, and the words of what was seen. Numbers, states and names are
/// left out, and so is what follows the first semicolon, for there stands who else waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    finding: Finding,
    words: Vec<String>,
}

impl Identity {
    /// That of a failure.
    pub fn of(broken: &Broken) -> Self {
        let text = broken.text.split(';').next().unwrap_or_default();
        let mut met = BTreeSet::new();
        // Lists differ in length, so each word counts once.
        let words = text.split_whitespace().filter_map(word).filter(|word| met.insert(word.clone())).collect();
        Self { finding: broken.finding, words }
    }
}

/// A word without the punctuation around it, if it is one.
fn word(text: &str) -> Option<String> {
    let text = text.trim_matches(|c: char| c.is_ascii_punctuation());
    let is_word = !text.is_empty() && text.chars().all(|c| c.is_alphabetic() || c == '-' || c == '\'');
    is_word.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use multiwatcher::testing::Promise;

    use super::*;

    fn identity(text: &str) -> Identity {
        Identity::of(&Broken::of(Promise::Convergence, text.to_owned(), 3))
    }

    #[test]
    fn numbers_states_and_who_waits_do_not_make_another_failure() {
        let long = identity("all is quiet, reader 4 holds {0: 1, 3: 2}, expected {}; call 9 of reader 4 waits");
        assert_eq!(long, identity("all is quiet, reader 0 holds {}, expected {1: 1}"));
    }

    #[test]
    fn other_words_and_another_promise_do() {
        let reader = identity("all is quiet, reader 4 holds {0: 1}, expected {}");
        assert_ne!(reader, identity("all is quiet, the store should hold {0: 1}, the backing holds {}"));
        let panic = Broken::panicked("all is quiet, reader 4 holds {0: 1}, expected {}".to_owned(), 3);
        assert_ne!(reader, Identity::of(&panic));
    }

    #[test]
    fn a_panic_is_known_by_what_it_said() {
        let of = |said: &str| Identity::of(&Broken::panicked(said.to_owned(), 1));
        assert_eq!(of("index 3 is out of bounds (src/a.rs:10)"), of("index 4 is out of bounds (src/a.rs:10)"));
        assert_ne!(of("index 3 is out of bounds (src/a.rs:10)"), of("no such watcher 3 (src/b.rs:10)"));
    }
}
