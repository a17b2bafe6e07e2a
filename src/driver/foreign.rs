//! Calling what others wrote, where a panic in it must end: nobody else may suffer from it. No lock is held here.

use core::any::Any;
use core::panic::AssertUnwindSafe;
use core::task::Waker;
use std::panic::catch_unwind;

/// Wakes. What a waker does does not keep others from being woken.
pub(super) fn wake(waker: Waker) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| waker.wake())) {
        tracing::error!(panic = message(&*panic), "a reader's waker panicked");
    }
}

/// Drops a part of a backing or an opener.
pub(super) fn discard<T>(part: T) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(part))) {
        tracing::error!(panic = message(&*panic), "a part of the backing panicked when it was dropped");
    }
}

/// Frees things one by one: what panics when it is dropped does not keep the others from being freed. `free` goes on where it was.
pub(super) fn free(mut free: impl FnMut()) {
    while let Err(panic) = catch_unwind(AssertUnwindSafe(&mut free)) {
        tracing::error!(panic = message(&*panic), "what is no longer needed panicked when it was dropped");
    }
}

/// What a panic says.
pub(super) fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("a panic without a text")
}
