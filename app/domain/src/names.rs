//! Checked texts. A value of these types has already passed its rule, so no
//! later layer has to ask again.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::writing;

/// Why a text was not accepted; says what is allowed, in words for the person who typed it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unacceptable(pub String);

macro_rules! text {
    ($($(#[$doc:meta])* $name:ident, $check:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            pub fn parse(text: impl Into<String>) -> Result<Self, Unacceptable> {
                let text = text.into();
                let check: fn(&str) -> Result<(), &'static str> = $check;
                match check(&text) {
                    Ok(()) => Ok(Self(text)),
                    Err(rule) => Err(Unacceptable(rule.to_owned())),
                }
            }
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl TryFrom<String> for $name {
            type Error = Unacceptable;
            fn try_from(text: String) -> Result<Self, Unacceptable> {
                Self::parse(text)
            }
        }
        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", self.0)
            }
        }
    )*};
}

text! {
    /// A microservice, by its catalogue name.
    ServiceName, |t| label(t, "a service name has 1 to 63 characters of a-z, 0-9, '-', '_' or '.', and starts and ends with a letter or digit");
    /// A team: the owner of services.
    TeamName, |t| label(t, "a team name has 1 to 63 characters of a-z, 0-9, '-', '_' or '.', and starts and ends with a letter or digit");
    /// A place where services run.
    EnvironmentName, |t| label(t, "an environment name has 1 to 63 characters of a-z, 0-9, '-', '_' or '.', and starts and ends with a letter or digit");
    /// A system: services that belong together.
    SystemName, |t| label(t, "a system name has 1 to 63 characters of a-z, 0-9, '-', '_' or '.', and starts and ends with a letter or digit");
    /// How much depends on a service, as `portolan/tier` in its catalogue entry says; the words are the company's own.
    TierName, |t| label(t, "a tier has 1 to 63 characters of a-z, 0-9, '-', '_' or '.', and starts and ends with a letter or digit");
    /// An AWS region code such as `eu-west-1`.
    RegionName, |t| label(t, "a region is an AWS region code such as eu-west-1");
    /// A person's sign-in name. Also the `SourceIdentity` of their STS sessions, hence its alphabet.
    Login, |t| if (2..=64).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b)) { Ok(()) }
        else { Err("a sign-in name has 2 to 64 characters of letters, digits, '_', '+', '=', ',', '.', '@' or '-', as STS demands of a source identity") };
    /// A release's version.
    Version, |t| if (1..=128).contains(&t.len()) && t.as_bytes()[0].is_ascii_alphanumeric() && t.bytes().all(|b| b.is_ascii_alphanumeric() || b"._+-".contains(&b)) { Ok(()) }
        else { Err("a version has 1 to 128 characters of letters, digits, '.', '_', '+' or '-', and starts with a letter or digit") };
    /// A git commit, abbreviated to no less than seven digits.
    GitCommit, |t| if (7..=64).contains(&t.len()) && lower_hex(t) { Ok(()) }
        else { Err("a commit is 7 to 64 lower-case hexadecimal digits") };
    /// The content address of an image: `sha256:` and 64 hexadecimal digits.
    ImageDigest, |t| match t.strip_prefix("sha256:") { Some(hex) if hex.len() == 64 && lower_hex(hex) => Ok(()),
        _ => Err("an image digest is 'sha256:' followed by 64 lower-case hexadecimal digits") };
    /// Why a person wants something; shown to approvers and kept in the audit log for ever.
    Reason, |t| if !writing::is_readable(t) { Err("say why, in a sentence: approvers and auditors read it") }
        else if t.chars().count() > 2_000 { Err("a reason has at most 2,000 characters") }
        else if writing::has_no_place_in_text(t) { Err("a reason may not contain control characters, or code points that are no characters") }
        else if writing::turns(t) { Err(writing::TURNS) }
        else { Ok(()) };
}

fn label(text: &str, rule: &'static str) -> Result<(), &'static str> {
    let edge = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let bytes = text.as_bytes();
    let inner = bytes
        .iter()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(b));
    if (1..=63).contains(&bytes.len()) && edge(bytes.first()) && edge(bytes.last()) && inner {
        Ok(())
    } else {
        Err(rule)
    }
}

fn lower_hex(text: &str) -> bool {
    text.bytes()
        .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_their_rule_says() {
        for good in ["a", "cart", "product-catalog", "v1.cart_2"] {
            assert!(ServiceName::parse(good).is_ok(), "{good}");
        }
        let long = "a".repeat(64);
        for bad in [
            "", "-a", "a-", "A", "a b", "a/b", "é", "<b>", "a\u{0}", &long,
        ] {
            assert!(ServiceName::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_login_fits_an_sts_source_identity() {
        assert!(Login::parse("ada.lovelace@example.com").is_ok());
        for bad in ["", "a", "a b", "a:b", "a/b", &"x".repeat(65)] {
            assert!(Login::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_digest_is_the_whole_sha256() {
        let hex = "0123456789abcdef".repeat(4);
        assert!(ImageDigest::parse(format!("sha256:{hex}")).is_ok());
        for bad in [
            hex.clone(),
            format!("sha256:{}", hex.to_uppercase()),
            "sha256:ab".into(),
        ] {
            assert!(ImageDigest::parse(bad).is_err());
        }
    }

    #[test]
    fn deserialising_checks_too() {
        assert!(serde_json::from_str::<ServiceName>("\"Cart\"").is_err());
        assert!(serde_json::from_str::<Reason>("\"  \"").is_err());
        assert!(serde_json::from_str::<Reason>("\"a\\u0000b\"").is_err());
    }

    #[test]
    fn a_reason_can_be_read_as_it_was_written() {
        for unseen in ["\u{200b}", "\u{feff}\u{2060} ", "\u{3164}", "\u{e0041}"] {
            assert!(
                Reason::parse(unseen).is_err(),
                "{}",
                unseen.escape_unicode()
            );
        }
        let turned = Reason::parse("roll back \u{202e}tcerroc\u{202c}").expect_err("turned");
        assert!(turned.0.contains("direction"), "{turned}");
        assert!(Reason::parse("تصحیح\u{200f} 1.2.0").is_ok());
        for none in ["a\u{7}", "a\u{fffe}", "a\u{ffff}", "a\u{1ffff}"] {
            assert!(Reason::parse(none).is_err(), "{}", none.escape_unicode());
        }
    }
}
