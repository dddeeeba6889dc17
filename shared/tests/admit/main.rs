//! What the whole fleet may do at once, from the outside: tables, properties, and the rules restated.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails where it is"
)]

mod properties;
mod restated;
mod support;
mod tables;
mod world;
