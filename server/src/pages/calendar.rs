//! The calendar: a month, one entry, making and ending one; and overriding a freeze for a change.

use app::{
    Notice, Params, Visit,
    calendar::{Ending, Wanted},
    changes::Posted,
};
use axum::{
    extract::{Path, State},
    response::Response,
};
use control::schedule::NewEntry;
use domain::{
    ChangeKind, EnvironmentName, Reason, Refusal, RegionName, ScheduleId, ServiceName, SystemName,
    TeamName,
    names::Unacceptable,
    schedule::{Class, Reach, Recurrence, Span, When, Zone},
};
use jiff::{SignedDuration, Timestamp, civil::DateTime};

use super::{
    Pages, answer, changes,
    form::{Fields, Wrong},
    once::once,
    visit::Visiting,
};
use crate::edge::Refused;

pub(super) async fn month(State(pages): State<Pages>, Visiting(visit): Visiting) -> Response {
    let made = app::calendar::month(pages.app.control(), &visit).await;
    answer::show(&pages, &visit, made)
}

pub(super) async fn entry(
    State(pages): State<Pages>,
    Visiting(visit): Visiting,
    Path(id): Path<String>,
) -> Response {
    let made = app::calendar::entry(pages.app.control(), &visit, &id, Ending::default()).await;
    answer::show(&pages, &visit, made)
}

pub(super) async fn form(State(pages): State<Pages>, Visiting(visit): Visiting) -> Response {
    let class = visit
        .params
        .get("class")
        .and_then(|c| c.parse().ok())
        .unwrap_or(Class::Freeze);
    let made = app::calendar::form(pages.app.control(), &visit, class, Wanted::default()).await;
    answer::show(&pages, &visit, made)
}

/// `POST /calendar/new`
pub(super) async fn make(
    State(pages): State<Pages>,
    Visiting(visit): Visiting,
    Fields(fields): Fields,
) -> Result<Response, Refused> {
    let (control, caller) = (pages.app.control(), visit.caller()?);
    let class: Class = fields
        .raw("class")
        .parse()
        .map_err(|_| Refusal::field("class", "window, freeze or stop"))?;
    let work = async {
        let made = control.make_entry(caller, wanted(class, &fields)?).await?;
        Ok(format!("/calendar/{}", made.id))
    };
    match once(control, caller, "/calendar/new", &fields, work).await {
        Ok(to) => Ok(answer::done(&pages, &to, Notice::EntryMade)),
        Err(error) => {
            let refusal = answer::for_form(error)?;
            let again = Wanted {
                fields: Some(&fields),
                refusal: Some(&refusal),
            };
            let made = app::calendar::form(control, &visit, class, again).await;
            Ok(answer::show(&pages, &visit, made))
        }
    }
}

/// `POST /calendar/{id}/end`
pub(super) async fn end(
    State(pages): State<Pages>,
    Visiting(visit): Visiting,
    Path(id): Path<String>,
    Fields(fields): Fields,
) -> Result<Response, Refused> {
    let (control, caller) = (pages.app.control(), visit.caller()?);
    let made = async {
        let entry: ScheduleId = id
            .parse()
            .map_err(|_| Refusal::not_found("window, freeze or stop with this id"))?;
        control
            .end_entry(caller, None, entry, Some(reason(&fields, "reason")?))
            .await
    };
    match made.await {
        Ok(_) => Ok(answer::done(
            &pages,
            &format!("/calendar/{id}"),
            Notice::EntryEnded,
        )),
        Err(error) => {
            let refusal = answer::for_form(error)?;
            let visit = Visit {
                path: format!("/calendar/{id}"),
                ..visit
            };
            let ending = Ending {
                fields: Some(&fields),
                refusal: Some(&refusal),
            };
            let made = app::calendar::entry(control, &visit, &id, ending).await;
            Ok(answer::show(&pages, &visit, made))
        }
    }
}

/// `POST /changes/{id}/override`
pub(super) async fn ask_override(
    State(pages): State<Pages>,
    Visiting(visit): Visiting,
    Path(id): Path<String>,
    Fields(fields): Fields,
) -> Result<Response, Refused> {
    let (control, caller) = (pages.app.control(), visit.caller()?);
    let work = async {
        let digest = changes::digest(fields.raw("evidence_digest"))?;
        let hours: i64 = fields
            .raw("hours")
            .parse()
            .ok()
            .filter(|h| (1..=24).contains(h))
            .ok_or_else(|| Refusal::field("hours", "between 1 and 24"))?;
        let until = visit.now + SignedDuration::from_hours(hours);
        let why = reason(&fields, "override_reason")?;
        control
            .ask_override(caller, changes::change_id(&id)?, digest, why, until)
            .await?;
        Ok(format!("/changes/{id}"))
    };
    match once(
        control,
        caller,
        &format!("/changes/{id}/override"),
        &fields,
        work,
    )
    .await
    {
        Ok(to) => Ok(answer::done(&pages, &to, Notice::OverrideAsked)),
        Err(error) => again(&pages, &visit, &id, &fields, error).await,
    }
}

