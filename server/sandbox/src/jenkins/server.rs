//! From a request to an answer: credentials, crumb, address, permission, then the act. Pure: it takes the state and the time.

use axum::http::HeaderName;
use axum::http::header::SET_COOKIE;
use serde_json::{Value, json};

use super::access::{CRUMB_FIELD, Identity, Permission, Proof, SESSION_COOKIE};
use super::answer::Answer;
use super::json::{self as views, View};
use super::logs;
use super::queue::Cancelled;
use super::request::Asked;
use super::routes::{Place, Route};
use super::state::State;
use super::switches::Answers;
use super::tree::Tree;
use super::{parameters, stages};
use crate::edge::conn::Cut;

/// One request being served.
pub(super) struct Turn<'a> {
    pub(super) state: &'a mut State,
    pub(super) asked: &'a Asked,
    pub(super) root: String,
    pub(super) now: i64,
    pub(super) user: String,
}

/// What happened, for the answer and for the journal.
#[derive(Debug)]
pub(crate) struct Served {
    pub answer: Answer,
    pub route: Option<Route>,
    pub place: Place,
    pub user: String,
}

/// Serves one request. `root` is this Jenkins' own address, ended by a slash.
pub(crate) fn serve(state: &mut State, asked: &Asked, root: &str, now: i64) -> Served {
    let (route, place) = match Route::find(&asked.segments) {
        Some((Route::Job, place)) if state.is_folder(&place.name) => (Some(Route::Folder), place),
        Some((route, place)) => (Some(route), place),
        None => (None, Place::default()),
    };
    let failed = |answer: Answer, user: &str, place: Place| Served {
        answer,
        route,
        place,
        user: user.to_owned(),
    };
    match state.switches.answers {
        Answers::Html => return failed(Answer::starting(), "anonymous", place),
        Answers::Nothing => return failed(Answer::cut(Cut::Close), "anonymous", place),
        Answers::Normal | Answers::HalfLog => {}
    }
    let basic = asked
        .basic
        .as_ref()
        .map(|(user, secret)| (user.as_str(), secret.as_str()));
    let identity = match state.access.identify(basic, asked.session.as_deref()) {
        Ok(identity) if !asked.unreadable_credentials => identity,
        _ => return failed(Answer::bad_credentials(), "anonymous", place),
    };
    let answer = if asked.post
        && state.switches.crumbs
        && !state.access.crumb_passes(&identity, asked.crumb.as_deref())
    {
        Answer::no_crumb()
    } else {
        let root = state
            .switches
            .root_url
            .clone()
            .unwrap_or_else(|| root.to_owned());
        let mut turn = Turn {
            state,
            asked,
            root,
            now,
            user: identity.user.clone(),
        };
        turn.answer(route, &place, &identity)
    };
    let answer = match &identity.proof {
        Proof::Session(id) if identity.new_session => answer.with(
            SET_COOKIE,
            format!("{SESSION_COOKIE}={id}; Path=/jenkins; HttpOnly; SameSite=Lax"),
        ),
        _ => answer,
    };
    failed(answer, &identity.user, place)
}

