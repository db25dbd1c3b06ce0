//! How jobs, builds and queue items look in the JSON API, whole; `tree` or the default view then takes away.

use serde_json::{Value, json};

use super::build::{Build, Outcome};
use super::job::{Flavour, Job, path_of};
use super::parameters::{self, Parameter};
use super::queue::{Item, Place};
use super::state::State;

/// What a job shows without `tree`: builds by number and address only, and never `allBuilds`.
pub(crate) const JOB_DEFAULT: &str = "actions[*],description,displayName,fullDisplayName,fullName,name,url,buildable,builds[number,url]{,100},\
color,concurrentBuild,disabled,firstBuild[number,url],healthReport[*],inQueue,keepDependencies,lastBuild[number,url],\
lastCompletedBuild[number,url],lastFailedBuild[number,url],lastStableBuild[number,url],lastSuccessfulBuild[number,url],\
lastUnsuccessfulBuild[number,url],nextBuildNumber,property[parameterDefinitions[name,type,description,choices,\
defaultParameterValue[name,value]]],queueItem[id,url]";
/// What a build shows without `tree`.
pub(crate) const BUILD_DEFAULT: &str = "actions[causes[*],parameters[*]],building,description,displayName,duration,estimatedDuration,\
fullDisplayName,id,inProgress,keepLog,number,queueId,result,timestamp,url";
/// What an item shows without `tree`.
pub(crate) const ITEM_DEFAULT: &str = "actions[causes[*],parameters[*]],blocked,buildable,cancelled,executable[number,url],id,inQueueSince,params,\
pending,stuck,task[name,url,color],timestamp,url,why";
/// What the queue shows without `tree`.
pub(crate) const QUEUE_DEFAULT: &str = "items[actions[causes[*],parameters[*]],blocked,buildable,id,inQueueSince,params,pending,stuck,\
task[name,url,color],timestamp,url,why],discoverableItems[*]";
/// What the root and a folder show without `tree`.
pub(crate) const FOLDER_DEFAULT: &str = "description,displayName,fullDisplayName,fullName,name,url,mode,nodeDescription,numExecutors,useCrumbs,\
useSecurity,quietingDown,jobs[name,url,color]";

/// Renders the state for one root address (`http://host/jenkins/`).
#[derive(Debug)]
pub(crate) struct View<'a> {
    pub state: &'a State,
    pub root: &'a str,
    pub now: i64,
}

