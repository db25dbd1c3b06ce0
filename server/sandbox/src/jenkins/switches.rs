//! The world's hand on Jenkins, `/_world/jenkins`: how jobs behave, how fast things go, and what the server does wrong.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What a build's script does. Every kind is a real child process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Behaviour {
    /// Deploys for real: redeems the ticket, asks EKS, patches the Deployment, waits.
    Deploy,
    /// Prints a line and exits 0.
    Succeed,
    /// The same, and the cluster is at once as `Deploy` would leave it: for tests that are about something else than the
    /// script, its ticket and its session.
    Apply,
    /// Prints an error and exits 1.
    Fail,
    /// Runs until it is stopped, and obeys SIGTERM.
    Hang,
    /// Runs until it is killed: SIGTERM does nothing.
    Stubborn,
    /// Prints this many lines and exits 0.
    Lines { lines: u32 },
}

/// What Jenkins does instead of a good answer.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answers {
    #[default]
    Normal,
    /// 503 with the page of a starting Jenkins.
    Html,
    /// Log answers break off half way.
    HalfLog,
    /// The connection closes without an answer.
    Nothing,
}

/// The switches in force.
#[derive(Debug, Clone, Serialize)]
pub struct Switches {
    /// What jobs do unless one is named in `jobs`.
    pub behaviour: Behaviour,
    /// Per job, by full name.
    pub jobs: BTreeMap<String, Behaviour>,
    pub answers: Answers,
    /// The next so many accepted triggers are done but their answer is lost: the connection is reset.
    pub drop_trigger_replies: u32,
    /// Quiet period, milliseconds.
    pub quiet_period_ms: u32,
    pub executors: u16,
    /// Between the result and `inProgress` false, milliseconds.
    pub post_production_ms: u32,
    /// Between SIGTERM and SIGKILL, milliseconds.
    pub kill_after_ms: u32,
    /// Cores from spring 2025: `X-Text-Size` runs ahead of the text.
    pub lossy_log: bool,
    /// Whether there is a crumb issuer.
    pub crumbs: bool,
    /// Ask a person before the script runs; the question.
    pub question: Option<String>,
    /// What Jenkins believes its own address to be, when that is wrong. Ends with a slash.
    pub root_url: Option<String>,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            behaviour: Behaviour::Deploy,
            jobs: BTreeMap::new(),
            answers: Answers::Normal,
            drop_trigger_replies: 0,
            quiet_period_ms: 200,
            executors: 4,
            post_production_ms: 100,
            kill_after_ms: 5_000,
            lossy_log: false,
            crumbs: true,
            question: None,
            root_url: None,
        }
    }
}

/// A change of switches: what is absent stays. `null` takes a question or a root address away.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Patch {
    /// Full name of the job that `behaviour`, `disabled` and `exclusive` are about; all jobs without it.
    pub job: Option<String>,
    pub behaviour: Option<Behaviour>,
    pub disabled: Option<bool>,
    pub exclusive: Option<bool>,
    pub answers: Option<Answers>,
    pub drop_trigger_replies: Option<u32>,
    pub quiet_period_ms: Option<u32>,
    pub executors: Option<u16>,
    pub post_production_ms: Option<u32>,
    pub kill_after_ms: Option<u32>,
    pub lossy_log: Option<bool>,
    pub crumbs: Option<bool>,
    #[serde(default, deserialize_with = "present")]
    pub question: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    pub root_url: Option<Option<String>>,
}

/// Tells an absent field from one that is `null`.
#[expect(
    clippy::option_option,
    reason = "absent, null and a value are three things in a patch"
)]
fn present<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl Switches {
    /// What the script of a job does.
    pub fn behaviour_of(&self, job: &str) -> Behaviour {
        self.jobs.get(job).unwrap_or(&self.behaviour).clone()
    }

    /// Applies everything but what concerns one job's own settings.
    pub fn apply(&mut self, patch: Patch) {
        fn set<T>(to: &mut T, from: Option<T>) {
            if let Some(value) = from {
                *to = value;
            }
        }
        match (patch.job, patch.behaviour) {
            (Some(job), Some(behaviour)) => {
                self.jobs.insert(job, behaviour);
            }
            (None, Some(behaviour)) => {
                self.jobs.clear();
                self.behaviour = behaviour;
            }
            (_, None) => {}
        }
        set(&mut self.answers, patch.answers);
        set(&mut self.drop_trigger_replies, patch.drop_trigger_replies);
        set(&mut self.quiet_period_ms, patch.quiet_period_ms);
        set(&mut self.executors, patch.executors);
        set(&mut self.post_production_ms, patch.post_production_ms);
        set(&mut self.kill_after_ms, patch.kill_after_ms);
        set(&mut self.lossy_log, patch.lossy_log);
        set(&mut self.crumbs, patch.crumbs);
        set(&mut self.question, patch.question);
        set(&mut self.root_url, patch.root_url);
    }
}
