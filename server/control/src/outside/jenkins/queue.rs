//! Starting a build, and finding one that may have been started.

use jiff::{SignedDuration, Timestamp};
use reqwest::{Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;

use super::{
    MARK, TICKET,
    http::{Pipelines, Reply, refused},
};
use crate::outside::{Failure, FailureKind};

/// How many builds a search looks through; Jenkins lists no more without reading them all from disk.
const BUILDS: usize = 100;
/// How far Jenkins' clock may be off when the age of a build is judged.
const CLOCKS: SignedDuration = SignedDuration::from_mins(10);

/// Where our mark was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The number of a queue item.
    Queue(u64),
    /// The number of a build.
    Build(u64),
}

/// What a search brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    /// Every place that carries the mark.
    pub found: Vec<Place>,
    /// False when builds made since may have fallen off the list, so that nothing found proves nothing.
    pub complete: bool,
}

/// What became of a queue item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// In the queue; why, in Jenkins' words.
    Waiting(String),
    /// A build with this number.
    Started(u64),
    /// Somebody took it out of the queue.
    Cancelled,
    /// Jenkins has forgotten it: items vanish five minutes after they leave the queue.
    Gone,
}

#[derive(Deserialize)]
struct Job {
    #[serde(default)]
    property: Vec<Property>,
    #[serde(default)]
    builds: Vec<ListedBuild>,
}

#[derive(Deserialize)]
struct Property {
    #[serde(default, rename = "parameterDefinitions")]
    definitions: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
    #[serde(default)]
    value: Value,
}

#[derive(Deserialize)]
struct ListedBuild {
    number: u64,
    #[serde(default)]
    timestamp: i64,
    #[serde(default)]
    actions: Vec<Option<Action>>,
}

#[derive(Deserialize)]
struct Action {
    #[serde(default)]
    parameters: Vec<Named>,
}

#[derive(Deserialize)]
struct Queue {
    #[serde(default)]
    items: Vec<QueuedItem>,
}

#[derive(Deserialize)]
struct QueuedItem {
    id: u64,
    #[serde(default)]
    params: Option<String>,
}

#[derive(Deserialize)]
struct ItemState {
    #[serde(default)]
    cancelled: bool,
    #[serde(default)]
    why: Option<String>,
    #[serde(default)]
    executable: Option<Executable>,
}

#[derive(Deserialize)]
struct Executable {
    number: u64,
}

impl Pipelines {
    /// The names of the parameters that a job declares. Others are dropped by Jenkins without a word.
    pub async fn declared(&self, job: &str) -> Result<Vec<String>, Failure> {
        let what = format!("read the job {job}");
        let tree = "property[parameterDefinitions[name]]";
        let job: Job = self
            .json(self.at(job, &["api", "json"]), tree, &what)
            .await?;
        Ok(job
            .property
            .into_iter()
            .flat_map(|property| property.definitions)
            .map(|definition| definition.name)
            .collect())
    }

    /// Looks for our mark: first in the queue, then among the builds, since items move that way.
    /// `since` is when the trigger was intended.
    pub async fn find(&self, job: &str, mark: &str, since: Timestamp) -> Result<Search, Failure> {
        let queue: Queue = self
            .json(
                self.root(&["queue", "api", "json"]),
                "items[id,params]",
                "look through the queue",
            )
            .await?;
        let line = format!("{MARK}={mark}");
        let mut found: Vec<_> = queue
            .items
            .iter()
            .filter(|item| {
                let params = item.params.as_deref().unwrap_or_default();
                params.lines().any(|l| l.trim() == line)
            })
            .map(|item| Place::Queue(item.id))
            .collect();

        let what = format!("look through the builds of {job}");
        let tree =
            format!("builds[number,timestamp,actions[parameters[name,value]]]{{0,{BUILDS}}}");
        let builds: Job = self
            .json(self.at(job, &["api", "json"]), &tree, &what)
            .await?;
        found.extend(
            builds
                .builds
                .iter()
                .filter(|build| {
                    build
                        .actions
                        .iter()
                        .flatten()
                        .flat_map(|action| &action.parameters)
                        .any(|p| p.name == MARK && p.value.as_str() == Some(mark))
                })
                .map(|build| Place::Build(build.number)),
        );
        let oldest = builds.builds.iter().map(|build| build.timestamp).min();
        let reaches_back = oldest.is_some_and(|ms| ms < (since - CLOCKS).as_millisecond());
        Ok(Search {
            found,
            complete: builds.builds.len() < BUILDS || reaches_back,
        })
    }

