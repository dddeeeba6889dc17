//! `clusterwarden demo`: one day of a shop, with the real function binary keeping its clusters in shape.
//!
//! Virtual time stands still while the function runs, and the function takes its time from the answers of the embedded AWS.
//! So a day passes in half a minute, and passes the same way each time.

mod closing;
mod day;
mod failure;
#[cfg(test)]
mod fixture;
mod function;
mod ledger;
mod live;
mod readback;
mod scene;
mod screen;
mod show;
mod story;
mod text;

use std::{
    process::ExitCode,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, TimeDelta, Timelike, Utc};
use clap::Args;

use crate::{
    cloud::{Cloud, Delivery, Parameters, scenario},
    runtime_api::{Endpoint, binaries},
    wire::http_server::CloudServer,
};
use closing::Closing;
use failure::{DemoFailure, report};
use function::{Cause, WokenFunction};
use scene::Scene;
use show::{Pace, Show};
use story::Story;

/// What `clusterwarden demo` may be told.
#[derive(Debug, Args)]
pub struct DemoOptions {
    /// On a terminal, stretch the day over this many seconds so that eyes can follow; 0 runs it as fast as it goes
    #[arg(long, value_name = "SECONDS", default_value_t = 40, value_parser = clap::value_parser!(u64).range(0..=3600))]
    seconds: u64,
    /// Print plain lines even on a terminal
    #[arg(long)]
    plain: bool,
}

/// Runs the demo.
pub async fn run(options: DemoOptions) -> ExitCode {
    let played = tokio::select! {
        played = play(&options) => played,
        () = interrupted() => Err(DemoFailure::Interrupted),
    };
    // The terminal is whole again by now: what held it ended with `play`.
    match played {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => report(&failure),
    }
}

/// Plays the day and tells whether it showed what it must.
async fn play(options: &DemoOptions) -> Result<bool, DemoFailure> {
    let policy = day::policy()?;
    let binary = binaries::locate(day::FUNCTION, |line| eprintln!("{line}")).await?;
    let cloud = Arc::new(Mutex::new(scenario::load(
        day::SCENARIO,
        day::start(),
        Parameters::default(),
    )?));
    let server = CloudServer::start(Arc::clone(&cloud), 0).map_err(DemoFailure::Serve)?;
    let endpoint = Endpoint::embedded(&server.url)?;
    let mut function = WokenFunction::new(binary, endpoint)?;

    let first = Scene::of(&lock(&cloud), &policy);
    let mut story = Story::new(&first);
    let mut show = Show::start(options.plain, Pace::over(options.seconds, day::minutes()));
    show.tell(&story.opening(&first, &server.url))?;
    while lock(&cloud).now() < day::end() {
        let deliveries = advance(&cloud);
        let scene = Scene::of(&lock(&cloud), &policy);
        show.tell(&story.look(&scene))?;
        for (cause, event) in wakes(scene.at, deliveries) {
            let pass = function.wake(cause, &event).await?;
            show.tell(&story.pass(&pass, scene.at))?;
        }
        show.draw(&scene, &story)?;
        show.keep_pace().await;
    }
    settle(&cloud, &policy, &mut story, &mut show)?;
    show.end();

    let seen = readback::shard_counts(&server.url).await?;
    let closing = Closing::new(story.into_ledger(), &seen, lock(&cloud).now());
    show::print(&closing.to_string())?;
    Ok(closing.holds())
}

/// Lets one minute pass and returns what the services sent meanwhile.
fn advance(cloud: &Mutex<Cloud>) -> Vec<Delivery> {
    let mut cloud = lock(cloud);
    cloud.advance(TimeDelta::minutes(1));
    cloud.take_deliveries()
}

/// What wakes the function in this minute: alarms first, then the schedule.
fn wakes(at: DateTime<Utc>, deliveries: Vec<Delivery>) -> Vec<(Cause, serde_json::Value)> {
    let alarms = deliveries
        .into_iter()
        .filter(|delivery| delivery.target == day::FUNCTION_ARN);
    let mut wakes: Vec<_> = alarms
        .map(|delivery| (Cause::of_alarm(&delivery.event), delivery.event))
        .collect();
    if at.minute().is_multiple_of(day::SCHEDULE_MINUTES) {
        wakes.push((Cause::Schedule, day::schedule_event(at)));
    }
    wakes
}

/// Lets a change that is still under way come to its end, so that there is something to compare.
fn settle(
    cloud: &Mutex<Cloud>,
    policy: &clusterwarden::policy::Policy,
    story: &mut Story,
    show: &mut Show,
) -> Result<(), DemoFailure> {
    for _ in 0..day::SETTLE_MINUTES {
        let scene = Scene::of(&lock(cloud), policy);
        if scene.groups.iter().all(|group| group.is_available()) {
            break;
        }
        advance(cloud);
        let scene = Scene::of(&lock(cloud), policy);
        show.tell(&story.look(&scene))?;
        show.draw(&scene, story)?;
    }
    Ok(())
}

/// A panic elsewhere while the lock was held leaves a cloud that is still good enough to look at.
fn lock(cloud: &Mutex<Cloud>) -> MutexGuard<'_, Cloud> {
    cloud.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ctrl-C from another process, or the signal that process supervisors send. (On a live terminal the keys Ctrl-C arrive as
/// keys, and [`Show`] reads them.) Never returns where the system has no such signals.
async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                Ok(()) = tokio::signal::ctrl_c() => return,
                _ = terminate.recv() => return,
            }
        }
    }
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
