//! Writes down what is seen, as it is seen: after every look the whole file is replaced, so that a kill keeps all up to there.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};

use super::{
    capture::{
        Answer, Call, Capture, Ending, Event, FORMAT, Look, Parameters, Sample, Stage, Unread,
    },
    normal::{Name, redacted},
    plan::{Plan, SHARDS},
    timing::timings,
};

/// The file of one run, and what is in it so far.
#[derive(Debug)]
pub struct Recorder {
    capture: Capture,
    /// `None`: kept in memory only.
    file: Option<PathBuf>,
    /// The latest failure to write, which must not keep anything from being deleted.
    failed: Option<io::Error>,
    stage: Stage,
    /// What must not be in the file.
    names: Vec<Name>,
    last_look: Option<i64>,
    last_events: Option<i64>,
    last_samples: Option<i64>,
}

impl Recorder {
    /// Begins a record. With a file, it is made now, so that a place where nothing can be written is known before anything costs.
    ///
    /// # Errors
    ///
    /// The file exists already, or cannot be written.
    pub fn new(plan: &Plan, region: &str, file: Option<&Path>) -> io::Result<Self> {
        if let Some(file) = file {
            fs::File::create_new(file)?;
        }
        let recorder = Self {
            capture: Capture {
                format: FORMAT.to_owned(),
                run: plan.run.as_str().to_owned(),
                program: concat!("clusterwarden ", env!("CARGO_PKG_VERSION")).to_owned(),
                region: region.to_owned(),
                began: None,
                ending: None,
                parameters: Parameters {
                    engine: plan.engine.clone(),
                    engine_version: plan.engine_version.clone(),
                    node_type: plan.node_type.clone(),
                    shards: SHARDS,
                    replicas: plan.replicas,
                    deadline_minutes: plan.deadline.num_minutes(),
                },
                calls: Vec::new(),
                looks: Vec::new(),
                events: Vec::new(),
                samples: Vec::new(),
                timings: Vec::new(),
                unread: Vec::new(),
            },
            file: file.map(Path::to_owned),
            failed: None,
            stage: Stage::Create,
            names: names(plan),
            last_look: None,
            last_events: None,
            last_samples: None,
        };
        recorder.write()?;
        Ok(recorder)
    }

    /// What is known so far.
    pub fn capture(&self) -> &Capture {
        &self.capture
    }

    /// Why the file is not up to date. `None`: it is.
    pub fn failed(&self) -> Option<&io::Error> {
        self.failed.as_ref()
    }

    pub(super) fn stage(&self) -> Stage {
        self.stage
    }

    pub(super) fn enter(&mut self, stage: Stage) {
        self.stage = stage;
    }

    pub(super) fn began(&mut self, at: DateTime<Utc>) {
        self.capture.began.get_or_insert(at);
    }

    pub(super) fn call(&mut self, mut call: Call) {
        call.answer = self.redact(call.answer);
        self.capture.calls.push(call);
        self.save();
    }

    /// A look, which joins the one before if it shows the same.
    pub(super) fn look(&mut self, mut look: Look) {
        let gap = self.last_look.map_or(0, |last| look.at - last);
        let after = self.last_look.replace(look.at);
        match self.capture.looks.last_mut() {
            Some(last)
                if last.stage == look.stage
                    && last.status == look.status
                    && last.shards == look.shards
                    && last.nodes == look.nodes =>
            {
                last.last = look.at;
                last.looks += 1;
                last.longest_gap = last.longest_gap.max(gap);
                last.moved_percent = look.moved_percent;
            }
            Some(_) | None => {
                look.after = after;
                look.longest_gap = gap;
                self.capture.looks.push(look);
            }
        }
        self.save();
    }

    /// Events of one answer; known ones are passed over.
    pub(super) fn events(&mut self, now: i64, events: Vec<Event>) {
        let before = self.last_events.replace(now);
        for mut event in events {
            event.message = redacted(&event.message, &self.names);
            let known = self.capture.events.iter().any(|other| {
                (other.at, &other.source, &other.message)
                    == (event.at, &event.source, &event.message)
            });
            if !known {
                event.seen_after = before;
                event.seen_at = now;
                self.capture.events.push(event);
            }
        }
        self.save();
    }

    /// Minutes of one answer; known ones are passed over.
    pub(super) fn samples(&mut self, now: i64, samples: Vec<Sample>) {
        let before = self.last_samples.replace(now);
        for mut sample in samples {
            let known = self
                .capture
                .samples
                .iter()
                .any(|other| other.at == sample.at && other.node == sample.node);
            if !known {
                sample.seen_after = before;
                sample.seen_at = now;
                self.capture.samples.push(sample);
            }
        }
        self.save();
    }

    pub(super) fn unread(&mut self, now: i64, operation: &str, answer: Answer) {
        let answer = self.redact(answer);
        let known = self
            .capture
            .unread
            .iter_mut()
            .find(|one| one.operation == operation && one.answer == answer);
        match known {
            Some(one) => {
                one.times += 1;
                one.last = now;
            }
            None => self.capture.unread.push(Unread {
                operation: operation.to_owned(),
                answer,
                last: now,
                times: 1,
            }),
        }
        self.save();
    }

    pub(super) fn end(&mut self, mut ending: Ending) {
        ending.sentence = redacted(&ending.sentence, &self.names);
        self.capture.ending = Some(ending);
        self.save();
    }

    fn save(&mut self) {
        if self.file.is_some() || self.capture.ending.is_some() {
            self.capture.timings = timings(&self.capture);
        }
        self.failed = self.write().err();
    }

    /// Replaces the file in one go: whoever reads it, or kills us meanwhile, finds the old or the new one.
    fn write(&self) -> io::Result<()> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        let mut text = serde_json::to_string_pretty(&self.capture).map_err(io::Error::other)?;
        text.push('\n');
        let mut beside = file.clone().into_os_string();
        beside.push(".part");
        fs::write(&beside, text)?;
        fs::rename(&beside, file)
    }

    fn redact(&self, answer: Answer) -> Answer {
        let redacted = |text: &str| redacted(text, &self.names);
        match answer {
            Answer::Accepted { status } => Answer::Accepted { status },
            Answer::Refused {
                http,
                code,
                message,
            } => Answer::Refused {
                http,
                code,
                message: redacted(&message),
            },
            Answer::NoAnswer { what } => Answer::NoAnswer {
                what: redacted(&what),
            },
        }
    }
}

/// Longest first, for one name may be a part of another.
fn names(plan: &Plan) -> Vec<Name> {
    let of = |placeholder| {
        move |name: &String| Name {
            name: name.clone(),
            placeholder,
        }
    };
    let subnets = plan.subnet_group.iter().map(of("<subnet-group>"));
    let groups = plan.security_groups.iter().map(of("<security-group>"));
    let mut names: Vec<Name> = subnets.chain(groups).collect();
    names.sort_by_key(|name| std::cmp::Reverse(name.name.len()));
    names
}
