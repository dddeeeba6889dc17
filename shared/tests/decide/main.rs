//! Decisions from the outside: scenarios with goldens, properties, the rules restated, and what AWS documents.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails where it is"
)]

#[path = "../goldens/mod.rs"]
mod goldens;

mod care;
mod differential;
mod documented;
mod monotone;
mod properties;
mod replayed;
mod restated;
mod scenarios;
mod skew;
mod support;
mod world;
