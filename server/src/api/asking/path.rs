//! The name or id in a path.

use axum::{
    extract::{FromRequestParts, Path},
    http::request::Parts,
};
use domain::{
    ChangeId, DelegationId, EnvironmentName, EventId, PersonId, Refusal, RefusalCode, ScheduleId,
    ServiceName, TokenId,
};

use crate::edge::Refused;

/// What can stand in a path. What cannot be such a name is the name of nothing: not found.
pub(in crate::api) trait PathWord: Sized {
    const WHAT: &'static str;
    fn read(text: &str) -> Option<Self>;
}

macro_rules! words {
    ($($name:ty, $what:literal, $read:expr;)*) => {
        $(impl PathWord for $name {
            const WHAT: &'static str = $what;
            fn read(text: &str) -> Option<Self> { let read: fn(&str) -> Option<Self> = $read; read(text) }
        })*
    };
}

words! {
    ServiceName, "service of that name", |t| Self::parse(t).ok();
    EnvironmentName, "environment of that name", |t| Self::parse(t).ok();
    ChangeId, "change with this id", |t| t.parse().ok();
    EventId, "audit event with this id", |t| t.parse().ok();
    PersonId, "person with this id", |t| t.parse().ok();
    TokenId, "token with this id", |t| t.parse().ok();
    DelegationId, "delegation with this id", |t| t.parse().ok();
    ScheduleId, "window, freeze or stop with this id", |t| t.parse().ok();
}

/// The one name in the path.
#[derive(Clone, Debug)]
pub(in crate::api) struct Named<T>(pub T);

impl<S: Send + Sync, T: PathWord> FromRequestParts<S> for Named<T> {
    type Rejection = Refused;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        let Ok(Path(text)) = Path::<String>::from_request_parts(parts, state).await else {
            return Err(Refused::code(
                RefusalCode::Malformed,
                "The address is no UTF-8 text.",
            ));
        };
        T::read(&text)
            .map(Self)
            .ok_or_else(|| Refusal::not_found(T::WHAT).into())
    }
}
