//! People: who has ever signed in, and who is shut out.

use axum::{Json, extract::State};
use control::people::{KnownPerson, PeopleQuery};
use domain::{JobRole, Login, PersonId, PersonState, TeamName};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    answer::{List, Listing},
    asking::{Filters, Named, Plain, Sent},
    changes::moves::Because,
    words,
};
use crate::{
    AppState,
    edge::{Refused, SignedIn},
};

/// A person, as they stood when they last signed in.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Person {
    #[schema(value_type = words::Id)]
    id: PersonId,
    #[schema(value_type = words::Login)]
    login: Login,
    /// As the identity provider spells it.
    name: String,
    #[schema(value_type = Vec<words::JobRole>)]
    job_roles: Vec<JobRole>,
    #[schema(value_type = Vec<words::TeamName>)]
    teams: Vec<TeamName>,
    #[schema(value_type = words::PersonState)]
    state: PersonState,
    /// When job roles and teams were last read.
    signed_in_at: Timestamp,
    /// Null for somebody who may come in.
    disabled_at: Option<Timestamp>,
}

impl From<KnownPerson> for Person {
    fn from(person: KnownPerson) -> Self {
        Self {
            id: person.id,
            login: person.login,
            name: person.name,
            job_roles: person.job_roles,
            teams: person.teams,
            state: person.state,
            signed_in_at: person.signed_in_at,
            disabled_at: person.disabled_at,
        }
    }
}

/// Which people; an absent filter matches all.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct PeopleFilters {
    #[param(value_type = Option<words::PersonState>)]
    state: Option<PersonState>,
    #[param(value_type = Option<words::Cursor>)]
    cursor: Option<String>,
    /// How many at most; 20 when nothing is said.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
}

/// Everybody who ever signed in, by sign-in name
///
/// For administrators and auditors.
#[utoipa::path(get, path = "/people", operation_id = "list_people", tag = "people", params(PeopleFilters),
    responses((status = 200, body = List<Person>, description = "One page of people.")))]
pub(super) async fn list(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    Filters(filters): Filters<PeopleFilters>,
) -> Listing<Person> {
    let query = PeopleQuery {
        state: filters.state,
        cursor: filters.cursor,
        limit: filters.limit,
    };
    Ok(Json(List::of(
        state.control().people(&caller, query).await?,
    )))
}

/// Shut somebody out
///
/// At once: their sessions and tokens end, what they approved counts for nothing in changes that have not started, and
/// nothing starts on their behalf.
#[utoipa::path(post, path = "/people/{id}/disable", operation_id = "disable_person", tag = "people",
    params(("id" = words::Id, Path, description = "The person.")), request_body = Because,
    responses((status = 200, body = Person, description = "The person as they stand now.")))]
pub(super) async fn disable(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    _: Plain,
    Named(id): Named<PersonId>,
    Sent(sent): Sent<Because>,
) -> Result<Json<Person>, Refused> {
    let person = state
        .control()
        .disable_person(&caller, id, sent.reason)
        .await?;
    Ok(Json(person.into()))
}

/// Let somebody sign in again
///
/// Their tokens stay ended, and what they approved before stays void.
#[utoipa::path(post, path = "/people/{id}/enable", operation_id = "enable_person", tag = "people",
    params(("id" = words::Id, Path, description = "The person.")), request_body = Because,
    responses((status = 200, body = Person, description = "The person as they stand now.")))]
pub(super) async fn enable(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    _: Plain,
    Named(id): Named<PersonId>,
    Sent(sent): Sent<Because>,
) -> Result<Json<Person>, Refused> {
    let person = state
        .control()
        .enable_person(&caller, id, sent.reason)
        .await?;
    Ok(Json(person.into()))
}
