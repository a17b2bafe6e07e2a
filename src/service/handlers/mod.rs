//! The answers to requests that make sense, by subject.

mod about;
mod controller;
mod login;
mod models;
mod watch;
