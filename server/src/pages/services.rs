//! Services, and the form that asks for a deployment.

use app::{Notice, Params};
use axum::{
    extract::{Path, State},
    response::Response,
};
use control::changes::{NewChange, Timing};
use domain::{ChangeKind, EnvironmentName, Reason, Refusal, ServiceName, StartMode, Version};

use jiff::Timestamp;

use super::{
    Pages, answer,
    form::{Fields, Wrong},
    once::once,
    visit::Visiting,
};
use crate::edge::Refused;

pub(super) async fn list(State(pages): State<Pages>, Visiting(visit): Visiting) -> Response {
    let made = app::services::list(pages.app.control(), &visit).await;
    answer::show(&pages, &visit, made)
}

pub(super) async fn detail(
    State(pages): State<Pages>,
    Visiting(visit): Visiting,
    Path(name): Path<String>,
) -> Response {
    let made = app::services::detail(pages.app.control(), &visit, &name).await;
    answer::show(&pages, &visit, made)
}

pub(super) async fn deploy(
    State(pages): State<Pages>,
    Visiting(visit): Visiting,
    Path(name): Path<String>,
) -> Response {
    let made = app::deploy::deploy(pages.app.control(), &visit, &name, None, None).await;
    answer::show(&pages, &visit, made)
}

/// `POST /services/{name}/deploy`
pub(super) async fn request(
    State(pages): State<Pages>,
    Visiting(visit): Visiting,
    Path(name): Path<String>,
    Fields(fields): Fields,
) -> Result<Response, Refused> {
    let (control, caller) = (pages.app.control(), visit.caller()?);
    let route = format!("/services/{name}/deploy");
    let made = match wanted(&name, &fields) {
        Ok(new) => {
            let work = async {
                let change = control.request_change(caller, new).await?;
                Ok(format!("/changes/{}", change.row.id))
            };
            once(control, caller, &route, &fields, work).await
        }
        Err(refusal) => Err(refusal.into()),
    };
    let refusal = match made {
        Ok(to) => return Ok(answer::done(&pages, &to, Notice::Requested)),
        Err(error) => answer::for_form(error)?,
    };
    let made = app::deploy::deploy(control, &visit, &name, Some(&fields), Some(refusal)).await;
    Ok(answer::show(&pages, &visit, made))
}

/// The change that the fields describe, or everything that is wrong with them.
fn wanted(name: &str, fields: &Params) -> Result<NewChange, Refusal> {
    let service =
        ServiceName::parse(name).map_err(|_| Refusal::not_found("service of that name"))?;
    let mut wrong = Wrong::default();
    let version = wrong.take("version", Version::parse(fields.raw("version")));
    let environment = wrong.take(
        "environment",
        EnvironmentName::parse(fields.raw("environment")),
    );
    let reason = wrong.take("reason", Reason::parse(fields.raw("reason")));
    let start_mode = wrong.take("start_mode", start_mode(fields));
    let timing = timing(fields, &mut wrong);
    let read = (|| Some((version?, environment?, reason?, start_mode?)))();
    let (version, environment, reason, start_mode) = wrong.unless(read)?;
    Ok(NewChange {
        kind: ChangeKind::Deploy,
        service,
        version,
        environment,
        reason,
        start_mode,
        retry_of: None,
        timing,
    })
}

/// At once after the approvals, where nothing else is said.
pub(super) fn start_mode(fields: &Params) -> Result<StartMode, String> {
    match fields.raw("start_mode") {
        "" => Ok(StartMode::OnApproval),
        text => text.parse(),
    }
}

/// When it may start, besides approvals; what cannot be read is left out, and named in `wrong`.
fn timing(fields: &Params, wrong: &mut Wrong) -> Timing {
    let start_at = match fields.raw("start_at").trim() {
        "" => None,
        text => wrong.take("start_at", moment(text).ok_or(NO_MOMENT)),
    };
    // People paste addresses; the id is their last part.
    let ids = fields
        .raw("after")
        .split([' ', ',', '\n', '\t', '\r'])
        .filter(|t| !t.is_empty());
    let after = ids.map(|text| {
        let id = text.trim_end_matches('/').rsplit('/').next();
        id.unwrap_or(text)
            .parse()
            .map_err(|_| format!("'{text}' is no change's address or id"))
    });
    let after = wrong.take("after", after.collect::<Result<Vec<_>, String>>());
    Timing {
        start_at,
        after: after.unwrap_or_default(),
        next_window: !fields.raw("next_window").is_empty(),
    }
}

/// What to say of a field that [`moment`] cannot read.
pub(super) const NO_MOMENT: &str =
    "write a date and time in UTC, such as 2026-11-30 14:00, no later than the year 9998";

/// As browsers send a date and time, or people write one: in UTC.
pub(super) fn moment(text: &str) -> Option<Timestamp> {
    let text = text
        .trim_end_matches(" UTC")
        .trim_end_matches('Z')
        .replace(' ', "T");
    let local: jiff::civil::DateTime = text.parse().ok()?;
    local
        .to_zoned(jiff::tz::TimeZone::UTC)
        .ok()
        .map(|at| at.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_wrong_is_said_at_once() {
        let fields = Params::new(vec![
            ("version".into(), " ".into()),
            ("reason".into(), "\n".into()),
            ("start_mode".into(), "never".into()),
        ]);
        let refusal = wanted("cart", &fields).expect_err("refused");
        let names: Vec<_> = refusal.fields.keys().map(String::as_str).collect();
        assert_eq!(names, ["environment", "reason", "start_mode", "version"]);
    }

    #[test]
    fn a_wrong_time_hides_no_other_mistake() {
        let with = |start_at: &str| {
            let fields = Params::new(vec![
                ("version".into(), "1.2.0".into()),
                ("environment".into(), "staging".into()),
                ("reason".into(), String::new()),
                ("start_at".into(), start_at.into()),
                ("after".into(), "/changes/that-one".into()),
            ]);
            wanted("cart", &fields).expect_err("refused").fields
        };
        for start_at in ["soon", "9999-12-30T23:59"] {
            let fields = with(start_at);
            let names: Vec<_> = fields.keys().map(String::as_str).collect();
            assert_eq!(names, ["after", "reason", "start_at"], "{start_at}");
            assert_eq!(fields["start_at"], NO_MOMENT);
            assert!(fields["after"].contains("that-one"), "{fields:?}");
        }
    }
}
