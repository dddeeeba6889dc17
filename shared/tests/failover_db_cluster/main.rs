//! Failovers of Neptune clusters, decided from the outside: scenarios with goldens, and what holds in every world.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails where it is"
)]

#[path = "../goldens/mod.rs"]
mod goldens;

mod monotone;
mod properties;
mod scenarios;
mod support;
mod world;
