//! All of Jenkins' state as one machine that is driven by requests and by [`State::tick`]; it never asks what time it is.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::access::Access;
use super::build::{Build, Outcome, Stop};
use super::job::{Flavour, Job};
use super::parameters::{Definition, Parameter};
use super::queue::{Concurrency, Queue};
use super::switches::{Behaviour, Patch, Switches};

/// Something the runner has to do to a child process.
#[derive(Debug, PartialEq, Eq)]
pub enum Command {
    Start(Launch),
    Signal {
        job: String,
        number: u64,
        stop: Stop,
    },
}

/// A script to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launch {
    pub job: String,
    pub number: u64,
    pub parameters: Vec<Parameter>,
    pub behaviour: Behaviour,
    pub kill_after_ms: u32,
}

/// Jenkins.
#[derive(Debug)]
pub struct State {
    pub access: Access,
    pub jobs: BTreeMap<String, Job>,
    pub queue: Queue,
    pub switches: Switches,
    commands: Vec<Command>,
}

/// What the deployment jobs declare.
pub(crate) fn deploy_parameters() -> Vec<Definition> {
    let mut definitions = vec![
        Definition::text(
            "PORTOLAN_RUN_ID",
            "Intent token of the step that triggered this build",
        ),
        Definition::password(
            "PORTOLAN_TICKET",
            "One-time ticket for the step's credentials",
        ),
        Definition::text("PORTOLAN_URL", "Where the ticket is redeemed"),
    ];
    let names = [
        "SERVICE",
        "VERSION",
        "DIGEST",
        "ENVIRONMENT",
        "REGION",
        "CLUSTER",
        "NAMESPACE",
    ];
    definitions.extend(names.iter().map(|name| Definition::text(name, "")));
    definitions.push(Definition::text(
        "CANARY_SHARE",
        "Percent of the replicas that a canary gets; empty for all of them",
    ));
    definitions
}

