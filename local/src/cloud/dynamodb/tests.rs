//! Conditions and updates on items.
