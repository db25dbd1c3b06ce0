//! Windows, freezes and stops: when changes may start. One form for all three; each has its own addresses.

use axum::{Json, extract::State, http::StatusCode};
use control::schedule::{NewEntry, ScheduleQuery};
use domain::{
    Login, Reason, Refusal, ScheduleId,
    schedule::{
        Class, Effect, Entry, Match, MayStart, Override, Reach, Recurrence, Span, When, Zone,
    },
};
use jiff::{Timestamp, civil::DateTime};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    answer::{List, Listing},
    asking::{Filters, Named, Plain, Sent},
    checked, words,
};
use crate::{
    AppState,
    edge::{Refused, SignedIn},
};

/// What it is about. What is absent is all; every part that is said must fit.
#[derive(Debug, ToSchema)]
#[expect(
    dead_code,
    reason = "describes what the domain reads and writes itself"
)]
pub(super) struct ScheduleScope {
    #[schema(value_type = Option<words::ServiceName>, nullable = false)]
    service: Option<String>,
    #[schema(value_type = Option<words::TeamName>, nullable = false)]
    team: Option<String>,
    #[schema(value_type = Option<words::SystemName>, nullable = false)]
    system: Option<String>,
    #[schema(value_type = Option<words::EnvironmentName>, nullable = false)]
    environment: Option<String>,
    /// Takes in every change that touches this region.
    #[schema(value_type = Option<words::RegionName>, nullable = false)]
    region: Option<String>,
    /// Without it, of a window or freeze: every kind but failover and failback, which must be named.
    #[schema(value_type = Option<words::ChangeKind>, nullable = false)]
    kind: Option<String>,
}

/// A window or freeze to make: once, with `from` and `until`, or recurring, with `rrule`, `start` and `lasts_s`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewSpan {
    #[serde(default)]
    #[schema(value_type = Option<ScheduleScope>)]
    scope: Option<Reach>,
    #[schema(value_type = Option<String>, format = DateTime)]
    from: Option<checked::Time>,
    /// Not in it any more.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<checked::Time>,
    #[schema(value_type = Option<words::RecurrenceRule>)]
    rrule: Option<String>,
    /// The first day and the time of day, by the wall clock of the zone.
    #[schema(value_type = Option<words::WallTime>)]
    start: Option<String>,
    /// Seconds that each occurrence lasts, as time elapsed.
    #[schema(minimum = 60, maximum = 2_678_400)]
    lasts_s: Option<i64>,
    /// UTC when nothing is said.
    #[schema(value_type = Option<words::ZoneName>)]
    zone: Option<String>,
    #[schema(value_type = words::Reason)]
    reason: Reason,
}

/// A stop to call: for one system, one environment, one region, or, without a scope, for everything.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewStop {
    #[serde(default)]
    #[schema(value_type = Option<ScheduleScope>)]
    scope: Option<Reach>,
    /// Until somebody ends it when nothing is said.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<checked::Time>,
    #[schema(value_type = words::Reason)]
    reason: Reason,
}

/// Which of them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Only those that have not been ended.
    in_force: Option<bool>,
    #[param(value_type = Option<words::Cursor>)]
    cursor: Option<String>,
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
}

/// Why it is ended.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct EndedBecause {
    #[param(value_type = Option<words::Reason>)]
    reason: Option<Reason>,
}

/// A window, freeze or stop. Never altered: ended, and made anew.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ScheduleEntry {
    #[schema(value_type = words::Id)]
    id: ScheduleId,
    #[schema(value_type = words::ScheduleClass)]
    class: Class,
    #[schema(value_type = ScheduleScope)]
    scope: Reach,
    /// The scope in words.
    scope_words: String,
    /// Its times in words, by the wall clock of its zone.
    when_words: String,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    #[schema(value_type = Option<words::RecurrenceRule>)]
    rrule: Option<String>,
    #[schema(value_type = Option<words::WallTime>)]
    start: Option<String>,
    lasts_s: Option<i64>,
    #[schema(value_type = words::ZoneName)]
    zone: String,
    #[schema(value_type = words::Reason)]
    reason: String,
    #[schema(value_type = words::Login)]
    author: Login,
    created_at: Timestamp,
    /// Null while it is in force.
    ended_at: Option<Timestamp>,
    /// Null too where its time was over.
    #[schema(value_type = Option<words::Login>)]
    ended_by: Option<Login>,
    end_reason: Option<String>,
}

impl From<Entry> for ScheduleEntry {
    fn from(entry: Entry) -> Self {
        let (scope_words, when_words) = (entry.reach.words(), entry.when_words());
        let (mut from, mut until, mut recurring) = (None, None, None);
        match entry.when {
            When::Once(span) => (from, until) = (Some(span.from), Some(span.until)),
            When::Open { until: end } => until = end,
            When::Recurring(recurrence) => recurring = Some(recurrence),
        }
        let ended = entry.ended;
        Self {
            id: entry.id,
            class: entry.class,
            scope: entry.reach,
            scope_words,
            when_words,
            from,
            until,
            rrule: recurring.as_ref().map(Recurrence::rule_with_until),
            start: recurring.as_ref().map(|r| r.start().to_string()),
            lasts_s: recurring.as_ref().map(|r| r.lasts().as_secs()),
            zone: entry.zone.to_string(),
            reason: entry.reason,
            author: entry.author,
            created_at: entry.created_at,
            ended_at: ended.as_ref().map(|e| e.at),
            ended_by: ended.as_ref().and_then(|e| e.by.clone()),
            end_reason: ended.and_then(|e| e.reason),
        }
    }
}

