//! The doctor against the embedded AWS with the stack of template.yaml: healthy, broken in each way, and refused.

mod broken;
mod healthy;
mod refused;
mod world;
