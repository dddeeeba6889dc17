//! How a person stops a rehearsal: once to have it delete now, twice to leave at once.

use tokio::sync::watch;

/// Counts the times that somebody asked to stop.
#[derive(Debug)]
pub struct Stopper(watch::Sender<u32>);

/// Learns of it.
#[derive(Debug, Clone)]
pub struct Stop(watch::Receiver<u32>);

/// A pair of the two. A [`Stopper`] that is dropped never asks.
pub fn channel() -> (Stopper, Stop) {
    let (sender, receiver) = watch::channel(0);
    (Stopper(sender), Stop(receiver))
}

impl Stopper {
    /// Asks once more.
    pub fn ask(&self) {
        self.0.send_modify(|times| *times += 1);
    }

    /// Asks unless it was asked already.
    pub fn ask_unless_asked(&self) {
        self.0.send_modify(|times| *times = (*times).max(1));
    }
}

impl Stop {
    /// Returns once it was asked so many times.
    pub async fn asked(&self, times: u32) {
        let mut receiver = self.0.clone();
        let reached = receiver.wait_for(|asked| *asked >= times).await.is_ok();
        if !reached {
            std::future::pending::<()>().await;
        }
    }
}
