//! What the store manager promises, one paragraph each.
//!
//! Each promise has one name. It is used for the paragraph here, for the assertion in the machine where one state shows it, for
//! the message of [`check()`](crate::machine::StoreManager::check), and for a checker of the simulator, which has one file for
//! each under `sim/src/checkers/`.
//!
//! *S(r)* is the store at revno r, *B(p)* the backing after all commits up to position p, *pos(r)* the position that revno r
//! brought the store to, *f* a watcher's filter. A watcher's *view* is the fold of its batches; its *cursor* is the revno the
//! last of them brought it to.
//!
//! ## exact-prefix
//!
//! The store is always a state that the backing was in: S(r) = B(pos(r)), and pos(r) does not fall unless the backing itself goes
//! back. After every batch a view is the filtered store at its cursor. Nothing is missed, nothing is stale, nothing comes early.
//! Ids in quarantine are left out of the comparison: they count as the last value taken.
//!
//! ## no-spurious-delta
//!
//! A batch names an id at most once. *Removed* is told only to a watcher that holds the entity, and only if it is dead now;
//! *changed* only if it is alive and changed by value after the cursor, be it that it was removed and came back, or went
//! through other values to the one it had. What was born and died between two batches is not told at all. The table stands in one
//! function of the machine, and follows from the lives of an entity alone.
//!
//! ## ordered
//!
//! The deltas of a batch ascend by the revno of their latest change, ties by [`EntityId`](crate::machine::EntityId). The batch's
//! revno is the store's latest when it is taken; over the batches of one watcher revnos strictly ascend.
//!
//! ## fresh-first
//!
//! The first batch of a watcher that was not resumed is the whole filtered state, with all that was applied before the call's
//! first poll. It waits while the very first load of the store runs, and for nothing else: later it is there at the first poll,
//! also during a reload, also when it is empty. Only this batch can be empty. Before it the watcher holds nothing, pins nothing,
//! has no progress mark and cannot lag.
//!
//! ## convergence
//!
//! When the backing is quiet and healed and a watcher keeps calling, its view becomes the filtered backing within a bound that
//! follows from the configuration: the largest back-off, a load, two fetches, a poll for every party.
//!
//! ## coalescing
//!
//! A batch holds at most one delta for each id that changed since the cursor, however often it changed.
//!
//! ## filter-equivalence
//!
//! A filtered watcher sees exactly what remains of an unfiltered one's batches taken at the same revnos. What its filter hides
//! neither wakes it nor costs it memory, and watchers of other models are not even visited. A model that is gone, or never was,
//! is no error: its watcher gets the removals and waits.
//!
//! ## atomic-commit
//!
//! Every revno stands between two commits, because a step holds whole commits and is applied under one revno; so no batch holds
//! half of one. The exception is an id in quarantine, which follows alone.
//!
//! ## resume-or-gone
//!
//! A reader that comes back with the revno it had, and the same filter, gets exactly the view it would have had without the
//! break, if the revno lies in the resume window; otherwise [`Gone`](crate::machine::ResumeError::Gone). A revno that was never
//! reached is an error of its own. There is never a gap that nobody mentions.
//!
//! A token of another store manager is honoured exactly or not at all. Where both stores equalled the same backing at one position they
//! held the same, so this one must have stood there itself, between two of its steps: one that a step or a load passed over is `Gone`,
//! even if the step was empty and the store the same all along, as is one of below the window, and one taken while an id was in quarantine, which then stood at an earlier value. One that has been
//! further is [`Ahead`](crate::machine::ResumeError::Ahead), an error that passes. Of another backing, or of a past that has been
//! replaced by an older state since, every token is `Gone`, also one of this store manager.
//!
//! ## progress
//!
//! `progress` answers at once. With nothing pending it is the latest revno, else the cursor; before the first batch there is
//! none. It means that the view is the filtered store at that revno, and it says since when the backing has been out of reach.
//!
//! ## restart-transparent
//!
//! A reload is one more revno, which differs from the one before by exactly what the reload found, removals included. If it found
//! no difference there is no revno and nobody is woken. While it runs readers are served from the store as it is. Nothing that
//! belongs to an older generation, notices or answers still under way, touches the store.
//!
//! ## stop-quiescent
//!
//! After `stop` no poll yields a batch. Each pending call is decided, is woken, and reads
//! [`Stopped`](crate::machine::NextError::Stopped) exactly once. The census is what it would be had the watcher never been. Ids are
//! not used again: an unknown one reads as stopped.
//!
//! ## stop-total
//!
//! Next, stop, a second stop, a dropped call, kill and restart may come in any order. None of them waits for a load or a fetch,
//! and what they do at once is bounded by one watcher's batch, one step, or the difference a finished load makes.
//!
//! ## bounded-tombstones
//!
//! The store remembers a dead entity only while a watcher that may see it has its cursor inside one of its lives, or the resume
//! window reaches back that far. When every watcher is caught up and the window is 0 there is none.
//!
//! ## slow-reader-isolated
//!
//! A reader that does not read costs its cursor and the tombstones it pins, and changes nothing for anybody else. Its lag is the
//! latest revno minus its cursor, counted only while a delta is pending; in the step that takes it past the limit it is ended with
//! [`Lagged`](crate::machine::NextError::Lagged). It is never given less than everything without being told so.
//!
//! ## failure-isolated
//!
//! An error about one entity delays that entity alone: it keeps its last value while the rest of its commit goes on, and is read
//! again with back-off. That an entity is not found is an absence, and no error.
//!
//! ## no-spin-no-stall
//!
//! Nothing is repeated without the clock moving: reloads, repeated fetches and reads of quarantined ids obey their back-off. What
//! is due is asked for: a queued id, a gap, a load that waits for its step. The calls of one watcher are answered in the order of
//! their first polls, and a call that can be answered has been woken.
//!
//! ## cancel-safe
//!
//! A call of `next` can be dropped at any moment, also between its wake-up and its poll. The cursor moves when a batch is
//! handed over and at no other time, so nothing is lost and nothing is told twice; the next call in line is woken.
//!
//! ## load-equals-increments
//!
//! Loading a state gives the store that following the changes up to it would have given. Notices may be reordered, repeated and
//! delayed: the store ends the same.
//!
//! ## truthful-report
//!
//! The report counts what is there. Every count is kept as things come and go, and a recount finds the same.
//!
//! ## deterministic
//!
//! The same inputs at the same times give the same answers and outputs, in the same order: in every run and process, optimised or
//! not. Nothing is iterated in hash order, no hasher is seeded, no clock is read.
