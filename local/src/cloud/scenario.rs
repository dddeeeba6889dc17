//! Named scenarios and scenario files: groups, demand, alarms and tables to start a cloud with.
