//! Signature Version 4, the server's side: every request is checked, in its header or its query form.
mod canonical;
mod parse;
#[cfg(test)]
mod tests;

use axum::http::{HeaderMap, Method};
use hmac::{Hmac, Mac as _};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};

use super::error::{AwsError, Protocol};
pub(crate) use parse::Signed;

/// AWS refuses header signatures that are further from its clock than this.
const SKEW: SignedDuration = SignedDuration::from_mins(5);
/// A presigned identity is good for this long after its date, whatever `X-Amz-Expires` says.
pub(crate) const PRESIGNED: SignedDuration = SignedDuration::from_mins(15);

/// The parts of a request that a signature covers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Message<'a> {
    pub(crate) method: &'a Method,
    /// Path as on the wire, percent-encoded.
    pub(crate) path: &'a str,
    /// Query as on the wire, without `?`.
    pub(crate) query: &'a str,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
}

/// Why a signature is refused. The wire code depends on the protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Not signed at all.
    Missing,
    /// Signed, but not readable.
    Incomplete(String),
    /// No such access key, or its session token is absent or another.
    UnknownKey,
    /// Computed differently here.
    Mismatch(String),
    /// A presigned request after its time.
    Expired(String),
    /// The session has ended.
    SessionEnded,
}

impl Refusal {
    pub(crate) fn into_error(self, protocol: Protocol) -> AwsError {
        use Protocol::{Cbor, Json10, Json11, Query, RestJson};
        // Named alike in all that has a target.
        let protocol = match protocol {
            Json10 | Cbor => Json11,
            other => other,
        };
        let (status, code, message) = match (self, protocol) {
            (Self::Missing, Query) => (
                403,
                "MissingAuthenticationToken",
                "Request is missing Authentication Token".into(),
            ),
            (Self::Missing, Json11) => (
                400,
                "MissingAuthenticationTokenException",
                "Missing Authentication Token".into(),
            ),
            (Self::Missing, RestJson) => (
                403,
                "MissingAuthenticationTokenException",
                "Missing Authentication Token".into(),
            ),
            (Self::Incomplete(message), Query) => (400, "IncompleteSignature", message),
            (Self::Incomplete(message), Json11) => (400, "IncompleteSignatureException", message),
            (Self::Incomplete(message), RestJson) => (403, "IncompleteSignatureException", message),
            (Self::UnknownKey, Query) => (403, "InvalidClientTokenId", INVALID.into()),
            (Self::UnknownKey, Json11) => (400, "UnrecognizedClientException", INVALID.into()),
            (Self::UnknownKey, RestJson) => (403, "UnrecognizedClientException", INVALID.into()),
            (Self::Mismatch(message), Query) => (403, "SignatureDoesNotMatch", message),
            (Self::Mismatch(message), Json11) => (400, "InvalidSignatureException", message),
            (Self::Mismatch(message), RestJson) => (403, "InvalidSignatureException", message),
            (Self::Expired(message), Query | RestJson) => (403, "RequestExpired", message),
            (Self::Expired(message), Json11) => (400, "RequestExpired", message),
            (Self::SessionEnded, Query) => (403, "ExpiredToken", ENDED.into()),
            (Self::SessionEnded, Json11) => (400, "ExpiredTokenException", ENDED.into()),
            (_, Json10 | Cbor) => (400, "InvalidSignatureException", DIFFERENT.into()),
            (Self::SessionEnded, RestJson) => (403, "ExpiredTokenException", ENDED.into()),
        };
        AwsError::new(status, code, message)
    }
}

const INVALID: &str = "The security token included in the request is invalid.";
const ENDED: &str = "The security token included in the request is expired";
const DIFFERENT: &str = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.";

/// Checks the time and the signature of a request whose key is known.
pub(crate) fn verify(
    signed: &Signed,
    message: &Message<'_>,
    secret: &str,
    now: Timestamp,
) -> Result<(), Refusal> {
    check_time(signed, now)?;
    let canonical = canonical::request(signed, message)?;
    let scope = format!(
        "{}/{}/{}/aws4_request",
        signed.day, signed.region, signed.service
    );
    let to_sign = format!(
        "AWS4-HMAC-SHA256\n{}\n{scope}\n{}",
        signed.date,
        hex::encode(Sha256::digest(canonical))
    );
    let mut key = hmac(format!("AWS4{secret}").as_bytes(), signed.day.as_bytes())?
        .finalize()
        .into_bytes();
    for part in [
        signed.region.as_str(),
        signed.service.as_str(),
        "aws4_request",
    ] {
        key = hmac(&key, part.as_bytes())?.finalize().into_bytes();
    }
    hmac(&key, to_sign.as_bytes())?
        .verify_slice(&signed.signature)
        .map_err(|_| Refusal::Mismatch(DIFFERENT.to_owned()))
}

fn hmac(key: &[u8], data: &[u8]) -> Result<Hmac<Sha256>, Refusal> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key)
        .map_err(|error| Refusal::Mismatch(error.to_string()))?;
    mac.update(data);
    Ok(mac)
}

fn check_time(signed: &Signed, now: Timestamp) -> Result<(), Refusal> {
    let basic = |at: Timestamp| at.strftime("%Y%m%dT%H%M%SZ").to_string();
    let age = now.duration_since(signed.time);
    if age < -SKEW {
        let latest = now.saturating_add(SKEW).unwrap_or(Timestamp::MAX);
        return Err(Refusal::Mismatch(format!(
            "Signature not yet current: {} is still later than {} ({} + 5 min.)",
            signed.date,
            basic(latest),
            basic(now)
        )));
    }
    match signed.expires_s {
        // STS honours a presigned request for 15 minutes; a shorter X-Amz-Expires is not looked at by it.
        Some(_) if age > PRESIGNED => Err(Refusal::Expired(format!(
            "Request has expired: signed {}, now {}",
            signed.date,
            basic(now)
        ))),
        None if age > SKEW => {
            let earliest = now.saturating_sub(SKEW).unwrap_or(Timestamp::MIN);
            Err(Refusal::Mismatch(format!(
                "Signature expired: {} is now earlier than {} ({} - 5 min.)",
                signed.date,
                basic(earliest),
                basic(now)
            )))
        }
        _ => Ok(()),
    }
}
