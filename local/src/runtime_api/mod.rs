//! Lambda's Runtime API, so that the very binary that deploys runs here without Docker.
