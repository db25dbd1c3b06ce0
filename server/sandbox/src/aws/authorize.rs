//! From a signed request to a caller, and from a caller to a decision.
use jiff::Timestamp;

use super::error::{AwsError, Protocol};
use super::iam::{Context, Request, evaluate};
use super::sigv4::{self, Message, Refusal, Signed};
use super::state::{Credential, State};
use crate::world::World;

/// Who signed this message. The session token is compared, the expiry checked, the signature computed.
pub(crate) fn authenticate(
    world: &World,
    signed: &Signed,
    message: &Message<'_>,
) -> Result<Credential, Refusal> {
    let credential = world.lock().aws.credential(&signed.access_key_id).cloned();
    let credential = credential.ok_or(Refusal::UnknownKey)?;
    if credential.token != signed.session_token {
        return Err(Refusal::UnknownKey);
    }
    let now = world.now();
    sigv4::verify(signed, message, &credential.secret, now)?;
    // After the signature: nobody learns from a stolen key id whether its session lives.
    if credential.ended(now) {
        Err(Refusal::SessionEnded)
    } else {
        Ok(credential)
    }
}

/// The keys that every request of this caller carries.
pub(crate) fn request(
    caller: &Credential,
    action: &str,
    resource: &str,
    region: &str,
    now: Timestamp,
) -> Request {
    let mut request = Request::new(caller.principal(), action, resource);
    let identity = &caller.identity;
    let context: &mut Context = &mut request.context;
    context.set_time(now);
    context.set("aws:RequestedRegion", region);
    context.set("aws:userid", &identity.user_id);
    context.set("aws:SecureTransport", "false");
    context.set("aws:SourceIp", "127.0.0.1");
    if let Some(name) = identity.arn.split_once(":user/").map(|(_, name)| name) {
        context.set("aws:PrincipalType", "User");
        context.set("aws:username", name);
    } else {
        context.set("aws:PrincipalType", "AssumedRole");
        context.set("aws:TokenIssueTime", caller.issued.to_string());
        // Sessions of roles come without MFA here; a long-term key does not carry the key at all.
        context.set("aws:MultiFactorAuthPresent", "false");
    }
    if let Some(source) = &identity.source_identity {
        context.set("aws:SourceIdentity", source);
    }
    for (key, value) in &identity.tags {
        context.set(&format!("aws:PrincipalTag/{key}"), value);
    }
    request
}

/// Lets the caller's own policies decide, or answers AWS's denial.
pub(crate) fn authorize(
    state: &State,
    caller: &Credential,
    protocol: Protocol,
    (action, resource): (&str, &str),
    region: &str,
    now: Timestamp,
) -> Result<(), AwsError> {
    let request = request(caller, action, resource, region, now);
    match evaluate(&request, &state.policies(caller)).message(&request) {
        None => Ok(()),
        Some(message) => Err(AwsError::access_denied(protocol, message)),
    }
}
