//! Decisions about forced failovers of shards and promotions of replicas, from the outside: scenarios with goldens, and what
//! holds in every world.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails where it is"
)]

#[path = "../goldens/mod.rs"]
mod goldens;

mod build;
mod properties;
mod scenarios;
mod support;
mod words;
mod world;
mod zones;
