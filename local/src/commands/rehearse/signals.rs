//! The edges of a run: its id, and the signals that end it.

use std::{
    hash::{BuildHasher, Hasher, RandomState},
    io,
};

use chrono::{DateTime, Utc};
use clusterwarden_account::rehearse::{
    RunId,
    stop::{self, Stop},
};

use crate::commands::failure::Failure;

/// Letters and digits that ids may have.
const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// The id of a new run: the day for people, then six random letters, which make it the only one of the account.
pub(super) fn new_run(now: DateTime<Utc>) -> Result<RunId, Failure> {
    let mut random = RandomState::new().build_hasher().finish();
    let mut letters = String::new();
    for _ in 0..6 {
        let digit = usize::try_from(random % 36)
            .ok()
            .and_then(|at| DIGITS.get(at));
        letters.extend(digit.map(|digit| char::from(*digit)));
        random /= 36;
    }
    let id = format!("{}-{letters}", now.format("%y%m%d"));
    RunId::new(&id).map_err(|error| Failure::RehearsalEnded {
        sentence: error.to_string(),
    })
}

/// From now on Ctrl-C and SIGTERM ask the run to end, as often as they come; so does a terminal that is closed, once.
pub(super) fn listen() -> io::Result<Stop> {
    let (stopper, stop) = stop::channel();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut hangup = signal(SignalKind::hangup())?;
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = interrupt.recv() => stopper.ask(),
                    _ = terminate.recv() => stopper.ask(),
                    _ = hangup.recv() => stopper.ask_unless_asked(),
                }
            }
        });
    }
    #[cfg(not(unix))]
    tokio::spawn(async move {
        while tokio::signal::ctrl_c().await.is_ok() {
            stopper.ask();
        }
    });
    Ok(stop)
}