impl Turn<'_> {
    fn answer(&mut self, route: Option<Route>, place: &Place, identity: &Identity) -> Answer {
        if !self.state.access.holds(&self.user, Permission::OverallRead) {
            return Answer::forbidden(&self.user, Permission::OverallRead);
        }
        let Some(route) = route else {
            return Answer::not_found();
        };
        if route.post_only() && !self.asked.post {
            return Answer::post_required();
        }
        match route {
            Route::Root => {
                let mut whole = self.view().root();
                if !self.reads() {
                    whole["jobs"] = json!([]);
                }
                self.shown(views::FOLDER_DEFAULT, &whole)
            }
            Route::CrumbIssuer => self.crumb(identity),
            Route::Queue => {
                if self.reads() {
                    self.shown(views::QUEUE_DEFAULT, &self.view().queue())
                } else {
                    self.shown(views::QUEUE_DEFAULT, &json!({"_class": "hudson.model.Queue", "discoverableItems": [], "items": []}))
                }
            }
            Route::Item => self.item(&place.id),
            Route::CancelItem => self.cancel(),
            _ => self.about_a_job(route, place),
        }
    }

    fn reads(&self) -> bool {
        self.state.access.holds(&self.user, Permission::JobRead)
    }

    /// The state as it is shown.
    pub(super) fn view(&self) -> View<'_> {
        View {
            state: self.state,
            root: &self.root,
            now: self.now,
        }
    }

    /// Prunes what is shown: by `tree` when it is given, else to the default view.
    pub(super) fn shown(&self, default: &str, whole: &Value) -> Answer {
        let wanted = self.asked.parameter("tree").filter(|tree| !tree.is_empty());
        match Tree::parse(wanted.unwrap_or(default)) {
            Ok(tree) => Answer::json(&tree.prune(whole)),
            Err(bad) => Answer::exception(&format!(
                "jakarta.servlet.ServletException: Malformed tree expression: {}",
                bad.0
            )),
        }
    }

    fn crumb(&self, identity: &Identity) -> Answer {
        if !self.state.switches.crumbs {
            return Answer::not_found();
        }
        Answer::json(&json!({
            "_class": "hudson.security.csrf.DefaultCrumbIssuer",
            "crumb": self.state.access.crumb(identity),
            "crumbRequestField": CRUMB_FIELD,
        }))
    }

    fn item(&self, id: &str) -> Answer {
        let item = id.parse().ok().and_then(|id| self.state.queue.get(id));
        match item {
            Some(item) if self.reads() => self.shown(views::ITEM_DEFAULT, &self.view().item(item)),
            _ => Answer::not_found(),
        }
    }

    fn cancel(&mut self) -> Answer {
        let Some(id) = self.asked.parameter("id").and_then(|id| id.parse().ok()) else {
            return Answer::page(400, "Error 400", "Query parameter 'id' is required");
        };
        if self.state.queue.get(id).is_some()
            && !self.state.access.holds(&self.user, Permission::JobCancel)
        {
            return Answer::empty(422);
        }
        match self.state.queue.cancel(id, self.now) {
            Cancelled::Done => Answer::empty(204),
            Cancelled::Unknown => Answer::empty(404),
            Cancelled::TooLate => Answer::page(500, "Oops!", "Could not cancel"),
        }
    }

    fn about_a_job(&mut self, route: Route, place: &Place) -> Answer {
        let name = place.name.as_str();
        let folder = self.state.is_folder(name);
        if !folder && !self.state.jobs.contains_key(name) {
            return Answer::not_found();
        }
        if !self.reads() {
            // Who may not even discover a job is told that there is none.
            return if self.state.access.holds(&self.user, Permission::JobDiscover) {
                Answer::forbidden(&self.user, Permission::JobRead)
            } else {
                Answer::not_found()
            };
        }
        if folder {
            return match route {
                Route::Folder => self.shown(views::FOLDER_DEFAULT, &self.view().folder(name)),
                _ => Answer::not_found(),
            };
        }
        match route {
            Route::Job => match self.state.jobs.get(name) {
                Some(job) => self.shown(views::JOB_DEFAULT, &self.view().job(job)),
                None => Answer::not_found(),
            },
            Route::Trigger | Route::TriggerPlain => self.trigger(name, route == Route::Trigger),
            Route::Runs => match self.state.jobs.get(name) {
                Some(job) if job.flavour == super::job::Flavour::Pipeline => {
                    Answer::json(&stages::runs(job.builds.values().rev(), self.now))
                }
                _ => Answer::not_found(),
            },
            _ => self.about_a_build(route, place),
        }
    }

    /// `buildWithParameters`, and `build` for jobs without parameters.
    fn trigger(&mut self, name: &str, with_parameters: bool) -> Answer {
        if !self.state.access.holds(&self.user, Permission::JobBuild) {
            return Answer::forbidden(&self.user, Permission::JobBuild);
        }
        let Some(job) = self.state.jobs.get(name) else {
            return Answer::not_found();
        };
        if job.disabled {
            return Answer::page(409, "Error 409", &format!("{name} is not buildable"));
        }
        if with_parameters && job.definitions.is_empty() {
            return Answer::page(400, "Error 400", &format!("{name} is not parameterized"));
        }
        if !with_parameters && !job.definitions.is_empty() {
            return Answer::page(
                400,
                "Error 400",
                "This page expects a form submission but had only {}",
            );
        }
        let quiet = match self.asked.parameter("delay").map(milliseconds) {
            None => i64::from(self.state.switches.quiet_period_ms),
            Some(Some(delay)) => delay,
            Some(None) => return Answer::exception("java.lang.NumberFormatException: delay"),
        };
        let values = match parameters::read(&job.definitions, &self.asked.parameters()) {
            Ok(values) => values,
            Err(illegal) => {
                return Answer::exception(&format!(
                    "java.lang.IllegalArgumentException: {}",
                    illegal.0
                ));
            }
        };
        let (id, new) = self
            .state
            .queue
            .schedule(name, values, &self.user, self.now, quiet);
        if self.state.switches.drop_trigger_replies > 0 {
            self.state.switches.drop_trigger_replies -= 1;
            return Answer::cut(Cut::Reset);
        }
        let status = if new || !with_parameters { 201 } else { 303 };
        Answer::redirect(status, &format!("{}queue/item/{id}/", self.root))
    }

    /// 302 to where the caller came from, as every button of a build's page answers.
    pub(super) fn back(&self) -> Answer {
        Answer::redirect(302, self.asked.referer.as_deref().unwrap_or("."))
    }

    /// The log, in the mode that the caller asks for.
    pub(super) fn log(&self, name: &str, number: u64, whole: bool) -> Answer {
        let Some(build) = self.state.build(name, number) else {
            return Answer::not_found();
        };
        let mut answer = if whole {
            Answer::text(build.log.text())
        } else {
            let Ok(start) = self.asked.parameter("start").unwrap_or("0").parse::<i64>() else {
                return Answer::exception("java.lang.NumberFormatException: start");
            };
            if self.asked.accept.contains("multipart/form-data") {
                logs::multipart(&build.log.read(start, false))
            } else {
                logs::progressive(&build.log.read(start.max(0), self.state.switches.lossy_log))
            }
        };
        answer.half = self.state.switches.answers == Answers::HalfLog;
        answer
    }
}

/// `10sec`, `10secs` or bare milliseconds.
fn milliseconds(text: &str) -> Option<i64> {
    let text = text.trim();
    let (number, unit) = match text
        .strip_suffix("secs")
        .or_else(|| text.strip_suffix("sec"))
    {
        Some(seconds) => (seconds, 1_000),
        None => (text, 1),
    };
    number
        .trim()
        .parse::<i64>()
        .ok()
        .filter(|n| *n >= 0)?
        .checked_mul(unit)
}

/// The header names of the log, here because [`HeaderName`] has no constant for them.
pub(super) fn header(name: &'static str) -> HeaderName {
    HeaderName::from_static(name)
}