impl State {
    /// Jenkins with these deployment pipelines in one folder.
    pub fn with_jobs<'a>(folder: &str, jobs: impl IntoIterator<Item = &'a str>) -> Self {
        let mut state = Self {
            access: Access::seeded(),
            jobs: BTreeMap::new(),
            queue: Queue::default(),
            switches: Switches::default(),
            commands: Vec::new(),
        };
        for name in jobs {
            let mut job = Job::new(
                &format!("{folder}/{name}"),
                Flavour::Pipeline,
                deploy_parameters(),
            );
            "Deploys one service to one region".clone_into(&mut job.description);
            state.add(job);
        }
        state
    }

    /// Adds or replaces a job.
    pub fn add(&mut self, job: Job) {
        self.jobs.insert(job.full_name.clone(), job);
    }

    /// Whether a full name is a folder: some job lies in it.
    pub fn is_folder(&self, name: &str) -> bool {
        let prefix = format!("{name}/");
        self.jobs.keys().any(|job| job.starts_with(&prefix))
    }

    /// Applies a change of switches. The error names what is not there.
    pub fn switch(&mut self, patch: Patch) -> Result<(), String> {
        if let Some(name) = &patch.job
            && !self.jobs.contains_key(name)
        {
            return Err(format!("no job {name}"));
        }
        let about = patch.job.clone();
        for job in self
            .jobs
            .values_mut()
            .filter(|job| about.as_ref().is_none_or(|name| *name == job.full_name))
        {
            job.disabled = patch.disabled.unwrap_or(job.disabled);
            job.exclusive = patch.exclusive.unwrap_or(job.exclusive);
        }
        self.switches.apply(patch);
        Ok(())
    }

    /// A build.
    pub fn build(&self, job: &str, number: u64) -> Option<&Build> {
        self.jobs.get(job)?.builds.get(&number)
    }

    /// A build, to alter.
    pub fn build_mut(&mut self, job: &str, number: u64) -> Option<&mut Build> {
        self.jobs.get_mut(job)?.builds.get_mut(&number)
    }

    /// Moves everything on to `now` (milliseconds since 1970) and returns what the runner has to do.
    pub fn tick(&mut self, now: i64) -> Vec<Command> {
        for build in self
            .jobs
            .values_mut()
            .flat_map(|job| job.builds.values_mut())
        {
            build.tick(now);
        }
        let busy = self
            .jobs
            .values()
            .flat_map(|job| job.builds.values())
            .filter(|build| build.building)
            .count();
        let free = usize::from(self.switches.executors).saturating_sub(busy);
        let jobs = &self.jobs;
        let begun = self.queue.advance(now, free, |name| match jobs.get(name) {
            Some(job) if job.exclusive => Concurrency::OneAtATime {
                running: job.running().is_some(),
            },
            _ => Concurrency::Free,
        });
        for item in begun {
            let Some(job) = self.jobs.get_mut(&item.job) else {
                self.queue.cancel(item.id, now);
                continue;
            };
            let number = job.begin(item.id, item.parameters.clone(), &item.user, now);
            self.queue.left(item.id, number, now);
            match self.switches.question.clone() {
                Some(question) => {
                    if let Some(build) = self.build_mut(&item.job, number) {
                        build.ask(&question, now);
                    }
                }
                None => self.launch(&item.job, number, now),
            }
        }
        std::mem::take(&mut self.commands)
    }

    fn launch(&mut self, job: &str, number: u64, now: i64) {
        let behaviour = self.switches.behaviour_of(job);
        let kill_after_ms = self.switches.kill_after_ms;
        if let Some(build) = self.build_mut(job, number) {
            build.script("node deploy.mjs", now);
            let parameters = build.parameters.clone();
            self.commands.push(Command::Start(Launch {
                job: job.to_owned(),
                number,
                parameters,
                behaviour,
                kill_after_ms,
            }));
        }
    }

    /// A person answered Proceed. False when nothing waits under this id.
    pub fn proceed(&mut self, job: &str, number: u64, id: &str, user: &str, now: i64) -> bool {
        match self.build_mut(job, number) {
            Some(build)
                if build.waits_for_input()
                    && build.input.as_ref().is_some_and(|input| input.id == id) =>
            {
                build.proceed(user);
                self.launch(job, number, now);
                true
            }
            _ => false,
        }
    }

    /// A person answered Abort. False when nothing waits under this id.
    pub fn reject(&mut self, job: &str, number: u64, id: &str, user: &str, now: i64) -> bool {
        let post = i64::from(self.switches.post_production_ms);
        match self.build_mut(job, number) {
            Some(build)
                if build.waits_for_input()
                    && build.input.as_ref().is_some_and(|input| input.id == id) =>
            {
                build.finish(
                    Outcome::Aborted,
                    Some(&format!("Rejected by {user}")),
                    now,
                    post,
                );
                true
            }
            _ => false,
        }
    }

    /// Asks a build to stop. Nothing happens when it does not run.
    pub fn stop(&mut self, job: &str, number: u64, stop: Stop, user: &str, now: i64) {
        let post = i64::from(self.switches.post_production_ms);
        let Some(build) = self.build_mut(job, number).filter(|build| build.building) else {
            return;
        };
        if build.stop.is_some_and(|before| before >= stop) {
            return;
        }
        build.stop = Some(stop);
        build.log.line(&match stop {
            Stop::Interrupt => format!("Aborted by {user}"),
            Stop::Terminate => "Click here to forcibly kill entire build".to_owned(),
            Stop::Kill => "Hard kill!".to_owned(),
        });
        build.worsen(Outcome::Aborted);
        if build.waits_for_input() {
            build.finish(Outcome::Aborted, None, now, post);
            return;
        }
        build.log.line("Sending interrupt signal to process");
        if stop == Stop::Kill {
            build.finish(Outcome::Aborted, None, now, post);
        }
        self.commands.push(Command::Signal {
            job: job.to_owned(),
            number,
            stop,
        });
    }

    /// The script has exited.
    pub fn exited(&mut self, job: &str, number: u64, outcome: Outcome, detail: &str, now: i64) {
        let post = i64::from(self.switches.post_production_ms);
        if let Some(build) = self.build_mut(job, number) {
            let outcome = if build.stop.is_some() {
                Outcome::Aborted
            } else {
                outcome
            };
            build.finish(
                outcome,
                Some(detail).filter(|detail| !detail.is_empty()),
                now,
                post,
            );
        }
    }

    /// For `/_world/state`: no password, no log.
    pub fn observe(&self) -> Value {
        let jobs: BTreeMap<&str, Value> = self
            .jobs
            .iter()
            .map(|(name, job)| {
                let builds: Vec<Value> = job.builds.values().map(observe_build).collect();
                (
                    name.as_str(),
                    json!({"disabled": job.disabled, "builds": builds}),
                )
            })
            .collect();
        let queue: Vec<Value> = self
            .queue
            .waiting()
            .map(|item| json!({"id": item.id, "job": item.job}))
            .collect();
        json!({"switches": self.switches, "jobs": jobs, "queue": queue})
    }
}

fn observe_build(build: &Build) -> Value {
    json!({
        "number": build.number,
        "queue_id": build.queue_id,
        "in_progress": build.in_progress,
        "result": build.result.map(Outcome::text),
        "parameters": build.parameters.iter().map(Parameter::json).collect::<Vec<_>>(),
    })
}