/// `POST /changes/{id}/override/confirm`
pub(super) async fn confirm_override(
    State(pages): State<Pages>,
    Visiting(visit): Visiting,
    Path(id): Path<String>,
    Fields(fields): Fields,
) -> Result<Response, Refused> {
    let (control, caller) = (pages.app.control(), visit.caller()?);
    let made = async {
        let digest = changes::digest(fields.raw("evidence_digest"))?;
        control
            .confirm_override(caller, changes::change_id(&id)?, digest)
            .await
    };
    match made.await {
        Ok(_) => Ok(answer::done(
            &pages,
            &format!("/changes/{id}"),
            Notice::OverrideConfirmed,
        )),
        Err(error) => again(&pages, &visit, &id, &fields, error).await,
    }
}

/// The change's page again, with what was refused and all that was written.
async fn again(
    pages: &Pages,
    visit: &Visit,
    id: &str,
    fields: &Params,
    error: control::Error,
) -> Result<Response, Refused> {
    let refusal = answer::for_form(error)?;
    let posted = Posted {
        action: "override",
        fields: Some(fields),
        refusal: Some(&refusal),
    };
    let visit = Visit {
        path: format!("/changes/{id}"),
        ..visit.clone()
    };
    let made = app::changes::detail(pages.app.control(), &visit, id, posted).await;
    Ok(answer::show(pages, &visit, made))
}

fn reason(fields: &Params, name: &str) -> Result<Reason, Refusal> {
    Reason::parse(fields.raw(name)).map_err(|wrong| Refusal::field(name, wrong.0))
}

/// What the form asks for; every field that is wrong is named.
fn wanted(class: Class, fields: &Params) -> Result<NewEntry, Refusal> {
    let mut wrong = Wrong::default();
    let reach = Reach {
        service: wrong.read(fields, "scope.service", ServiceName::parse),
        team: wrong.read(fields, "scope.team", TeamName::parse),
        system: wrong.read(fields, "scope.system", SystemName::parse),
        environment: wrong.read(fields, "scope.environment", EnvironmentName::parse),
        region: wrong.read(fields, "scope.region", RegionName::parse),
        kind: wrong.read(fields, "scope.kind", |t| {
            t.parse::<ChangeKind>().map_err(Unacceptable)
        }),
    };
    let zone = wrong
        .read(fields, "zone", |t| Zone::parse(&t))
        .unwrap_or_else(Zone::utc);
    let when = match class {
        Class::Stop => When::Open {
            until: wrong.read(fields, "until", |t| instant(&t, &zone)),
        },
        Class::Window | Class::Freeze if fields.raw("how") == "recurring" => {
            let rule = wrong.needed(fields, "rrule", Ok);
            let start = wrong.needed(fields, "start", |t| wall(&t));
            let lasts = wrong.needed(fields, "lasts_s", |t| {
                t.parse::<i64>()
                    .map_err(|_| Unacceptable("choose how long".to_owned()))
            });
            match (rule, start, lasts) {
                (Some(rule), Some(start), Some(lasts)) => {
                    match Recurrence::new(&rule, start, lasts) {
                        Ok(recurrence) => When::Recurring(recurrence),
                        Err((field, why)) => {
                            wrong.add(field, why.0);
                            When::Open { until: None }
                        }
                    }
                }
                _ => When::Open { until: None },
            }
        }
        Class::Window | Class::Freeze => {
            let from = wrong.needed(fields, "from", |t| instant(&t, &zone));
            let until = wrong.needed(fields, "until", |t| instant(&t, &zone));
            let (from, until) = (
                from.unwrap_or(Timestamp::UNIX_EPOCH),
                until.unwrap_or(Timestamp::MAX),
            );
            When::Once(Span { from, until })
        }
    };
    let why = wrong.needed(fields, "reason", Reason::parse);
    Ok(NewEntry {
        class,
        reach,
        when,
        zone,
        reason: wrong.unless(why)?,
    })
}

fn wall(text: &str) -> Result<DateTime, Unacceptable> {
    text.parse()
        .map_err(|_| Unacceptable("a day and a time, such as 2026-12-24T18:00".to_owned()))
}

fn instant(text: &str, zone: &Zone) -> Result<Timestamp, Unacceptable> {
    let wall = wall(text)?;
    let told = (1970..=9000)
        .contains(&wall.year())
        .then(|| zone.first_instant(wall))
        .flatten();
    told.ok_or_else(|| Unacceptable("a year between 1970 and 9000".to_owned()))
}
