//! API tokens of the caller.

use std::collections::BTreeSet;

use axum::{
    Extension, Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use control::tokens::{NewToken, TokenRow};
use domain::{Caller, Scope, TokenId};
use jiff::Timestamp;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    answer::{List, Listing},
    asking::{Named, Plain, Sent},
    checked, words,
};
use crate::{
    AppState,
    edge::{Refused, SignedIn, keyed::KeepInstead},
};

/// An API token, without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Token {
    #[schema(value_type = words::Id)]
    id: TokenId,
    name: String,
    /// The first characters of the secret, to recognise it by.
    #[schema(example = "ptl_1aB9")]
    hint: String,
    #[schema(value_type = Vec<words::Scope>)]
    scopes: BTreeSet<Scope>,
    created_at: Timestamp,
    expires_at: Timestamp,
    /// To the minute; null if it never was.
    last_used_at: Option<Timestamp>,
}

impl From<TokenRow> for Token {
    fn from(row: TokenRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            hint: row.hint,
            scopes: row.scopes,
            created_at: row.created_at,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
        }
    }
}

/// A token that was just made.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CreatedToken<'a> {
    #[serde(flatten)]
    row: &'a Token,
    /// The secret: in this answer and nowhere else. Absent when the same `Idempotency-Key` is sent again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(pattern = r"^ptl_[0-9A-Za-z]{33}$", nullable = false)]
    token: Option<&'a str>,
}

/// What a person wants.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = NewToken)]
#[serde(deny_unknown_fields)]
pub(super) struct Wish {
    #[schema(value_type = words::TokenName)]
    name: String,
    /// What it may be used for; all that the caller could give when nothing is said.
    #[schema(value_type = Option<Vec<words::Scope>>, min_items = 1)]
    scopes: Option<BTreeSet<Scope>>,
    /// At most 90 days from now, or fewer where configured so.
    #[schema(value_type = String, format = DateTime)]
    expires_at: checked::Time,
}

impl Wish {
    fn of(self, caller: &Caller) -> NewToken {
        let all = || {
            Scope::ALL
                .into_iter()
                .filter(|scope| caller.holds(*scope))
                .collect()
        };
        NewToken {
            name: self.name,
            scopes: self.scopes.unwrap_or_else(all),
            expires_at: self.expires_at.0,
        }
    }
}

/// The caller's own tokens, newest first
#[utoipa::path(get, path = "/tokens", operation_id = "list_tokens", tag = "people",
    responses((status = 200, body = List<Token>, description = "All that are not revoked.")))]
pub(super) async fn list(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    _: Plain,
) -> Listing<Token> {
    Ok(Json(List::whole(state.control().tokens(&caller).await?)))
}

/// Create a token
#[utoipa::path(post, path = "/tokens", operation_id = "create_token", tag = "people", request_body = Wish,
    responses((status = 201, body = CreatedToken, description = "The token with its secret.")))]
pub(super) async fn create(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    _: Plain,
    Sent(sent): Sent<Wish>,
) -> Result<Response, Refused> {
    let (row, secret) = state
        .control()
        .create_token(&caller, sent.of(&caller))
        .await?;
    let row = Token::from(row);
    let token = Some(secret.expose_secret());
    let kept = CreatedToken {
        row: &row,
        token: None,
    };
    let kept = serde_json::to_vec(&kept).map_err(control::Error::from)?;
    let answer = Json(CreatedToken { row: &row, token });
    Ok((StatusCode::CREATED, Extension(KeepInstead(kept)), answer).into_response())
}

/// Revoke a token
#[utoipa::path(delete, path = "/tokens/{id}", operation_id = "revoke_token", tag = "people",
    params(("id" = words::Id, Path, description = "The token.")),
    responses((status = 204, description = "It is of no use any more.")))]
pub(super) async fn revoke(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    _: Plain,
    Named(id): Named<TokenId>,
) -> Result<StatusCode, Refused> {
    state.control().revoke_token(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
