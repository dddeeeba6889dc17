//! Alarms as their users meet them.
