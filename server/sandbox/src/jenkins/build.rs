//! One build: its state, its log and how it ends.

use super::log::{Log, note};
use super::parameters::{Kind, Parameter};

/// How a build ended. The order is that of severity: a result only ever gets worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    Success,
    Failure,
    Aborted,
}

impl Outcome {
    /// As the API spells it.
    pub fn text(self) -> &'static str {
        match self {
            Self::Success => "SUCCESS",
            Self::Failure => "FAILURE",
            Self::Aborted => "ABORTED",
        }
    }
}

/// How hard a build was asked to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stop {
    /// `stop`: interrupt, SIGTERM to the process.
    Interrupt,
    /// `term`: the step fails without being asked.
    Terminate,
    /// `kill`: the execution is dropped.
    Kill,
}

/// A question the pipeline waits on before it runs its script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    pub id: String,
    pub message: String,
    pub since: i64,
    /// Who proceeded, once somebody did.
    pub proceeded_by: Option<String>,
}

/// One build.
#[derive(Debug)]
pub struct Build {
    pub number: u64,
    pub queue_id: u64,
    pub parameters: Vec<Parameter>,
    pub user: String,
    pub building: bool,
    pub in_progress: bool,
    pub result: Option<Outcome>,
    /// Start, milliseconds since 1970.
    pub timestamp: i64,
    /// Milliseconds; 0 while running.
    pub duration: i64,
    pub log: Log,
    pub input: Option<Input>,
    /// When the script began, milliseconds since 1970.
    pub script_since: Option<i64>,
    pub stop: Option<Stop>,
    /// When post-production ends and `inProgress` turns false.
    pub completes_at: Option<i64>,
}

impl Build {
    /// A build that has just got its executor.
    pub fn new(
        number: u64,
        queue_id: u64,
        parameters: Vec<Parameter>,
        user: &str,
        job: &str,
        now: i64,
    ) -> Self {
        let mut log = Log::default();
        log.line(&format!(
            "Started by user {}{user}",
            note("4LvGTa7Rx3Ekw==")
        ));
        log.line("[Pipeline] Start of Pipeline");
        log.line("[Pipeline] node");
        log.line(&format!(
            "Running on Jenkins in /var/jenkins_home/workspace/{job}"
        ));
        log.line("[Pipeline] {");
        Self {
            number,
            queue_id,
            parameters,
            user: user.to_owned(),
            building: true,
            in_progress: true,
            result: None,
            timestamp: now,
            duration: 0,
            log,
            input: None,
            script_since: None,
            stop: None,
            completes_at: None,
        }
    }

    /// Asks a question before the script runs.
    pub fn ask(&mut self, message: &str, now: i64) {
        self.log.line("[Pipeline] stage");
        self.log.line("[Pipeline] { (Confirm)");
        self.log.line("[Pipeline] input");
        self.log.line(message);
        self.log.line("Proceed or Abort");
        self.input = Some(Input {
            id: "Confirm".to_owned(),
            message: message.to_owned(),
            since: now,
            proceeded_by: None,
        });
    }

    /// Whether it waits for a person.
    pub fn waits_for_input(&self) -> bool {
        self.building
            && self
                .input
                .as_ref()
                .is_some_and(|input| input.proceeded_by.is_none())
    }

    /// Somebody pressed Proceed.
    pub fn proceed(&mut self, user: &str) {
        if let Some(input) = &mut self.input {
            input.proceeded_by = Some(user.to_owned());
            self.log.line(&format!("Approved by {user}"));
            self.log.line("[Pipeline] }");
            self.log.line("[Pipeline] // stage");
        }
    }

    /// The script begins.
    pub fn script(&mut self, command: &str, now: i64) {
        self.script_since = Some(now);
        self.log.line("[Pipeline] stage");
        self.log.line("[Pipeline] { (Deploy)");
        self.log.line("[Pipeline] sh");
        self.log.line(&format!("+ {command}"));
    }

    /// One line of the script's output. Values of password parameters are masked wherever they appear.
    pub fn output(&mut self, line: &str) {
        if self.building {
            self.log.line(&self.masked(line));
        }
    }

    fn masked(&self, line: &str) -> String {
        self.parameters
            .iter()
            .filter(|parameter| parameter.kind == Kind::Password && !parameter.value.is_empty())
            .fold(line.to_owned(), |line, secret| {
                line.replace(&secret.value, "****")
            })
    }

    /// Sets the result, or worsens it.
    pub fn worsen(&mut self, outcome: Outcome) {
        self.result = Some(self.result.map_or(outcome, |before| before.max(outcome)));
    }

    /// The script ended. The build still counts as in progress until `completes_at`.
    pub fn finish(
        &mut self,
        outcome: Outcome,
        detail: Option<&str>,
        now: i64,
        post_production_ms: i64,
    ) {
        if !self.building {
            return;
        }
        if let Some(detail) = detail {
            self.log.line(detail);
        }
        self.log.line("[Pipeline] }");
        self.log.line("[Pipeline] // stage");
        self.log.line("[Pipeline] }");
        self.log.line("[Pipeline] // node");
        self.log.line("[Pipeline] End of Pipeline");
        self.worsen(outcome);
        self.building = false;
        self.duration = (now - self.timestamp).max(1);
        self.completes_at = Some(now + post_production_ms);
    }

    /// Ends post-production when it is due.
    pub fn tick(&mut self, now: i64) {
        if self.in_progress && self.completes_at.is_some_and(|at| at <= now) {
            let result = self.result.map_or("FAILURE", Outcome::text);
            self.log.line(&format!("Finished: {result}"));
            self.log.complete();
            self.in_progress = false;
        }
    }
}
