//! Closed loop: load drives metrics, metrics drive passes, passes reshard, shards carry the load. Whole passes with the real
//! SDK over what AWS leaves unsaid and over faults, all drawn from a seed; what must always hold is checked at every pass.
//!
//! `CLUSTERWARDEN_RUNS=200` tries more seeds, `CLUSTERWARDEN_SEED=17` one seed with its story printed.

mod checks;
mod days;
mod trouble;
mod world;

use world::World;

/// As many as run in a debug build in well under a minute.
const RUNS: u64 = 8;

#[expect(clippy::disallowed_methods, reason = "a person asks for more runs")]
fn variable(name: &str) -> Option<u64> {
    std::env::var(name)
        .ok()
        .map(|text| text.parse().expect("a whole number"))
}

fn run(seed: u64) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(async {
        let mut world = World::draw(seed);
        world.live_through_trouble().await;
        world.meet_a_load_that_stays().await;
        world.meet_quiet_for_good().await;
        if variable("CLUSTERWARDEN_SEED").is_some() {
            world.tell();
        }
    });
}

#[test]
fn whatever_happens_every_change_is_safe_and_the_load_is_met_in_the_end() {
    if let Some(seed) = variable("CLUSTERWARDEN_SEED") {
        return run(seed);
    }
    let runs = variable("CLUSTERWARDEN_RUNS").unwrap_or(RUNS);
    let of_thread = |odd: u64| (0..runs).filter(move |seed| seed % 2 == odd).for_each(run);
    std::thread::scope(|scope| {
        let other = scope.spawn(move || of_thread(1));
        of_thread(0);
        // The panic has been printed with its seed.
        other.join().expect("no seed fails");
    });
}
