//! The secret of a token: `ptl_`, 160 random bits and a checksum, all in base 62.
//!
//! The prefix and the checksum let scanners of code and logs recognise a leaked
//! token with certainty: `ptl_[0-9A-Za-z]{33}`.

use domain::canonical::sha256;
use rand::{TryRngCore as _, rngs::OsRng};
use secrecy::{ExposeSecret, SecretString};

const PREFIX: &str = "ptl_";
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// 62^27 > 2^160.
const RANDOM: usize = 27;
/// 62^6 > 2^32.
const CHECK: usize = 6;

/// A new secret, and what may be shown of it.
pub(super) fn generate() -> (SecretString, String) {
    let mut bytes = [0_u8; 20];
    // Without randomness of the system no secret can be made; going on with less would be worse than ending here.
    OsRng
        .try_fill_bytes(&mut bytes)
        .expect("the system gives random bytes");
    let random = base62(&bytes, RANDOM);
    let check = checksum(&random);
    let hint = format!("{PREFIX}{}", &random[..4]);
    (SecretString::from(format!("{PREFIX}{random}{check}")), hint)
}

/// What is kept: 160 random bits need no slow hash.
pub(super) fn hash(secret: &SecretString) -> [u8; 32] {
    sha256(secret.expose_secret())
}

/// Whether this can be a token of ours at all; saves a look into the database for what cannot.
pub(super) fn is_well_formed(text: &str) -> bool {
    let Some(rest) = text.strip_prefix(PREFIX) else {
        return false;
    };
    if rest.len() != RANDOM + CHECK || !rest.bytes().all(|b| DIGITS.contains(&b)) {
        return false;
    }
    let (random, check) = rest.split_at(RANDOM);
    checksum(random) == check
}

fn checksum(random: &str) -> String {
    base62(&crc32fast::hash(random.as_bytes()).to_be_bytes(), CHECK)
}

/// `bytes` as one big number in base 62, filled up with zeros to `width`.
fn base62(bytes: &[u8], width: usize) -> String {
    let mut number = bytes.to_vec();
    let mut digits = vec![b'0'; width];
    for digit in digits.iter_mut().rev() {
        let mut rest = 0_u32;
        for byte in &mut number {
            let value = (rest << 8) | u32::from(*byte);
            *byte = u8::try_from(value / 62).unwrap_or(u8::MAX);
            rest = value % 62;
        }
        *digit = DIGITS[rest as usize];
    }
    digits.into_iter().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_new_secret_is_well_formed_and_new() {
        let all: BTreeSet<String> = (0..100)
            .map(|_| generate().0.expose_secret().to_owned())
            .collect();
        assert_eq!(all.len(), 100);
        for secret in &all {
            assert_eq!(secret.len(), 37);
            assert!(is_well_formed(secret), "{secret}");
        }
    }

    #[test]
    fn base_62_is_a_number() {
        assert_eq!(base62(&[0], 2), "00");
        assert_eq!(base62(&[61], 2), "0z");
        assert_eq!(base62(&[62], 2), "10");
        assert_eq!(base62(&[0x0f, 0x03], 2), "zz");
        assert_eq!(base62(&[0xff; 20], RANDOM).len(), RANDOM);
    }

    proptest! {
        /// One wrong character is noticed without a look into the database.
        #[test]
        fn a_slip_is_noticed(at in 4_usize..37, to in 0_usize..62) {
            let (secret, _) = generate();
            let mut text = secret.expose_secret().as_bytes().to_vec();
            let before = text[at];
            text[at] = DIGITS[to];
            let text = String::from_utf8(text).expect("ascii");
            prop_assert_eq!(is_well_formed(&text), DIGITS[to] == before);
        }
    }
}
