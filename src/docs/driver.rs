//! How the driver's lock, its wakers and the worker's task work together, and what of it is checked in every order.
//!
//! ## The round
//!
//! A worker and all its handles share one lock. Behind it stand the machine, the wakers of pending calls, and the *orders* that the
//! machine has for the worker. Every operation of every handle is the same round:
//!
//! 1. **lock**;
//! 2. **one mutation** of the machine;
//! 3. **collect** what it asks for: a wake-up takes the call's waker out of the table, everything else becomes an order, and what the
//!    machine no longer needs is taken out;
//! 4. **unlock**;
//! 5. **wake and free**: only here are wakers called, and wakers and values dropped.
//!
//! Nothing waits under the lock, and what is foreign runs there in two places: two values are compared, and the waker of whoever asks is
//! compared with the one that is known, and cloned if it is another. Both are expected to look and to count, and nothing else. When it is
//! called or dropped, a waker may do what it likes, use the driver included, and [`stop`](crate::driver::Multiwatcher::stop) waits for
//! nothing but a round. If a mutation panics, the same round breaks off the worker: every waker is taken, everybody who asks is told why,
//! and the machine is asked nothing any more. A watcher that had ended before keeps its final error: its handles remember what they were
//! answered. So it is if the worker's task panics elsewhere, as when metrics are recorded; those whom it had told, and not yet woken, are
//! woken then. A value or a waker that panics when it is dropped is logged, and nothing else comes of it.
//!
//! ## The call moves the cursor
//!
//! A wake-up carries nothing. A woken call is told what there is when it is polled, and that poll alone moves the watcher's cursor. So
//! a call can be dropped at any moment, woken or not, and nothing is lost: what it did not take is still pending. Calls of one watcher
//! stand in line by their first poll; a change wakes the head alone. Dropping a call is a round too: if it was woken, its wake-up goes
//! to the next in line.
//!
//! ## No wake-up is lost
//!
//! A poll looks and registers its waker under the *same* lock. A change, a stop or a kill is a round of its own, so it comes before
//! that look, and the poll sees it; or after it, and finds the waker. A waker is taken out when it is called, so a call is woken once for
//! each time it has begun to wait, and a poll with another waker replaces the one that is there.
//!
//! Whoever waits for an end ([`Worker::wait`](crate::driver::Worker::wait),
//! [`Multiwatcher::wait`](crate::driver::Multiwatcher::wait)) looks and registers in one round too. Those who wait for a multiwatcher are
//! asked to look again whenever the number of watchers, or of those that have ended, is another one.
//!
//! ## No order is lost
//!
//! The worker's task alone talks to the backing. When it looks, it takes all orders, reads the next deadline and registers its waker,
//! under one lock. A reader's round that leaves an order (a kill, the last handle's drop) takes the worker's waker and calls it. So an
//! order is there when the worker looks, or the worker is woken and looks again. The same holds for a reader that resumes and brings
//! the deadline nearer. When it is the worker itself that tells the machine something nobody is woken for its orders: it looks
//! again before it waits.
//!
//! ## Handles
//!
//! Everything that keeps the worker going holds the same counted *keeper*: the handles of the worker, and every multiwatcher with its
//! pending calls. The last one to go kills the worker, in an ordinary round. Counting is the pointer's own, so there is no moment
//! between asking whether one is the last and being gone. The worker's task, and whoever waits for its end, hold what is shared and
//! not the keeper.
//!
//! ## What loom checks
//!
//! The models in `src/driver/models` run this code with [loom](https://docs.rs/loom)'s lock and counted pointer, in every order in which
//! two or three threads can take the lock, call a waker and drop a handle. Each asks one question, must come to every outcome it
//! names, and has broken twins: the same model with one part wrong, which must be caught.
//!
//! | model | what is promised in every order | what its twins do wrong |
//! |---|---|---|
//! | `change` | a change is taken by a call's first poll, or wakes the call | wake nobody; look and register under two locks |
//! | `stop` | no poll that begins after `stop` has returned takes a batch; the call that waits is woken once and reads `Stopped` | stop later; forget the call |
//! | `kill` | the same for every reader of a killed worker, which refuses new ones | end later; forget the calls |
//! | `line` | a call that is dropped, woken or not, does not keep a wake-up from the next in line | wake nobody in its place |
//! | `clones` | a batch goes to one call, and that one alone is woken | wake the whole line; give it twice |
//! | `help` | a reader that polls helps the worker to wake: each is woken once | wake the first alone |
//! | `told` | each is woken once too if the worker breaks off when it has woken the first | break off nothing |
//! | `repoll` | the newest waker of a call is called | keep the first one; wake by an old name |
//! | `last` | the worker goes on while one handle or watcher is there, and ends with the last | ask before it counts; hold what is shared alone |
//! | `look` | an order is seen by the worker's look, or wakes the worker | register under another lock; pose as the worker |
//! | `resume` | so is a deadline that comes nearer | register under another lock |
//! | `ahead` | a reader that comes from further ahead is taken over, or woken when the worker has got there | look and register under two locks |
//! | `opening` | a call that waits for the backing to be opened sees the answer, or is woken by it | look and register under two locks |
//! | `factory` | the task that opens the backing ends when the last handle of its factory is gone, or when it is killed | look and register under two locks |
//! | `moved` | the newest waker of the worker, and of a wait, is called | keep the first one |
//! | `wait` | a wait for the worker's end ends | look and register under two locks |
//! | `end` | a wait for a multiwatcher's end ends | stop later; count nothing |
//! | `dropped` | no call waits for a task that was dropped | break off nothing |
//! | `panic` | no call waits for a mutation that panicked | swallow the panic |
//!
//! Loom looks at orders, not at time: no clock moves in a model. That nothing foreign is called or dropped under the lock is
//! not its question.
