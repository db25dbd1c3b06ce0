//! A build: its state, its log, and stopping it.

use reqwest::Method;
use serde::Deserialize;

use super::http::{LOG, Pipelines, refused};
use crate::outside::{Failure, FailureKind};

/// How a build ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BuildResult {
    Success,
    Unstable,
    Failure,
    NotBuilt,
    Aborted,
    /// One that this portal does not know, by its name.
    Other(String),
}

impl BuildResult {
    fn read(text: &str) -> Self {
        match text {
            "SUCCESS" => Self::Success,
            "UNSTABLE" => Self::Unstable,
            "FAILURE" => Self::Failure,
            "NOT_BUILT" => Self::NotBuilt,
            "ABORTED" => Self::Aborted,
            other => Self::Other(other.chars().take(40).collect()),
        }
    }

    /// What a person reads when it is not a success.
    pub fn words(&self) -> String {
        match self {
            Self::Success => "succeeded".to_owned(),
            Self::Unstable => "ended as unstable, which does not count as a deployment".to_owned(),
            Self::Failure => "failed".to_owned(),
            Self::NotBuilt => "ended without having been built".to_owned(),
            Self::Aborted => "was aborted".to_owned(),
            Self::Other(text) => format!("ended as {text}"),
        }
    }
}

/// A build as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Build {
    pub number: u64,
    /// The end and how; none while anything of it still runs. A result that is set while it runs
    /// may yet get worse, so it is not told before the end.
    pub ended: Option<BuildResult>,
}

/// A piece of a log.
#[derive(Clone, Debug)]
pub struct LogPiece {
    pub text: String,
    /// Where the next piece begins.
    pub next: u64,
    /// How it broke off; the text is what came until then.
    pub broken: Option<Failure>,
}

/// A log of a build that has ended.
#[derive(Clone, Debug)]
pub struct Console {
    pub text: String,
    /// How it broke off; the text is what came until then.
    pub broken: Option<Failure>,
}

/// How hard to stop a build.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Force {
    /// Interrupts it.
    Stop,
    /// Ends its running steps without asking them.
    Term,
    /// Drops its execution.
    Kill,
}

impl Force {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Term => "term",
            Self::Kill => "kill",
        }
    }

    /// The next harder one.
    pub fn harder(self) -> Option<Self> {
        match self {
            Self::Stop => Some(Self::Term),
            Self::Term => Some(Self::Kill),
            Self::Kill => None,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BuildState {
    number: u64,
    #[serde(default)]
    building: Option<bool>,
    #[serde(default)]
    in_progress: Option<bool>,
    #[serde(default)]
    result: Option<String>,
}

impl Pipelines {
    pub async fn build(&self, job: &str, number: u64) -> Result<Build, Failure> {
        let text = number.to_string();
        let what = format!("read build {number} of {job}");
        let url = self.at(job, &[&text, "api", "json"]);
        let tree = "number,building,inProgress,result";
        let state: BuildState = self.json(url, tree, &what).await?;
        if state.number != number || (state.building.is_none() && state.in_progress.is_none()) {
            return Err(Failure::new(
                FailureKind::Unreadable,
                &what,
                format!("Jenkins answered something that is not build {number} of {job}."),
            ));
        }
        // Older cores do not know `inProgress`, and there `building` ends before the result is final.
        let over = match state.in_progress {
            Some(in_progress) => !in_progress,
            None => state.building == Some(false) && state.result.is_some(),
        };
        let result = state.result.as_deref().unwrap_or("no result");
        Ok(Build {
            number,
            ended: over.then(|| BuildResult::read(result)),
        })
    }

    /// The log from `start` on, as far as it is written.
    pub async fn log(&self, job: &str, number: u64, start: u64) -> Result<LogPiece, Failure> {
        let text = number.to_string();
        let what = format!("read the log of build {number} of {job}");
        let mut url = self.at(job, &[&text, "logText", "progressiveText"]);
        url.query_pairs_mut()
            .append_pair("start", &start.to_string());
        let (reply, broken) = self.read_some(url, &what, LOG).await?;
        // An offset in the raw log, which holds hidden notes: not `start` and the length of the text.
        let next = reply
            .headers
            .get("x-text-size")
            .and_then(|size| size.to_str().ok()?.parse().ok())
            .ok_or_else(|| {
                Failure::new(
                    FailureKind::Unreadable,
                    &what,
                    "Jenkins sent a log without saying how long it is.",
                )
            })?;
        Ok(LogPiece {
            text: String::from_utf8_lossy(&reply.body).into_owned(),
            next,
            broken,
        })
    }

    /// The whole log of a build that has ended. The live log of Jenkins may skip lines; this does not.
    pub async fn console(&self, job: &str, number: u64) -> Result<Console, Failure> {
        let text = number.to_string();
        let what = format!("read the whole log of build {number} of {job}");
        let url = self.at(job, &[&text, "consoleText"]);
        let (reply, broken) = self.read_some(url, &what, LOG).await?;
        Ok(Console {
            text: String::from_utf8_lossy(&reply.body).into_owned(),
            broken,
        })
    }

    /// Asks a build to stop. Jenkins answers the same whether anything ran or not; look at it afterwards.
    pub async fn stop(&self, job: &str, number: u64, force: Force) -> Result<(), Failure> {
        let text = number.to_string();
        let what = format!("{} build {number} of {job}", force.as_str());
        let request = self.request(Method::POST, self.at(job, &[&text, force.as_str()]));
        let reply = self.send(request, &what, 1 << 20).await?;
        match reply.status.as_u16() {
            200..=399 => Ok(()),
            _ => Err(refused(&reply, &what)),
        }
    }
}
