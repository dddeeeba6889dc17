//! Why we woke: a label for the record, never an input of a decision.
