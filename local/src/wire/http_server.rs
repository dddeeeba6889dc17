//! The embedded AWS over HTTP on 127.0.0.1.
