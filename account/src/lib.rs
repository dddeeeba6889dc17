//! What a person asks of a real account, and what no function needs: a check before the first apply, and a rehearsal.

pub mod doctor;
pub mod rehearse;
