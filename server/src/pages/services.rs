//! Services, and the form that asks for a deployment.

use app::{Notice, Params};
use axum::{
    extract::{Path, State},
    response::Response,
};
use control::changes::{NewChange, Timing};
use domain::{ChangeKind, EnvironmentName, Reason, Refusal, ServiceName, StartMode, Version};

use jiff::Timestamp;

use super::{Pages, answer, form::Fields, once::once, visit::Visiting};
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
    let version = Version::parse(fields.raw("version"));
    let environment = EnvironmentName::parse(fields.raw("environment"));
    let reason = Reason::parse(fields.raw("reason"));
    let start_mode = match fields.raw("start_mode") {
        "" => Ok(StartMode::OnApproval),
        text => text.parse::<StartMode>(),
    };
    let timing = timing(fields);
    let wrong = [
        ("version", version.as_ref().err().map(ToString::to_string)),
        (
            "environment",
            environment.as_ref().err().map(ToString::to_string),
        ),
        ("reason", reason.as_ref().err().map(ToString::to_string)),
        ("start_mode", start_mode.as_ref().err().cloned()),
    ];
    let refusal = wrong
        .into_iter()
        .filter_map(|(field, why)| Some((field, why?)))
        .fold(None, |refusal: Option<Refusal>, (field, why)| {
            Some(match refusal {
                None => Refusal::field(field, why),
                Some(refusal) => refusal.and_field(field, why),
            })
        });
    match (version, environment, reason, start_mode, refusal) {
        (Ok(version), Ok(environment), Ok(reason), Ok(start_mode), None) => Ok(NewChange {
            kind: ChangeKind::Deploy,
            service,
            version,
            environment,
            reason,
            start_mode,
            retry_of: None,
            timing: timing?,
        }),
        (.., Some(refusal)) => Err(refusal),
        _ => Err(Refusal::field("version", "choose a release")),
    }
}

/// When it may start, besides approvals.
fn timing(fields: &Params) -> Result<Timing, Refusal> {
    let start_at = match fields.raw("start_at").trim() {
        "" => None,
        text => Some(moment(text).ok_or_else(|| {
            Refusal::field(
                "start_at",
                "write a date and time in UTC, such as 2026-11-30 14:00",
            )
        })?),
    };
    // People paste addresses; the id is their last part.
    let ids = fields
        .raw("after")
        .split([' ', ',', '\n', '\t', '\r'])
        .filter(|t| !t.is_empty());
    let after = ids
        .map(|text| {
            let id = text
                .trim_end_matches('/')
                .rsplit('/')
                .next()
                .unwrap_or(text);
            id.parse().map_err(|_| {
                Refusal::field("after", format!("'{text}' is no change's address or id"))
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    let next_window = !fields.raw("next_window").is_empty();
    Ok(Timing {
        start_at,
        after,
        next_window,
    })
}

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
}
