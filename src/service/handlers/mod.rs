//! The answers to requests that make sense, by subject.

mod controller;
mod login;
mod models;
mod watch;
