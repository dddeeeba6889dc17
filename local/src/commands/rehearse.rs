//! `clusterwarden rehearse`: a short life of a real replication group, its record, and what the embedded AWS does otherwise.
//!
//! Nothing here prints by a macro: those panic when a terminal is gone, and a panic would leave nodes that cost money.

mod model;
mod signals;
mod words;

use std::{
    fs, io,
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;
use clusterwarden::{aws::access::Access, pause::End};
use clusterwarden_account::rehearse::{
    Cleaning, Pace, Plan, Rehearsal, Removed, RunId,
    capture::{Capture, How},
    clean,
    compare::{compare, finished},
    plan::GRACE,
    record::Recorder,
    rehearse,
    service::{Clock, Service},
    stop::Stop,
};

pub use model::embedded;

use super::{failure::Failure, pause, reach::ReachOptions, surroundings::Surroundings};

/// What `clusterwarden rehearse` may be told.
#[derive(Debug, Args)]
pub(super) struct RehearseOptions {
    /// Create the replication group, which costs money until it is deleted [without: say what would be made, and call nothing]
    #[arg(long)]
    yes_create_resources: bool,
    /// Find by tag what killed runs left in this Region, list it, and delete it
    #[arg(long, conflicts_with_all = ["yes_create_resources", "out"])]
    clean: bool,
    /// With --clean: only what this run left
    #[arg(long, value_name = "RUN", requires = "clean", value_parser = run_id)]
    run: Option<RunId>,
    /// Compare the file of an earlier run with the embedded AWS; calls nothing
    #[arg(long, value_name = "FILE", conflicts_with_all = ["yes_create_resources", "clean", "out"])]
    compare: Option<PathBuf>,
    /// Where to write what is seen; must not exist [default: rehearsal-<run>.json]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// `CacheNodeType`
    #[arg(long, value_name = "TYPE", default_value = "cache.t4g.small")]
    node_type: String,
    /// `valkey` or `redis`
    #[arg(long, default_value = "valkey", value_parser = ["valkey", "redis"])]
    engine: String,
    /// `EngineVersion` [default: AWS picks]
    #[arg(long, value_name = "VERSION")]
    engine_version: Option<String>,
    /// Replicas of each shard
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=5))]
    replicas: u32,
    /// `CacheSubnetGroupName` [default: AWS picks]
    #[arg(long, value_name = "NAME")]
    subnet_group: Option<String>,
    /// `SecurityGroupIds`; may be given again [default: AWS picks]
    #[arg(long, value_name = "ID")]
    security_group: Vec<String>,
    /// After so long it stops waiting and deletes: 45m, 2h, 1h30m
    #[arg(long, value_name = "LENGTH", default_value = "150m", value_parser = deadline)]
    deadline: TimeDelta,
    /// Pause between two looks, in seconds [default: 10, at least 1; 0.1 at an embedded AWS]
    #[arg(long, value_name = "SECONDS", value_parser = poll)]
    poll: Option<Duration>,
    #[command(flatten)]
    reach: ReachOptions,
}

fn run_id(text: &str) -> Result<RunId, String> {
    RunId::new(text).map_err(|error| error.to_string())
}

/// A rehearsal of less than ten minutes has not even made its group; one of more than a day has forgotten it.
fn deadline(text: &str) -> Result<TimeDelta, String> {
    let allowed = TimeDelta::minutes(10)..=TimeDelta::hours(24);
    match pause::length(text)? {
        End::In(length) if allowed.contains(&length) => Ok(length),
        End::In(_) | End::At(_) | End::Next(_) | End::Lifted => {
            Err("write a length from 10m to 24h".to_owned())
        }
    }
}

fn poll(text: &str) -> Result<Duration, String> {
    let seconds = text
        .parse::<f64>()
        .ok()
        .filter(|seconds| (0.0..=300.0).contains(seconds));
    let pause = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    pause.ok_or_else(|| "write a number of seconds from 0 to 300".to_owned())
}