impl NewSpan {
    fn of(self, class: Class) -> Result<NewEntry, Refusal> {
        let zone = Zone::parse(self.zone.as_deref().unwrap_or("UTC"))
            .map_err(|e| Refusal::field("zone", e.0))?;
        let when = match (self.from, self.until, self.rrule, self.start, self.lasts_s) {
            (Some(from), Some(until), None, None, None) => When::Once(Span {
                from: from.0,
                until: until.0,
            }),
            (None, None, Some(rule), Some(start), Some(lasts)) => {
                let start: DateTime = start.parse().map_err(|_| {
                    Refusal::field("start", "a wall time such as 2026-12-24T18:00:00")
                })?;
                let made = Recurrence::new(&rule, start, lasts);
                When::Recurring(made.map_err(|(field, why)| Refusal::field(field, why.0))?)
            }
            _ => {
                return Err(Refusal::field(
                    "until",
                    "say `from` and `until`, or `rrule`, `start` and `lasts_s`",
                ));
            }
        };
        Ok(NewEntry {
            class,
            reach: self.scope.unwrap_or_default(),
            when,
            zone,
            reason: self.reason,
        })
    }
}

async fn listed(
    state: &AppState,
    caller: &domain::Caller,
    class: Class,
    which: Which,
) -> Listing<ScheduleEntry> {
    let query = ScheduleQuery {
        class: Some(class),
        in_force: which.in_force.unwrap_or(false),
        cursor: which.cursor,
        limit: which.limit,
    };
    Ok(Json(List::of(
        state.control().schedule(caller, query).await?,
    )))
}

async fn ended(
    state: &AppState,
    caller: &domain::Caller,
    class: Class,
    id: ScheduleId,
    why: EndedBecause,
) -> Result<Json<ScheduleEntry>, Refused> {
    Ok(Json(
        state
            .control()
            .end_entry(caller, Some(class), id, why.reason)
            .await?
            .into(),
    ))
}

type Made = Result<(StatusCode, Json<ScheduleEntry>), Refused>;

/// Freezes, newest first
#[utoipa::path(get, path = "/freezes", operation_id = "list_freezes", tag = "schedule", params(Which),
    responses((status = 200, body = List<ScheduleEntry>, description = "A page of them; ended ones are kept.")))]
pub(super) async fn freezes(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    Filters(which): Filters<Which>,
) -> Listing<ScheduleEntry> {
    listed(&state, &caller, Class::Freeze, which).await
}

/// Windows, newest first
#[utoipa::path(get, path = "/windows", operation_id = "list_windows", tag = "schedule", params(Which),
    responses((status = 200, body = List<ScheduleEntry>, description = "A page of them; ended ones are kept.")))]
pub(super) async fn windows(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    Filters(which): Filters<Which>,
) -> Listing<ScheduleEntry> {
    listed(&state, &caller, Class::Window, which).await
}

/// Stops, newest first
#[utoipa::path(get, path = "/stops", operation_id = "list_stops", tag = "schedule", params(Which),
    responses((status = 200, body = List<ScheduleEntry>, description = "A page of them; ended ones are kept.")))]
pub(super) async fn stops(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    Filters(which): Filters<Which>,
) -> Listing<ScheduleEntry> {
    listed(&state, &caller, Class::Stop, which).await
}

/// Make a freeze
///
/// While it is on, no change that its scope takes in starts. What runs, finishes; what waits, starts when the last freeze is over.
#[utoipa::path(post, path = "/freezes", operation_id = "create_freeze", tag = "schedule", request_body = NewSpan,
    responses((status = 201, body = ScheduleEntry, description = "The freeze.")))]
pub(super) async fn freeze(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    _: Plain,
    Sent(sent): Sent<NewSpan>,
) -> Made {
    let made = state
        .control()
        .make_entry(&caller, sent.of(Class::Freeze)?)
        .await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

/// Make a window
///
/// From now on changes that its scope takes in start only while it, or another such window, is open; until it is ended.
#[utoipa::path(post, path = "/windows", operation_id = "create_window", tag = "schedule", request_body = NewSpan,
    responses((status = 201, body = ScheduleEntry, description = "The window.")))]
pub(super) async fn window(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    _: Plain,
    Sent(sent): Sent<NewSpan>,
) -> Made {
    let made = state
        .control()
        .make_entry(&caller, sent.of(Class::Window)?)
        .await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

/// Stop the line
///
/// From now on nothing starts in this system, environment, region, or anywhere. No override lets anything through.
#[utoipa::path(post, path = "/stops", operation_id = "create_stop", tag = "schedule", request_body = NewStop,
    responses((status = 201, body = ScheduleEntry, description = "The stop.")))]
