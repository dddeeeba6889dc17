//! The wire format of elasticache.
