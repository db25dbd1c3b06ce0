//! A signed token in its parts, for what openidconnect has no type for.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use openidconnect::{
    JsonWebKey as _,
    core::{CoreJsonWebKeySet, CoreJwsSigningAlgorithm},
};
use serde_json::{Map, Value};

/// header.payload.signature, not yet believed.
#[derive(Debug)]
pub(super) struct Parts<'a> {
    /// What the signature is of.
    signed: &'a str,
    payload: &'a str,
    header: Map<String, Value>,
    signature: Vec<u8>,
}

/// Why a signature was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bad {
    /// No key of this name; new ones may have it.
    UnknownKey,
    Algorithm,
    Signature,
}

impl<'a> Parts<'a> {
    pub(super) fn of(token: &'a str) -> Option<Self> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, payload) = signed.split_once('.')?;
        if payload.contains('.') {
            return None;
        }
        Some(Self {
            signed,
            payload,
            header: object(header)?,
            signature: URL_SAFE_NO_PAD.decode(signature).ok()?,
        })
    }

    pub(super) fn claims(&self) -> Option<Map<String, Value>> {
        object(self.payload)
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.header.get(name)?.as_str()
    }

    /// Checks the signature with the one key that fits, by an algorithm that is allowed.
    pub(super) fn verify(
        &self,
        keys: &CoreJsonWebKeySet,
        allowed: &[CoreJwsSigningAlgorithm],
    ) -> Result<(), Bad> {
        // We understand no critical extension, so a token that has one is not for us.
        if self.header.contains_key("crit") {
            return Err(Bad::Algorithm);
        }
        let alg = self
            .header("alg")
            .and_then(super::algorithm)
            .filter(|a| allowed.contains(a))
            .ok_or(Bad::Algorithm)?;
        let kid = self.header("kid");
        let mut fitting = keys
            .keys()
            .iter()
            .filter(|key| kid.is_none() || key.key_id().map(|k| k.as_str()) == kid)
            .peekable();
        if fitting.peek().is_none() {
            return Err(Bad::UnknownKey);
        }
        // `verify_signature` refuses a key of another type, of another algorithm, or not for signing.
        let good = fitting.any(|key| {
            key.verify_signature(&alg, self.signed.as_bytes(), &self.signature)
                .is_ok()
        });
        if good { Ok(()) } else { Err(Bad::Signature) }
    }
}

fn object(part: &str) -> Option<Map<String, Value>> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}
