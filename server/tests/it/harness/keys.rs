//! Keys of the identity provider, and tokens signed with them: rightly, wrongly, or not at all.

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac as _};
use serde_json::{Map, Value, json};
use sha2::Sha256;

pub enum Key {
    Es256(Box<EcdsaKeyPair>),
    EdDsa(Ed25519KeyPair),
}

impl Key {
    pub fn es256() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
        Self::Es256(Box::new(pair))
    }

    pub fn ed_dsa() -> Self {
        Self::EdDsa(Ed25519KeyPair::generate().expect("a key"))
    }

    pub fn alg(&self) -> &'static str {
        match self {
            Self::Es256(_) => "ES256",
            Self::EdDsa(_) => "EdDSA",
        }
    }

    /// As it is published.
    pub fn jwk(&self, kid: &str) -> Value {
        match self {
            Self::Es256(pair) => {
                let point = pair.public_key().as_ref();
                json!({"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": kid, "x": b64(&point[1..33]), "y": b64(&point[33..65])})
            }
            Self::EdDsa(pair) => {
                json!({"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": kid, "x": b64(pair.public_key().as_ref())})
            }
        }
    }

    /// The public point, as whoever confuses keys would take it for a secret.
    fn point(&self) -> Vec<u8> {
        match self {
            Self::Es256(pair) => pair.public_key().as_ref().to_vec(),
            Self::EdDsa(pair) => pair.public_key().as_ref().to_vec(),
        }
    }

    fn sign(&self, text: &str) -> Vec<u8> {
        match self {
            Self::Es256(pair) => pair
                .sign(&SystemRandom::new(), text.as_bytes())
                .expect("signed")
                .as_ref()
                .to_vec(),
            Self::EdDsa(pair) => pair.sign(text.as_bytes()).as_ref().to_vec(),
        }
    }
}

/// How a token is signed.
#[derive(Clone, Debug, Default)]
pub enum Signing {
    /// With the provider's current key.
    #[default]
    Right,
    /// With a key nobody published, under the name of the one that is.
    Stranger,
    /// With a shared secret that everybody knows: the coordinates of the published key.
    PublicKey,
    /// `alg: none` and no signature.
    None,
    /// HMAC with a secret that an attacker could know.
    Hmac(Vec<u8>),
    /// Rightly, then one byte is changed.
    Corrupt,
    /// Rightly, then the claims are changed.
    Swapped,
}

pub fn token(
    key: &Key,
    signing: &Signing,
    mut header: Map<String, Value>,
    claims: &Map<String, Value>,
) -> String {
    match signing {
        Signing::None => {
            header.insert("alg".into(), "none".into());
            format!("{}.", unsigned(&header, claims))
        }
        Signing::PublicKey => {
            let point = key.point();
            token(key, &Signing::Hmac(point), header, claims)
        }
        Signing::Hmac(secret) => {
            header.insert("alg".into(), "HS256".into());
            let text = unsigned(&header, claims);
            let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("a key");
            mac.update(text.as_bytes());
            format!("{text}.{}", b64(&mac.finalize().into_bytes()))
        }
        Signing::Stranger => signed(&Key::es256(), &header, claims),
        Signing::Corrupt => {
            let text = unsigned(&header, claims);
            let mut signature = key.sign(&text);
            signature[10] ^= 1;
            format!("{text}.{}", b64(&signature))
        }
        Signing::Swapped => {
            let right = signed(key, &header, claims);
            let (_, signature) = right.rsplit_once('.').expect("signed");
            let mut claims = claims.clone();
            claims.insert("sub".into(), "administrator".into());
            format!("{}.{signature}", unsigned(&header, &claims))
        }
        Signing::Right => signed(key, &header, claims),
    }
}

fn signed(key: &Key, header: &Map<String, Value>, claims: &Map<String, Value>) -> String {
    let text = unsigned(header, claims);
    let signature = key.sign(&text);
    format!("{text}.{}", b64(&signature))
}

fn unsigned(header: &Map<String, Value>, claims: &Map<String, Value>) -> String {
    let part = |map: &Map<String, Value>| b64(&serde_json::to_vec(map).expect("JSON"));
    format!("{}.{}", part(header), part(claims))
}

pub fn b64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