impl RehearseOptions {
    fn plan(&self, run: RunId) -> Plan {
        Plan {
            run,
            node_type: self.node_type.clone(),
            engine: self.engine.clone(),
            engine_version: self.engine_version.clone(),
            replicas: self.replicas,
            subnet_group: self.subnet_group.clone(),
            security_groups: self.security_group.clone(),
            deadline: self.deadline,
        }
    }

    fn pace(&self, access: &Access) -> Pace {
        // An embedded clock may run an hour a second; a real service must not be asked without a pause.
        let (usual, least) = if access.embedded {
            (Duration::from_millis(100), Duration::ZERO)
        } else {
            (Duration::from_secs(10), Duration::from_secs(1))
        };
        Pace(self.poll.unwrap_or(usual).max(least))
    }
}

/// Does what the options say.
pub(super) async fn run(
    options: RehearseOptions,
    surroundings: &Surroundings,
) -> Result<(), Failure> {
    if let Some(file) = &options.compare {
        return compare_file(file).await;
    }
    let access = options.reach.access(surroundings)?;
    if options.clean {
        return clean_up(&options, &access).await;
    }
    let plan = options.plan(signals::new_run(now())?);
    let preview = words::preview(&plan, access.region.as_deref());
    if !options.yes_create_resources {
        print(&format!("{preview}\n{}\n", words::TO_DO_IT))?;
        return Ok(());
    }
    tell(&preview);
    for_real(&options, &access, &plan).await
}

async fn for_real(options: &RehearseOptions, access: &Access, plan: &Plan) -> Result<(), Failure> {
    let service = Service::open(access, clock()).await;
    let region = service.region().ok_or(Failure::NoRegion)?.to_owned();
    let file = options
        .out
        .clone()
        .unwrap_or_else(|| format!("rehearsal-{}.json", plan.run.as_str()).into());
    let mut recorder =
        Recorder::new(plan, &region, Some(&file)).map_err(|source| Failure::Unwritable {
            name: file.display().to_string(),
            source,
        })?;
    // Before anything is made, so that no signal can end the process while something is there.
    let stop = signals::listen().map_err(Failure::Signals)?;
    let removed = rehearse(Rehearsal {
        service: &service,
        plan,
        recorder: &mut recorder,
        pace: options.pace(access),
        stop: &stop,
        say: &tell,
    })
    .await;
    if let Some(error) = recorder.failed() {
        tell(&format!("{} could not be written: {error}", file.display()));
    }
    let way = words::Way {
        region: &region,
        endpoint_url: access.endpoint_url.as_deref(),
    };
    match &removed {
        Removed::Gone => {}
        Removed::NotOurs => {
            tell("A group of this id is there that no rehearsal made. It was left alone.")
        }
        Removed::Left { id, .. } => {
            tell(&words::left(&removed, id, &way));
            return Err(Failure::RehearsalLeft { id: id.clone() });
        }
    }
    sweep(options, access, &service, plan, &stop, &way).await?;
    tell(&format!("What was seen is in {}.", file.display()));
    let capture = recorder.capture();
    let how = capture
        .ending
        .as_ref()
        .map(|ending| (ending.how, ending.sentence.clone()));
    // Whoever stopped it wants to leave, not to read.
    if how.as_ref().is_some_and(|(how, _)| *how != How::Stopped) {
        show_differences(capture).await?;
    }
    match how {
        Some((How::Completed, _)) => Ok(()),
        Some((_, sentence)) => Err(Failure::RehearsalEnded { sentence }),
        None => Err(Failure::RehearsalEnded {
            sentence: "it did not come to its end".to_owned(),
        }),
    }
}

