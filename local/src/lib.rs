//! Everything of clusterwarden that needs no AWS: an embedded AWS, Lambda's Runtime API, and the commands.

pub mod cloud;
pub mod commands;
pub mod runtime_api;
pub mod wire;
