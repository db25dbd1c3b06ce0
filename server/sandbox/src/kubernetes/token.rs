//! Who sends a request: an EKS bearer token is a presigned `sts:GetCallerIdentity` bound to the cluster's name.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::Key;
use super::rbac::User;
use super::status::Refusal;
use crate::aws::identity::Identity;
use crate::world::World;

const PREFIX: &str = "k8s-aws-v1.";
/// The authenticator reads no longer token.
const LONGEST: usize = 4_096;

/// The user of a request. Without a bearer token that is `system:anonymous`; a token that proves nobody is a 401, and so
/// is an AWS session whose role has no access entry.
pub(crate) fn user(
    world: &World,
    key: &Key,
    headers: &HeaderMap,
) -> Result<(User, Option<Identity>), Refusal> {
    let header = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let Some(token) = header.and_then(|header| header.strip_prefix("Bearer ")) else {
        let anonymous = User {
            name: "system:anonymous".to_owned(),
            groups: vec!["system:unauthenticated".to_owned()],
        };
        return Ok((anonymous, None));
    };
    let identity = identity(world, key, token.trim()).map_err(|why| {
        tracing::debug!(why, cluster = key.name, "token refused");
        Refusal::unauthorized()
    })?;
    let user = User::of(&identity, &key.account, &world.description().access)
        .ok_or_else(Refusal::unauthorized)?;
    Ok((user, Some(identity)))
}

fn identity(world: &World, key: &Key, token: &str) -> Result<Identity, String> {
    if token.len() > LONGEST {
        return Err("token is too large".to_owned());
    }
    let encoded = token
        .strip_prefix(PREFIX)
        .ok_or("token is missing the expected prefix")?;
    let bytes = URL_SAFE_NO_PAD
        .decode(encoded)
        .map_err(|error| error.to_string())?;
    let url = String::from_utf8(bytes).map_err(|error| error.to_string())?;
    world
        .verify_presigned_identity(&url, &[("x-k8s-aws-id", &key.name)])
        .map_err(|refused| format!("{}: {}", refused.code, refused.message))
}
