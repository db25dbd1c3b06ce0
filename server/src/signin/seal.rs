//! The ID token at rest: sealed with a key that only the session's cookie gives.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use tower_sessions::session::Id;

fn key(id: &Id) -> Option<LessSafeKey> {
    let mut mac = Hmac::<Sha256>::new_from_slice(&id.0.to_le_bytes()).ok()?;
    mac.update(b"portolan id token");
    UnboundKey::new(&AES_256_GCM, &mac.finalize().into_bytes())
        .ok()
        .map(LessSafeKey::new)
}

/// `None` when it cannot be sealed; then signing out asks the person, instead of naming the session.
pub(super) fn seal(id: &Id, token: &str) -> Option<String> {
    let nonce: [u8; NONCE_LEN] = rand::random();
    let mut sealed = token.as_bytes().to_vec();
    key(id)?
        .seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::empty(),
            &mut sealed,
        )
        .ok()?;
    Some(STANDARD.encode([nonce.as_slice(), &sealed].concat()))
}

pub(super) fn open(id: &Id, sealed: &str) -> Option<String> {
    let mut bytes = STANDARD.decode(sealed).ok()?;
    let (nonce, sealed) = bytes.split_at_mut_checked(NONCE_LEN)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let plain = key(id)?.open_in_place(nonce, Aad::empty(), sealed).ok()?;
    String::from_utf8(plain.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_session_opens_it() {
        let sealed = seal(&Id(1), "header.payload.signature").expect("sealed");
        assert!(!sealed.contains("payload"));
        assert_eq!(
            open(&Id(1), &sealed).as_deref(),
            Some("header.payload.signature")
        );
        assert_eq!(open(&Id(2), &sealed), None);
        assert_eq!(open(&Id(1), "AAAA"), None);
        assert_eq!(open(&Id(1), ""), None);
    }
}
