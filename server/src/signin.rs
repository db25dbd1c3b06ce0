//! Signing in with the identity provider.

use openidconnect::core::CoreJwsSigningAlgorithm as Alg;

/// The signature algorithm of that name, if it is one that can be accepted: never `none`,
/// never one with a shared secret.
pub(crate) fn algorithm(name: &str) -> Option<Alg> {
    Some(match name {
        "EdDSA" => Alg::EdDsa,
        "ES256" => Alg::EcdsaP256Sha256,
        "ES384" => Alg::EcdsaP384Sha384,
        "RS256" => Alg::RsaSsaPkcs1V15Sha256,
        "RS384" => Alg::RsaSsaPkcs1V15Sha384,
        "RS512" => Alg::RsaSsaPkcs1V15Sha512,
        "PS256" => Alg::RsaSsaPssSha256,
        "PS384" => Alg::RsaSsaPssSha384,
        "PS512" => Alg::RsaSsaPssSha512,
        _ => return None,
    })
}