/// A last look by tag: nothing of this run may be there.
async fn sweep(
    options: &RehearseOptions,
    access: &Access,
    service: &Service,
    plan: &Plan,
    stop: &Stop,
    way: &words::Way<'_>,
) -> Result<(), Failure> {
    let quiet = |_: &str| {};
    let cleaning = Cleaning {
        service,
        run: Some(&plan.run),
        pace: options.pace(access),
        give_up: GRACE,
        say: &quiet,
    };
    let cleaned = tokio::select! {
        biased;
        () = stop.asked(2) => return Err(Failure::RehearsalEnded { sentence: "somebody stopped the last look".to_owned() }),
        cleaned = clean(&cleaning) => cleaned,
    };
    match cleaned {
        Ok(cleaned) => match cleaned.left.first() {
            None => Ok(()),
            Some(left) => {
                let id = plan.group_id();
                tell(&words::left(left, &id, way));
                Err(Failure::RehearsalLeft { id })
            }
        },
        // It is deleted by its id already.
        Err(why) => {
            tell(&format!(
                "The last look at the Region's groups failed: {why}"
            ));
            Ok(())
        }
    }
}

async fn clean_up(options: &RehearseOptions, access: &Access) -> Result<(), Failure> {
    let service = Service::open(access, clock()).await;
    let region = service.region().ok_or(Failure::NoRegion)?.to_owned();
    let stop = signals::listen().map_err(Failure::Signals)?;
    let cleaning = Cleaning {
        service: &service,
        run: options.run.as_ref(),
        pace: options.pace(access),
        give_up: options.deadline,
        say: &tell,
    };
    let cleaned = tokio::select! {
        biased;
        () = stop.asked(1) => return Err(Failure::CleaningEnded("somebody stopped it; run it again".to_owned())),
        cleaned = clean(&cleaning) => cleaned.map_err(Failure::CleaningEnded)?,
    };
    let way = words::Way {
        region: &region,
        endpoint_url: access.endpoint_url.as_deref(),
    };
    for left in &cleaned.left {
        if let Removed::Left { id, .. } = left {
            tell(&words::left(left, id, &way));
        }
    }
    print(&words::cleaned(&cleaned, &region))?;
    match cleaned.left.first() {
        None => Ok(()),
        Some(left) => Err(Failure::CleaningEnded(left.to_string())),
    }
}

async fn compare_file(file: &Path) -> Result<(), Failure> {
    let name = file.display().to_string();
    let text = fs::read_to_string(file).map_err(|source| Failure::Unreadable {
        what: "the rehearsal",
        name: name.clone(),
        source,
    })?;
    let capture = Capture::read(&text).map_err(|source| Failure::NotACapture { name, source })?;
    show_differences(&capture).await
}

async fn show_differences(seen: &Capture) -> Result<(), Failure> {
    tell("Rehearsing the same on the embedded AWS, to compare.");
    let model = embedded(&seen.parameters, crate::cloud::Parameters::default()).await;
    let model = model.map_err(Failure::Serve)?;
    print(&words::differences(&compare(seen, &model), finished(seen)))
}

/// Tells the person how it goes, on standard error, and goes on without them if they are gone.
fn tell(words: &str) {
    _ = writeln!(io::stderr(), "{words}");
}

/// Writes to standard output; whoever reads it may stop early, and that is no failure.
fn print(text: &str) -> Result<(), Failure> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::Output(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn clock() -> Clock {
    Arc::new(now)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the edge: the deadline must pass also while no service says what time it is"
)]
fn now() -> DateTime<Utc> {
    Utc::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadlines_and_pauses_keep_to_their_limits() {
        assert_eq!(deadline("90m"), Ok(TimeDelta::minutes(90)));
        assert_eq!(deadline("1h30m"), Ok(TimeDelta::minutes(90)));
        for wrong in ["9m", "25h", "90", "soon"] {
            assert!(deadline(wrong).is_err(), "{wrong}");
        }
        assert_eq!(poll("0.05"), Ok(Duration::from_millis(50)));
        for wrong in ["-1", "NaN", "301", "x"] {
            assert!(poll(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_run_has_an_id_of_its_own() {
        let at = DateTime::from_timestamp(1_795_420_800, 0).unwrap();
        let (one, other) = (signals::new_run(at).unwrap(), signals::new_run(at).unwrap());
        assert_ne!(one, other);
        assert!(
            one.as_str().starts_with("261123-") && one.as_str().len() == 13,
            "{}",
            one.as_str()
        );
    }
}
