//! `clusterwarden demo`: a scenario played with the real function binary, and a check that it showed what it is for.
//!
//! Virtual time stands still while the function runs, and the function takes its time from the answers of the embedded AWS.
//! So hours pass in seconds, and passes the same way each time.

mod claims;
mod closing;
mod failure;
#[cfg(test)]
mod fixture;
mod function;
mod happening;
mod ledger;
mod live;
mod play;
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
use clusterwarden::policy::Policy;

use crate::{
    cloud::{Cloud, Delivery, Parameters, scenario},
    runtime_api::{Endpoint, binaries},
    wire::http_server::CloudServer,
};
use claims::Evidence;
use closing::Closing;
use failure::{DemoFailure, report};
use function::{Cause, WokenFunction};
use play::Play;
use scene::Scene;
use show::{Pace, Show};
use story::Story;

/// What `clusterwarden demo` may be told.
#[derive(Debug, Args)]
pub struct DemoOptions {
    /// What to show: day, hot-key, memory-growth, flapping, busy-weekday, metric-outage or terraform-fights-us
    #[arg(long, value_name = "NAME", default_value = play::DAY.name)]
    scenario: String,
    /// On a terminal, stretch it over this many seconds so that eyes can follow; 0 runs it as fast as it goes [default:
    /// 40 for the day, 25 for the others]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(0..=3600))]
    seconds: Option<u64>,
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

/// Plays the scenario and tells whether it showed what it must.
async fn play(options: &DemoOptions) -> Result<bool, DemoFailure> {
    let play = Play::named(&options.scenario)?;
    let policy = play.policy()?;
    let binary = binaries::locate(play::FUNCTION, |line| eprintln!("{line}")).await?;
    let cloud = Arc::new(Mutex::new(scenario::load(
        play.name,
        play.start(),
        Parameters::default(),
    )?));
    let server = CloudServer::start(Arc::clone(&cloud), 0).map_err(DemoFailure::Serve)?;
    let endpoint = Endpoint::embedded(&server.url)?;
    let mut function = WokenFunction::new(binary, endpoint, play)?;

    let first = Scene::of(&lock(&cloud), &policy);
    let mut story = Story::new(&first, play);
    let pace = Pace::over(options.seconds.unwrap_or(play.seconds), play.minutes());
    let mut show = Show::start(options.plain, pace);
    show.tell(&story.opening(&first, &server.url))?;
    while lock(&cloud).now() < play.end() {
        let deliveries = advance(&cloud);
        let scene = look(&cloud, &policy, &mut story, &mut show)?;
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
    let ledger = story.into_ledger();
    let evidence = Evidence {
        ledger: &ledger,
        seen: &seen,
        evicted: readback::evicted(&lock(&cloud), play.start()),
    };
    let closing = Closing::new(play, evidence, lock(&cloud).now());
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
        .filter(|delivery| delivery.target == play::FUNCTION_ARN);
    let mut wakes: Vec<_> = alarms
        .map(|delivery| (Cause::of_alarm(&delivery.event), delivery.event))
        .collect();
    if at.minute().is_multiple_of(play::SCHEDULE_MINUTES) {
        wakes.push((Cause::Schedule, play::schedule_event(at)));
    }
    wakes
}

/// Lets a change that is still under way come to its end, so that there is something to compare.
fn settle(
    cloud: &Mutex<Cloud>,
    policy: &Policy,
    story: &mut Story,
    show: &mut Show,
) -> Result<(), DemoFailure> {
    for _ in 0..play::SETTLE_MINUTES {
        let scene = Scene::of(&lock(cloud), policy);
        if scene.groups.iter().all(|group| group.is_available()) {
            break;
        }
        advance(cloud);
        let scene = look(cloud, policy, story, show)?;
        show.draw(&scene, story)?;
    }
    Ok(())
}

/// Looks around, and tells what is new and what others did.
fn look(
    cloud: &Mutex<Cloud>,
    policy: &Policy,
    story: &mut Story,
    show: &mut Show,
) -> Result<Scene, DemoFailure> {
    let scene = Scene::of(&lock(cloud), policy);
    show.tell(&story.look(&scene))?;
    let acts = lock(cloud).outside.take_done();
    show.tell(&story.acts(&acts))?;
    let happened = lock(cloud).outside.take_happened();
    show.tell(&happening::lines(&happened))?;
    Ok(scene)
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
