//! The same answers in three protocols.
