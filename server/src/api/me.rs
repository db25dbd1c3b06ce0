//! Who is asking.

use axum::{Json, extract::State};
use control::Control;
use domain::{Authentication, Caller, CallerKind, JobRole, Login, PersonId, Scope, TeamName};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::{asking::Plain, words};
use crate::{AppState, edge::SignedIn};

/// Who is asking, and with which standing.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Me {
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
    /// `person`: a browser session; `token`: an API token.
    #[schema(example = "token")]
    door: String,
    /// What the token may be used for; null for a browser session, which is not narrowed.
    #[schema(value_type = Option<Vec<words::Scope>>)]
    scopes: Option<Vec<Scope>>,
    /// How the person proved who they are; null for a token, which holds no second factor.
    authentication: Option<Proof>,
}

/// How and when a person proved who they are.
#[derive(Debug, Serialize, ToSchema)]
struct Proof {
    auth_time: Timestamp,
    /// Seconds since then.
    #[schema(minimum = 0)]
    age_s: i64,
    /// Whether a second factor was shown.
    mfa: bool,
    /// Whether that is fresh enough, 300 seconds at most, for what a protected environment asks for.
    stepped_up: bool,
}

impl Me {
    fn of(caller: Caller, now: Timestamp) -> Self {
        let door = caller.kind.as_str().to_owned();
        let (scopes, authentication) = match caller.kind {
            CallerKind::Person { authentication, .. } => {
                (None, Some(Proof::of(&authentication, now)))
            }
            CallerKind::Token { scopes, .. } => (Some(scopes.into_iter().collect()), None),
            CallerKind::Job { .. } => (None, None),
        };
        let person = caller.person;
        Self {
            id: person.id,
            login: person.login,
            name: person.name,
            job_roles: person.job_roles.into_iter().collect(),
            teams: person.teams.into_iter().collect(),
            door,
            scopes,
            authentication,
        }
    }
}

impl Proof {
    fn of(authentication: &Authentication, now: Timestamp) -> Self {
        Self {
            auth_time: authentication.auth_time,
            age_s: (now.as_second() - authentication.auth_time.as_second()).max(0),
            mfa: authentication.mfa,
            stepped_up: authentication.is_stepped_up(now),
        }
    }
}

/// Who is asking
#[utoipa::path(get, path = "/me", operation_id = "get_me", tag = "people", responses((status = 200, body = Me, description = "The caller.")))]
pub(super) async fn show(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    _: Plain,
) -> Json<Me> {
    Json(Me::of(caller, Control::now(state.control())))
}
