//! Tickets: what a pipeline gets its step's narrowed AWS session for.

use axum::{Json, extract::State};
use control::{limits::Limit, tickets::PipelineCredentials};
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    asking::{Plain, Sent},
    words,
};
use crate::{
    AppState,
    edge::{Refused, RequestFacts, limits},
};

/// A pipeline's ticket.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = Ticket)]
#[serde(deny_unknown_fields)]
pub(super) struct Presented {
    #[schema(value_type = words::TicketSecret)]
    ticket: SecretString,
}

/// AWS credentials in the form of `credential_process`.
#[derive(Debug, ToSchema)]
#[schema(as = PipelineCredentials)]
#[expect(dead_code, reason = "describes what the use case serialises itself")]
pub(super) struct Credentials {
    /// Always 1.
    #[schema(rename = "Version", minimum = 1, maximum = 1)]
    version: u8,
    #[schema(rename = "AccessKeyId", example = "ASIAIOSFODNN7EXAMPLE")]
    access_key_id: String,
    #[schema(rename = "SecretAccessKey")]
    secret_access_key: String,
    #[schema(rename = "SessionToken")]
    session_token: String,
    #[schema(rename = "Expiration", value_type = String, format = DateTime)]
    expiration: String,
}

/// Redeem a ticket, once
///
/// Every ticket that is not good is refused in the same words. The ticket is spent even if AWS then gives no session.
/// Takes no `Idempotency-Key`: a ticket is good once by itself, and these secrets are kept nowhere.
#[utoipa::path(post, path = "/tickets/redeem", operation_id = "redeem_ticket", tag = "pipelines",
    request_body = Presented, security(()),
    responses((status = 200, body = Credentials, description = "The credentials of the step the ticket was made for.")))]
pub(super) async fn redeem(
    State(state): State<AppState>,
    facts: RequestFacts,
    _: Plain,
    Sent(sent): Sent<Presented>,
) -> Result<Json<PipelineCredentials>, Refused> {
    let limit = Limit::per_minute("redeem", state.limits().redeem);
    limits::by_address(&state, limit, &facts).await?;
    Ok(Json(
        state
            .control()
            .redeem(sent.ticket, facts.id, facts.ip)
            .await?,
    ))
}