pub(super) async fn stop(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    _: Plain,
    Sent(sent): Sent<NewStop>,
) -> Made {
    let new = NewEntry {
        class: Class::Stop,
        reach: sent.scope.unwrap_or_default(),
        when: When::Open {
            until: sent.until.map(|t| t.0),
        },
        zone: Zone::utc(),
        reason: sent.reason,
    };
    let made = state.control().make_entry(&caller, new).await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

/// End a freeze
///
/// It is kept, with who ended it and why. What it held starts, where nothing else holds it.
#[utoipa::path(delete, path = "/freezes/{id}", operation_id = "end_freeze", tag = "schedule",
    params(("id" = words::Id, Path, description = "The freeze."), EndedBecause),
    responses((status = 200, body = ScheduleEntry, description = "The freeze, ended.")))]
pub(super) async fn end_freeze(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    Named(id): Named<ScheduleId>,
    Filters(why): Filters<EndedBecause>,
) -> Result<Json<ScheduleEntry>, Refused> {
    ended(&state, &caller, Class::Freeze, id, why).await
}

/// End a window
#[utoipa::path(delete, path = "/windows/{id}", operation_id = "end_window", tag = "schedule",
    params(("id" = words::Id, Path, description = "The window."), EndedBecause),
    responses((status = 200, body = ScheduleEntry, description = "The window, ended.")))]
pub(super) async fn end_window(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    Named(id): Named<ScheduleId>,
    Filters(why): Filters<EndedBecause>,
) -> Result<Json<ScheduleEntry>, Refused> {
    ended(&state, &caller, Class::Window, id, why).await
}

/// End a stop
#[utoipa::path(delete, path = "/stops/{id}", operation_id = "end_stop", tag = "schedule",
    params(("id" = words::Id, Path, description = "The stop."), EndedBecause),
    responses((status = 200, body = ScheduleEntry, description = "The stop, ended.")))]
pub(super) async fn end_stop(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    Named(id): Named<ScheduleId>,
    Filters(why): Filters<EndedBecause>,
) -> Result<Json<ScheduleEntry>, Refused> {
    ended(&state, &caller, Class::Stop, id, why).await
}

/// Whether a change may start now, by the calendar: the decision that the start obeys.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Standing {
    held: bool,
    /// In words; null when nothing holds it.
    waits_for: Option<String>,
    /// The first moment at which nothing that is known today holds it; null where nothing holds it now, or none is foreseeable.
    next: Option<Timestamp>,
    /// Everything in force that takes the change in, what holds it first.
    matches: Vec<InForce>,
}

/// A window, freeze or stop, and what it does to the change.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct InForce {
    #[schema(value_type = words::ScheduleEffect)]
    effect: Effect,
    /// The stretch of time that is on.
    now: Option<Stretch>,
    /// The next one.
    next: Option<Stretch>,
    entry: ScheduleEntry,
}

/// A stretch of time; `until` is not in it. Null: until somebody ends it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Stretch {
    from: Timestamp,
    until: Option<Timestamp>,
}

/// One change excepted from the freezes that held it and the windows it was outside of, on the word of two people. Kept for ever.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Override)]
pub(super) struct OverrideView {
    #[schema(value_type = words::Id)]
    id: domain::OverrideId,
    #[schema(value_type = words::EvidenceDigest)]
    evidence_digest: domain::EvidenceDigest,
    #[schema(value_type = Vec<words::Id>)]
    entries: Vec<ScheduleId>,
    #[schema(value_type = words::Reason)]
    reason: String,
    #[schema(value_type = words::Login)]
    asked_by: Login,
    asked_at: Timestamp,
    expires_at: Timestamp,
    /// Null while it counts for nothing.
    #[schema(value_type = Option<words::Login>)]
    confirmed_by: Option<Login>,
    confirmed_at: Option<Timestamp>,
}

impl From<Span> for Stretch {
    fn from(span: Span) -> Self {
        Self {
            from: span.from,
            until: Some(span.until).filter(|until| *until < Timestamp::MAX),
        }
    }
}

impl From<Match> for InForce {
    fn from(m: Match) -> Self {
        Self {
            effect: m.effect,
            now: m.now.map(Into::into),
            next: m.next.map(Into::into),
            entry: m.entry.into(),
        }
    }
}

impl From<MayStart> for Standing {
    fn from(decision: MayStart) -> Self {
        Self {
            held: decision.is_held(),
            waits_for: decision.waits_for(),
            next: decision.next.filter(|_| decision.is_held()),
            matches: decision.matches.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<Override> for OverrideView {
    fn from(o: Override) -> Self {
        Self {
            id: o.id,
            evidence_digest: o.evidence_digest,
            entries: o.entries,
            reason: o.reason,
            asked_by: o.asked_login,
            asked_at: o.asked_at,
            expires_at: o.expires_at,
            confirmed_by: o.confirmed_login,
            confirmed_at: o.confirmed_at,
        }
    }
}
