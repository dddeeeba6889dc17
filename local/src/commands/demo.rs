//! `clusterwarden demo`: a scenario played with the real function binary, and a check that it showed what it is for.
//!
//! Virtual time stands still while the function runs, and the function takes its time from the answers of the embedded AWS.
//! So hours pass in seconds, and passes the same way each time.

mod claims;
mod closing;
mod failovers;
mod failure;
#[cfg(test)]
mod fixture;
mod function;
mod functions;
mod happening;
mod ledger;
mod live;
mod measured;
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

use chrono::{DurationRound, TimeDelta};
use clap::Args;
use clusterwarden::policy::Policy;

use crate::{
    cloud::{Cloud, Delivery, Parameters, scenario},
    wire::http_server::CloudServer,
};
use claims::Evidence;
use closing::Closing;
use failure::{DemoFailure, report};
use function::Job;
use functions::Functions;
use play::Play;
use readback::Services;
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
    let cloud = Arc::new(Mutex::new(scenario::load(
        play.name,
        play.start(),
        Parameters::default(),
    )?));
    let server = CloudServer::start(Arc::clone(&cloud), 0).map_err(DemoFailure::Serve)?;
    let mut functions = Functions::new(play, &policy, &server.url).await?;

    let first = Scene::of(&lock(&cloud), &policy);
    let mut story = Story::new(&first, play);
    let pace = Pace::over(options.seconds.unwrap_or(play.seconds), play.minutes());
    let mut show = Show::start(options.plain, pace, functions.jobs().len() > 1);
    show.tell(&story.opening(&first, &server.url, &functions.jobs()))?;
    let mut before = first.at;
    while lock(&cloud).now() < play.end() {
        let deliveries = advance(&cloud);
        let scene = look(&cloud, &policy, &mut story, &mut show)?;
        let span = (before, scene.at);
        before = scene.at;
        let failovers = &story.ledger().failovers;
        for wake in functions::wakes(play, &functions.jobs(), span, &deliveries, failovers) {
            if let Some(errand) = wake.errand {
                show.tell(&[story.errand(errand, scene.at)])?;
            }
            let job = wake.job;
            let lines = match job {
                Job::Reshard => {
                    let pass = functions.reshard(wake).await?;
                    pass.map(|pass| story.pass(&pass, scene.at))
                }
                Job::FailoverShard | Job::FailoverDbCluster => {
                    let pass = functions.fail_over(wake, &cloud).await?;
                    pass.map(|pass| story.failover_pass(job, &pass, scene.at, &policy))
                }
            };
            show.tell(&lines.unwrap_or_default())?;
        }
        show.draw(&scene, &story)?;
        show.keep_pace().await;
    }
    settle(&cloud, &policy, &mut story, &mut show)?;
    show.end();

    let seen = readback::shard_counts(&server.url).await?;
    let ledger = story.into_ledger();
    let services = Services {
        told: readback::told(&server.url, &ledger.failovers.reported).await?,
        sent: readback::sent(&lock(&cloud)),
    };
    let evidence = Evidence {
        ledger: &ledger,
        seen: &seen,
        services: &services,
        evicted: readback::evicted(&lock(&cloud), play.start()),
    };
    let closing = Closing::new(play, evidence, lock(&cloud).now());
    show::print(&closing.to_string())?;
    Ok(closing.holds())
}

/// Lets time pass to the next whole minute and returns what the services sent since the last one. (Time runs while a function
/// watches a failover, so that it may not stand on a whole minute.)
fn advance(cloud: &Mutex<Cloud>) -> Vec<Delivery> {
    let mut cloud = lock(cloud);
    let minute = TimeDelta::minutes(1);
    let now = cloud.now();
    let begun = now.duration_trunc(minute).unwrap_or(now);
    cloud.advance_to(begun + minute);
    cloud.take_deliveries()
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
