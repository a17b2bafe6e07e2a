//! A panic is a finding, not the end of a campaign: it is caught, with what it said and where, and reported like a
//! broken promise.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, PanicHookInfo};
use std::sync::Once;

thread_local! {
    /// What the last panic on this thread said, while one is expected here.
    static SAID: RefCell<Option<String>> = const { RefCell::new(None) };
    static EXPECTED: RefCell<bool> = const { RefCell::new(false) };
}

static HOOK: Once = Once::new();

/// Runs it; if it panics, returns what it said and where instead of printing that.
pub(crate) fn caught<T>(run: AssertUnwindSafe<impl FnOnce() -> T>) -> Result<T, String> {
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if EXPECTED.with_borrow(|expected| *expected) {
                SAID.set(Some(said(info)));
            } else {
                before(info);
            }
        }));
    });
    EXPECTED.set(true);
    let result = std::panic::catch_unwind(run);
    EXPECTED.set(false);
    result.map_err(|_| SAID.take().unwrap_or_default())
}

fn said(info: &PanicHookInfo<'_>) -> String {
    let what = info.payload_as_str().unwrap_or("a panic without words");
    match info.location() {
        Some(place) => format!("{what} ({}:{})", place.file(), place.line()),
        None => what.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_panic_said_is_kept_with_its_place() {
        let said = caught(AssertUnwindSafe(|| panic!("at {}", 3))).unwrap_err();
        assert!(said.starts_with("at 3 (") && said.contains("panics.rs"), "{said}");
    }

    #[test]
    fn what_does_not_panic_goes_through() {
        assert_eq!(caught(AssertUnwindSafe(|| 5)), Ok(5));
    }
}