impl View<'_> {
    fn job_url(&self, job: &str) -> String {
        format!("{}{}", self.root, path_of(job))
    }

    fn build_url(&self, job: &str, number: u64) -> String {
        format!("{}{number}/", self.job_url(job))
    }

    /// The root.
    pub(crate) fn root(&self) -> Value {
        let mut json = self.folder("");
        json["_class"] = json!("hudson.model.Hudson");
        json["mode"] = json!("NORMAL");
        json["nodeDescription"] = json!("the Jenkins controller's built-in node");
        json["numExecutors"] = json!(self.state.switches.executors);
        json["useCrumbs"] = json!(self.state.switches.crumbs);
        json["useSecurity"] = json!(true);
        json["quietingDown"] = json!(false);
        json
    }

    /// A folder; the root is the folder without a name.
    pub(crate) fn folder(&self, name: &str) -> Value {
        let prefix = if name.is_empty() {
            String::new()
        } else {
            format!("{name}/")
        };
        let mut jobs: Vec<Value> = Vec::new();
        let mut folders: Vec<&str> = Vec::new();
        for (full_name, job) in &self.state.jobs {
            let Some(rest) = full_name.strip_prefix(&prefix) else {
                continue;
            };
            match rest.split_once('/') {
                None => jobs.push(json!({
                    "_class": class_of(job), "name": job.name(), "url": self.job_url(full_name), "color": job.color(),
                })),
                Some((folder, _)) if !folders.contains(&folder) => {
                    folders.push(folder);
                    jobs.push(json!({
                        "_class": FOLDER_CLASS, "name": folder, "url": self.job_url(&format!("{prefix}{folder}")),
                    }));
                }
                Some(_) => {}
            }
        }
        json!({
            "_class": FOLDER_CLASS,
            "description": Value::Null,
            "displayName": name.rsplit('/').next(),
            "fullDisplayName": name.replace('/', " » "),
            "fullName": name,
            "name": name.rsplit('/').next(),
            "url": self.job_url(name),
            "jobs": jobs,
        })
    }

    /// A job with all its builds.
    pub(crate) fn job(&self, job: &Job) -> Value {
        let builds: Vec<Value> = job
            .builds
            .values()
            .rev()
            .map(|build| self.build(job, build))
            .collect();
        let last = |wanted: &dyn Fn(&Build) -> bool| {
            job.builds
                .values()
                .rev()
                .find(|build| wanted(build))
                .map(|build| self.build(job, build))
        };
        let queued = self
            .state
            .queue
            .waiting()
            .find(|item| item.job == job.full_name);
        let property = if job.definitions.is_empty() {
            json!([])
        } else {
            let definitions: Vec<Value> = job
                .definitions
                .iter()
                .map(parameters::Definition::json)
                .collect();
            json!([{"_class": "hudson.model.ParametersDefinitionProperty", "parameterDefinitions": definitions}])
        };
        let success = |build: &Build| !build.in_progress && build.result == Some(Outcome::Success);
        json!({
            "_class": class_of(job),
            "actions": [],
            "description": job.description,
            "displayName": job.name(),
            "fullDisplayName": job.full_name.replace('/', " » "),
            "fullName": job.full_name,
            "name": job.name(),
            "url": self.job_url(&job.full_name),
            "buildable": !job.disabled,
            "builds": builds.iter().take(100).collect::<Vec<_>>(),
            "allBuilds": builds,
            "color": job.color(),
            "concurrentBuild": !job.exclusive,
            "disabled": job.disabled,
            "firstBuild": job.builds.values().next().map(|build| self.build(job, build)),
            "healthReport": [],
            "inQueue": queued.is_some(),
            "keepDependencies": false,
            "lastBuild": last(&|_| true),
            "lastCompletedBuild": last(&|build| !build.in_progress),
            "lastFailedBuild": last(&|build| !build.in_progress && build.result == Some(Outcome::Failure)),
            "lastStableBuild": last(&success),
            "lastSuccessfulBuild": last(&success),
            "lastUnsuccessfulBuild": last(&|build| !build.in_progress && build.result != Some(Outcome::Success)),
            "nextBuildNumber": job.next_number(),
            "property": property,
            "queueItem": queued.map(|item| self.item(item)),
        })
    }

    /// A build.
    pub(crate) fn build(&self, job: &Job, build: &Build) -> Value {
        let class = match job.flavour {
            Flavour::Pipeline => "org.jenkinsci.plugins.workflow.job.WorkflowRun",
            Flavour::Freestyle => "hudson.model.FreeStyleBuild",
        };
        json!({
            "_class": class,
            "actions": actions(&build.parameters, &build.user),
            "building": build.building,
            "description": Value::Null,
            "displayName": format!("#{}", build.number),
            "duration": build.duration,
            "estimatedDuration": job.estimated_duration(),
            "fullDisplayName": format!("{} #{}", job.full_name.replace('/', " » "), build.number),
            "id": build.number.to_string(),
            "inProgress": build.in_progress,
            "keepLog": false,
            "number": build.number,
            "queueId": build.queue_id,
            "result": build.result.map(Outcome::text),
            "timestamp": build.timestamp,
            "url": self.build_url(&job.full_name, build.number),
        })
    }

    /// A queue item.
    pub(crate) fn item(&self, item: &Item) -> Value {
        let job = self.state.jobs.get(&item.job);
        let mut json = json!({
            "actions": actions(&item.parameters, &item.user),
            "blocked": item.place == Place::Blocked,
            "buildable": matches!(item.place, Place::Buildable | Place::Pending(_)),
            "id": item.id,
            "inQueueSince": item.since,
            "params": parameters::text(&item.parameters),
            "stuck": false,
            "task": {
                "_class": job.map(class_of),
                "name": item.job.rsplit('/').next(),
                "url": self.job_url(&item.job),
                "color": job.map(Job::color),
            },
            "url": format!("queue/item/{}/", item.id),
            "why": self.why(item),
        });
        let class = match &item.place {
            Place::Waiting(until) => {
                json["timestamp"] = json!(until);
                "WaitingItem"
            }
            Place::Blocked => "BlockedItem",
            Place::Buildable => "BuildableItem",
            // Pending items are buildable ones; a left item whose build does not exist yet has no executable.
            Place::Pending(_) => {
                json["cancelled"] = json!(false);
                json["executable"] = Value::Null;
                json["buildable"] = json!(false);
                "LeftItem"
            }
            Place::Left { build, .. } => {
                json["cancelled"] = json!(build.is_none());
                json["executable"] = build
                    .zip(job)
                    .map_or(Value::Null, |(number, job)| {
                        let class = match job.flavour {
                            Flavour::Pipeline => "org.jenkinsci.plugins.workflow.job.WorkflowRun",
                            Flavour::Freestyle => "hudson.model.FreeStyleBuild",
                        };
                        json!({"_class": class, "number": number, "url": self.build_url(&item.job, number)})
                    });
                "LeftItem"
            }
        };
        json["_class"] = json!(format!("hudson.model.Queue${class}"));
        json
    }

    fn why(&self, item: &Item) -> Option<String> {
        match item.place {
            Place::Waiting(until) => {
                let tenths = (until - self.now).max(0) / 100;
                Some(format!(
                    "In the quiet period. Expires in {}.{} sec",
                    tenths / 10,
                    tenths % 10
                ))
            }
            Place::Blocked => {
                let number = self
                    .state
                    .jobs
                    .get(&item.job)
                    .and_then(Job::running)
                    .map_or(0, |build| build.number);
                Some(format!("Build #{number} is already in progress (ETA: N/A)"))
            }
            Place::Buildable => Some("Waiting for next available executor".to_owned()),
            Place::Pending(_) | Place::Left { .. } => None,
        }
    }

    /// The queue.
    pub(crate) fn queue(&self) -> Value {
        let items: Vec<Value> = self
            .state
            .queue
            .waiting()
            .map(|item| self.item(item))
            .collect();
        json!({"_class": "hudson.model.Queue", "discoverableItems": [], "items": items})
    }
}

const FOLDER_CLASS: &str = "com.cloudbees.hudson.plugins.folder.Folder";

fn class_of(job: &Job) -> &'static str {
    match job.flavour {
        Flavour::Pipeline => "org.jenkinsci.plugins.workflow.job.WorkflowJob",
        Flavour::Freestyle => "hudson.model.FreeStyleProject",
    }
}

fn actions(parameters: &[Parameter], user: &str) -> Value {
    let cause = json!({
        "_class": "hudson.model.CauseAction",
        "causes": [{
            "_class": "hudson.model.Cause$UserIdCause",
            "shortDescription": format!("Started by user {user}"),
            "userId": user,
            "userName": user,
        }],
    });
    if parameters.is_empty() {
        return json!([cause]);
    }
    let parameters: Vec<Value> = parameters.iter().map(Parameter::json).collect();
    json!([{"_class": "hudson.model.ParametersAction", "parameters": parameters}, cause, {}])
}
