//! How the machine works inside, and why it is so.
//!
//! ## Lives instead of counts
//!
//! What a watcher is told of an entity follows from two facts: did it hold the entity at its cursor, and is the entity alive now?
//! The first is answered by the entity's *lives*, the intervals of revnos in which it was alive. There is nearly always one. An
//! ended life is remembered while some watcher that may see the entity stands inside it, and nothing is counted up or down that
//! could be stolen or leaked.
//!
//! ## Audiences and cohorts
//!
//! Watchers with equal filters are one *audience*. Those of an audience with one cursor are one *cohort*; all that have nothing
//! pending share the cohort that is *caught up*, whose cursor moves along with the store for free. When an entity changes, the
//! audiences of its model and those of all models freeze their caught-up cohort at the revno before, which is one move however
//! many watchers it holds; only those with a call waiting are visited, to wake it. Every question that concerns watchers (who is
//! furthest behind, does anybody stand inside this life, what does the next batch hold) is asked of cohorts.
//!
//! A cohort that is behind keeps a *witness*: an entity that is pending for it. Only when a witness dies that the cohort never held
//! can its pending deltas have vanished; then it looks for another, and if there is none it is caught up again.
//!
//! ## Orders
//!
//! Placed entities stand in two orders of their latest change, overall and per model. A walk from the newest change back to a
//! cursor meets exactly what changed since, so `next` costs what changed. The orders are dense: a changed entity leaves a
//! hole and goes to the end, in chunks of bounded size, so that a long walk reads memory in sequence and no single change
//! moves more than a chunk.
//!
//! ## Loads
//!
//! A load is not a snapshot: entities are read one after the other while commits go on. Each is compared with the store
//! as it is staged, and only differences are kept. The live entities stand in a list whose front part are those the load has
//! brought, so those it did not bring are found without a scan. The step from p0, where the subscription began, overrides what the
//! load read too early or too late; both together are the backing at that step's end.
//!
//! ## What is deliberately absent
//!
//! The machine has no clock, no randomness, no lock, no log and no task. It never calls a waker, never frees a value (it hands
//! out [`Garbage`](crate::machine::Garbage)), and never holds the text of an error.