    /// Asks for one build, once, and gives the number of its queue item.
    ///
    /// # Errors
    /// When [`Failure::is_retriable`], the build may have been accepted all the same: look for the
    /// mark before another try. Otherwise Jenkins refused it for certain.
    pub async fn trigger(
        &self,
        job: &str,
        parameters: &[(&str, String)],
        ticket: &SecretString,
    ) -> Result<u64, Failure> {
        let what = format!("start the job {job}");
        let mut form: Vec<(&str, &str)> = parameters
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        form.push((TICKET, ticket.expose_secret()));
        form.push(("delay", "0sec"));
        // In the body, not in the query: that would land in access logs.
        let request = self
            .request(Method::POST, self.at(job, &["buildWithParameters"]))
            .form(&form);
        let reply = self.send(request, &what, 1 << 20).await?;
        // Should an error page repeat what it was sent, the ticket still reaches no log.
        taken(&reply, job, &what).map_err(|mut failure| {
            failure.raw = failure
                .raw
                .map(|raw| raw.replace(ticket.expose_secret(), "[ticket]"));
            failure
        })
    }

    pub async fn item(&self, id: u64) -> Result<Item, Failure> {
        let text = id.to_string();
        let url = self.root(&["queue", "item", &text, "api", "json"]);
        let what = format!("read the queue item {id}");
        let tree = "cancelled,why,executable[number]";
        let item: ItemState = match self.json(url, tree, &what).await {
            Ok(item) => item,
            Err(failure) if failure.kind == FailureKind::Missing => return Ok(Item::Gone),
            Err(failure) => return Err(failure),
        };
        Ok(match item.executable {
            Some(executable) => Item::Started(executable.number),
            None if item.cancelled => Item::Cancelled,
            None => Item::Waiting(item.why.unwrap_or_else(|| "about to start".to_owned())),
        })
    }

    /// Takes an item out of the queue. Whether it left in time, [`Pipelines::item`] tells.
    pub async fn cancel_item(&self, id: u64) -> Result<(), Failure> {
        let mut url = self.root(&["queue", "cancelItem"]);
        url.query_pairs_mut().append_pair("id", &id.to_string());
        let what = format!("cancel the queue item {id}");
        let reply = self
            .send(self.request(Method::POST, url), &what, 1 << 20)
            .await?;
        match reply.status.as_u16() {
            // 404: gone, 500: it has just started. Both are for the next look to tell.
            200..=299 | 302 | 404 | 500 => Ok(()),
            422 => Err(Failure::new(
                FailureKind::Denied,
                &what,
                "The portal's Jenkins user may not cancel what is in the queue.",
            )),
            _ => Err(refused(&reply, &what)),
        }
    }
}

/// What Jenkins says to a trigger: the queue item, or why there is none.
fn taken(reply: &Reply, job: &str, what: &str) -> Result<u64, Failure> {
    match reply.status {
        // 303: folded into an item that waits already with the very same parameters, which is ours.
        StatusCode::CREATED | StatusCode::SEE_OTHER => reply.queue_item().ok_or_else(|| {
            Failure::new(
                FailureKind::Unreadable,
                what,
                "Jenkins took the build but did not say which queue item it is.",
            )
        }),
        StatusCode::FOUND => Err(Failure::new(
            FailureKind::Refused,
            what,
            format!("Jenkins did not queue a build of {job}: a plugin of it refused."),
        )),
        StatusCode::BAD_REQUEST => Err(Failure::new(
            FailureKind::Refused,
            what,
            format!(
                "The Jenkins job {job} takes no parameters, so it cannot be told what to deploy."
            ),
        )
        .with_raw(&reply.body)),
        StatusCode::CONFLICT => Err(Failure::new(
            FailureKind::Refused,
            what,
            format!("The Jenkins job {job} is disabled."),
        )
        .with_raw(&reply.body)),
        _ => Err(refused(reply, what)),
    }
}
