//! Who is calling: what an access key stands for.
use std::collections::BTreeMap;

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use jiff::Timestamp;
use serde::Serialize;

use super::authorize::authenticate;
use super::error::Protocol;
use super::sigv4::{Message, Signed};
use crate::world::World;

/// An authenticated AWS caller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Identity {
    /// Account, twelve digits.
    pub account: String,
    /// `arn:aws:sts::<account>:assumed-role/<role>/<session>`, or `arn:aws:iam::<account>:user/<name>`.
    pub arn: String,
    /// `AROA…:<session>` or `AIDA…`.
    pub user_id: String,
    /// `arn:aws:iam::<account>:role/<role>` of a session.
    pub role_arn: Option<String>,
    /// Role name of a session.
    pub role_name: Option<String>,
    /// Role session name.
    pub session_name: Option<String>,
    /// Source identity.
    pub source_identity: Option<String>,
    /// Session tags.
    pub tags: BTreeMap<String, String>,
    /// Access key id that signed.
    pub access_key_id: String,
    /// When the session ends; never for a user.
    pub expires: Option<Timestamp>,
}

/// Why a presigned identity was not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The AWS error code (`SignatureDoesNotMatch`, `ExpiredToken`, …) or `InvalidToken` for what STS was never asked.
    pub code: String,
    /// Words for a log.
    pub message: String,
}

/// The only query parameters that an EKS token may carry, each once.
const PERMITTED: [&str; 9] = [
    "Action",
    "Version",
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-Security-Token",
    "X-Amz-Signature",
    "X-Amz-SignedHeaders",
];

fn refused<T>(message: impl Into<String>) -> Result<T, Refused> {
    Err(Refused {
        code: "InvalidToken".to_owned(),
        message: message.into(),
    })
}

impl World {
    /// The identity behind an access key, whether or not its session has ended.
    pub fn identity_of_key(&self, access_key_id: &str) -> Option<Identity> {
        self.lock()
            .aws
            .credential(access_key_id)
            .map(|credential| credential.identity.clone())
    }

    /// Who signed a presigned `sts:GetCallerIdentity` URL, with `headers` that the signature covers besides `host`
    /// (for an EKS token: `x-k8s-aws-id`, the cluster's name). Checks what `aws-iam-authenticator` checks before it asks STS,
    /// then what STS checks: signature, age of the URL, end of the session, all by the world's clock.
    pub fn verify_presigned_identity(
        &self,
        url: &str,
        headers: &[(&str, &str)],
    ) -> Result<Identity, Refused> {
        let Ok(url) = url.parse::<Uri>() else {
            return refused("not a URL");
        };
        if url.scheme_str() != Some("https") {
            return refused("the scheme must be https");
        }
        let host = url.host().unwrap_or_default();
        let region = host
            .strip_prefix("sts.")
            .and_then(|rest| rest.strip_suffix(".amazonaws.com"));
        let Some(region) = region.filter(|region| !region.is_empty() && !region.contains('.'))
        else {
            return refused(format!("{host:?} is not a regional STS host"));
        };
        if url.path() != "/" || url.port().is_some() {
            return refused("the path must be / and the port the default one");
        }
        let query = url.query().unwrap_or_default();
        let mut seen = BTreeMap::new();
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            if !PERMITTED.contains(&name) {
                return refused(format!("the query parameter {name:?} is not permitted"));
            }
            if seen.insert(name, value).is_some() {
                return refused(format!("the query parameter {name} is there twice"));
            }
        }
        if seen.get("Action") != Some(&"GetCallerIdentity") {
            return refused("the action must be GetCallerIdentity");
        }
        if seen
            .get("X-Amz-Expires")
            .and_then(|text| text.parse::<u32>().ok())
            .is_none_or(|seconds| seconds > 900)
        {
            return refused("X-Amz-Expires must be from 0 to 900");
        }
        let mut map = HeaderMap::new();
        for (name, value) in headers.iter().copied().chain([("host", host)]) {
            let (Ok(name), Ok(value)) = (
                HeaderName::from_bytes(name.as_bytes()),
                HeaderValue::from_str(value),
            ) else {
                return refused("a header cannot be sent");
            };
            map.insert(name, value);
        }
        let by_sts = |refusal: super::sigv4::Refusal| {
            let error = refusal.into_error(Protocol::Query);
            Refused {
                code: error.code,
                message: error.message,
            }
        };
        let signed = Signed::read(&map, query).map_err(by_sts)?;
        if (signed.region.as_str(), signed.service.as_str()) != (region, "sts") {
            return refused("the credential scope is not that of the host");
        }
        if let Some((name, _)) = headers
            .iter()
            .find(|(name, _)| !signed.headers.iter().any(|signed| signed == name))
        {
            return refused(format!("the header {name} is not signed"));
        }
        let message = Message {
            method: &Method::GET,
            path: "/",
            query,
            headers: &map,
            body: b"",
        };
        authenticate(self, &signed, &message)
            .map(|credential| credential.identity)
            .map_err(by_sts)
    }
}
