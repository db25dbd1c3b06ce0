//! The one error a person may read. Everything else is a fault of ours and says nothing but its request id.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $status:literal, $title:literal;)*) => {
        /// Stable codes of problem+json. Never renamed, only added.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum RefusalCode { $($(#[$doc])* #[serde(rename = $code)] $name,)* }

        impl RefusalCode {
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];
            pub fn as_str(self) -> &'static str { match self { $(Self::$name => $code,)* } }
            /// The HTTP status the API answers with.
            pub fn status(self) -> u16 { match self { $(Self::$name => $status,)* } }
            /// A short title for people.
            pub fn title(self) -> &'static str { match self { $(Self::$name => $title,)* } }
        }
    };
}

codes! {
    /// A field or the body is not acceptable; `fields` says which and why.
    Invalid = "invalid", 422, "Some of this is not acceptable";
    /// The body could not be read at all.
    Malformed = "malformed", 400, "This request could not be read";
    NotSignedIn = "not_signed_in", 401, "Sign in first";
    /// A sign-in that the portal did not accept.
    SignInRefused = "sign_in_refused", 403, "Signing in was refused";
    Forbidden = "forbidden", 403, "You may not do this";
    /// The token lacks the scope.
    ScopeMissing = "scope_missing", 403, "This token may not do this";
    StepUpRequired = "step_up_required", 403, "A fresh sign-in with a second factor is needed";
    CrossSite = "cross_site", 403, "This request came from another site";
    /// Not there, or not for you to know.
    NotFound = "not_found", 404, "Not found";
    MethodNotAllowed = "method_not_allowed", 405, "This address does not take that method";
    NotAcceptable = "not_acceptable", 406, "No answer in the form you accept";
    /// The change is not in a state that allows this.
    WrongState = "wrong_state", 409, "The change has moved on";
    /// A window, a freeze or a stop does not let it start now.
    Held = "held", 409, "It has to wait";
    /// An approval for a digest that is not the change's.
    DigestMismatch = "digest_mismatch", 409, "The evidence is not what you saw";
    /// What was approved is not what would be done now.
    Stale = "stale", 409, "The evidence has changed";
    /// The person already decided on this change.
    AlreadyDecided = "already_decided", 409, "You have already decided";
    /// The same version with another digest, or the same key with another body.
    Conflict = "conflict", 409, "This contradicts what is already there";
    /// A ticket redeemed twice, too late, or never issued.
    TicketRefused = "ticket_refused", 403, "This ticket is not valid";
    TooLarge = "too_large", 413, "Too large";
    UnsupportedMediaType = "unsupported_media_type", 415, "Not a media type this address takes";
    RateLimited = "rate_limited", 429, "Too many requests";
    /// Something outside (Jenkins, AWS, the identity provider) did not do its part.
    Outside = "outside", 502, "Something outside the portal failed";
    Unavailable = "unavailable", 503, "Not available right now";
}

/// Why something was not done, for the person who asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    pub code: RefusalCode,
    /// One or two sentences: what is wrong and what to do.
    pub detail: String,
    /// Field → what is wrong with it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, String>,
}

impl Refusal {
    pub fn new(code: RefusalCode, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            fields: BTreeMap::new(),
        }
    }

    pub fn not_found(what: impl fmt::Display) -> Self {
        Self::new(
            RefusalCode::NotFound,
            format!("There is no {what}, or you may not see it."),
        )
    }

    pub fn field(field: impl Into<String>, wrong: impl Into<String>) -> Self {
        let mut refusal = Self::new(
            RefusalCode::Invalid,
            "Correct the marked fields and send again.",
        );
        refusal.fields.insert(field.into(), wrong.into());
        refusal
    }

    #[must_use]
    pub fn and_field(mut self, field: impl Into<String>, wrong: impl Into<String>) -> Self {
        self.fields.insert(field.into(), wrong.into());
        self
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)?;
        for (field, wrong) in &self.fields {
            write!(f, " [{field}: {wrong}]")?;
        }
        Ok(())
    }
}

impl std::error::Error for Refusal {}
