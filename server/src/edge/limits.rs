//! Rate limits at the edge: who is counted, and what for.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use control::{Actor, limits::Limit};

use super::{MaybeCaller, Refused, RequestFacts, request::is_safe};
use crate::AppState;

/// Refuses when `limit` is used up by the address of this request.
pub async fn by_address(
    state: &AppState,
    limit: Limit,
    facts: &RequestFacts,
) -> Result<(), Refused> {
    let over = state
        .control()
        .count_use(limit, &facts.address(), facts.anonymous())
        .await?;
    over.map_or(Ok(()), |limited| Err(limited.into()))
}

/// Counts the unsafe requests of each person.
pub async fn writes(
    State(state): State<AppState>,
    MaybeCaller(caller): MaybeCaller,
    request: Request,
    next: Next,
) -> Response {
    let Some(caller) = caller.filter(|_| !is_safe(request.method())) else {
        return next.run(request).await;
    };
    let limit = Limit::per_minute("writes", state.limits().writes);
    let whom = caller.person.id.to_string();
    match state
        .control()
        .count_use(limit, &whom, Actor::from(&caller))
        .await
    {
        Ok(None) => next.run(request).await,
        Ok(Some(limited)) => Refused::from(limited).into_response(),
        Err(error) => Refused::from(error).into_response(),
    }
}
