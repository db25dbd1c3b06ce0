//! What can be asked of one build.

use serde_json::Value;

use super::access::Permission;
use super::answer::Answer;
use super::build::{Build, Outcome, Stop};
use super::job::{Flavour, Job, path_of};
use super::json as views;
use super::routes::{Place, Route};
use super::server::Turn;
use super::stages;

impl Turn<'_> {
    pub(super) fn about_a_build(&mut self, route: Route, place: &Place) -> Answer {
        let name = place.name.as_str();
        let Some(job) = self.state.jobs.get(name) else {
            return Answer::not_found();
        };
        let (Some(build), flavour) = (numbered(job, &place.build), job.flavour) else {
            return Answer::not_found();
        };
        let number = build.number;
        let pipeline_only = !matches!(
            route,
            Route::Build | Route::Stop | Route::ProgressiveText | Route::ConsoleText
        );
        if pipeline_only && flavour == Flavour::Freestyle {
            return Answer::not_found();
        }
        match route {
            Route::Build => self.shown_build(job, build),
            Route::Stop => self.stop(name, number, Stop::Interrupt),
            Route::Term => self.stop(name, number, Stop::Terminate),
            Route::Kill => self.stop(name, number, Stop::Kill),
            Route::ProgressiveText => self.log(name, number, false),
            Route::ConsoleText => self.log(name, number, true),
            Route::Describe => Answer::json(&stages::describe(build, self.now)),
            Route::PendingInputs => {
                let path = format!("/jenkins/{}{number}/", path_of(name));
                Answer::json(&stages::pending(build, &path))
            }
            Route::NodeLog if place.id == stages::SCRIPT_NODE => {
                Answer::json(&stages::node_log(build))
            }
            Route::InputSubmit => self.submit(name, number),
            Route::ProceedEmpty => self.decide(name, number, &place.id, true),
            Route::Abort => self.decide(name, number, &place.id, false),
            _ => Answer::not_found(),
        }
    }

    fn stop(&mut self, name: &str, number: u64, how: Stop) -> Answer {
        if !self.state.access.holds(&self.user, Permission::JobCancel) {
            return Answer::forbidden(&self.user, Permission::JobCancel);
        }
        let user = self.user.clone();
        self.state.stop(name, number, how, &user, self.now);
        self.back()
    }

    /// Proceeds or aborts: 200, or a 400 page when nothing waits under this id or the caller may not answer.
    fn decide(&mut self, name: &str, number: u64, id: &str, proceed: bool) -> Answer {
        let user = self.user.clone();
        let permitted = self.state.access.holds(&user, Permission::JobBuild);
        let done = permitted
            && if proceed {
                self.state.proceed(name, number, id, &user, self.now)
            } else {
                self.state.reject(name, number, id, &user, self.now)
            };
        if done {
            Answer::empty(200)
        } else {
            Answer::page(
                400,
                "Error 400",
                &format!("No pending input {id}, or {user} may not answer it"),
            )
        }
    }

    /// Through this door a refusal is a 500, and the values come as JSON in a form field.
    fn submit(&mut self, name: &str, number: u64) -> Answer {
        let readable = self
            .asked
            .parameter("json")
            .and_then(|json| serde_json::from_str::<Value>(json).ok())
            .is_some_and(|json| json.get("parameter").is_some_and(Value::is_array));
        let Some(id) = self
            .asked
            .parameter("inputId")
            .filter(|_| readable)
            .map(str::to_owned)
        else {
            return Answer::exception(
                "com.cloudbees.workflow.rest.external: no 'inputId' or no readable 'json'",
            );
        };
        let answer = self.decide(name, number, &id, true);
        if answer.status == 200 {
            answer
        } else {
            Answer::exception("InputStepExecution refused")
        }
    }

    fn shown_build(&self, job: &Job, build: &Build) -> Answer {
        self.shown(views::BUILD_DEFAULT, &self.view().build(job, build))
    }
}

/// A build by number or permalink.
fn numbered<'a>(job: &'a Job, name: &str) -> Option<&'a Build> {
    if let Ok(number) = name.parse::<u64>() {
        return job.builds.get(&number);
    }
    let mut newest_first = job.builds.values().rev();
    let done = |build: &&Build| !build.in_progress;
    match name {
        "lastBuild" => newest_first.next(),
        "lastCompletedBuild" => newest_first.find(done),
        "lastSuccessfulBuild" | "lastStableBuild" => {
            newest_first.find(|build| done(build) && build.result == Some(Outcome::Success))
        }
        "lastFailedBuild" => {
            newest_first.find(|build| done(build) && build.result == Some(Outcome::Failure))
        }
        "lastUnsuccessfulBuild" => {
            newest_first.find(|build| done(build) && build.result != Some(Outcome::Success))
        }
        _ => None,
    }
}
