//! [`Visit`]: what a page knows of the request that it answers.

use std::sync::Arc;

use control::Control;
use domain::{
    Caller, JobRole, Refusal, RefusalCode, RequestId,
    policy::{ImportCatalog, Read, Room},
};
use jiff::Timestamp;

use crate::{assets::Assets, html::Html, params::Params};

/// One request for a page, after sign-in has been looked at.
#[derive(Clone, Debug)]
pub struct Visit {
    /// Absent when nobody has signed in.
    pub caller: Option<Caller>,
    pub rooms: Rooms,
    pub now: Timestamp,
    /// The path that was asked for, without its query.
    pub path: String,
    pub params: Params,
    /// Allows this page's one inline script to run.
    pub nonce: String,
    /// Goes into every form that changes something.
    pub csrf: String,
    pub theme: Theme,
    /// What the last form of this browser did.
    pub notice: Option<Notice>,
    pub request_id: RequestId,
    pub assets: Arc<Assets>,
    /// What is wrong with the rules file, for whoever has to mend it.
    pub rules_trouble: Option<Arc<control::rules::Trouble>>,
    /// Stops and freezes that are on and may hold what the caller can see.
    pub holding: Arc<Vec<control::schedule::Holding>>,
}

impl Visit {
    /// Who asks.
    ///
    /// # Errors
    /// Refused when nobody has signed in.
    pub fn caller(&self) -> Result<&Caller, Refusal> {
        self.caller
            .as_ref()
            .ok_or_else(|| Refusal::new(RefusalCode::NotSignedIn, "Sign in to see this page."))
    }

    /// The hidden field that shows that a form came from one of our pages.
    pub fn csrf_field(&self) -> Html {
        let mut out = String::from("<input type=\"hidden\" name=\"csrf\" value=\"");
        crate::html::escape(&mut out, &self.csrf);
        out.push_str("\">");
        Html::assembled(out)
    }

    /// The hidden fields of a form that makes something: sent twice, it is done once.
    pub fn once_fields(&self) -> Html {
        let key = format!(
            "<input type=\"hidden\" name=\"once\" value=\"{}\">",
            self.request_id
        );
        [self.csrf_field(), Html::assembled(key)]
            .into_iter()
            .collect()
    }

    pub fn has_role(&self, role: JobRole) -> bool {
        self.caller
            .as_ref()
            .is_some_and(|c| c.person.has_role(role))
    }

    /// Whether the person confirmed with a second factor within the last minutes.
    pub fn is_stepped_up(&self) -> bool {
        self.caller
            .as_ref()
            .is_some_and(|c| c.is_stepped_up(self.now))
    }

    /// This page's own address with its query.
    pub fn here(&self) -> String {
        self.params.link(&self.path, &[])
    }
}

/// Which rooms of the portal the caller may enter, as policy says; decides what the menu offers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rooms {
    pub audit: bool,
    pub catalog: bool,
    pub import: bool,
    pub environments: bool,
    pub people: bool,
}

impl Rooms {
    pub fn of(control: &Control, caller: &Caller) -> Self {
        let (policies, now) = (control.policies(), control.now());
        let reads = |room: Room| policies.may(caller, Read, &room, now).is_ok();
        Self {
            audit: reads(Room::Audit),
            catalog: reads(Room::Catalog),
            environments: reads(Room::Environments),
            people: reads(Room::People),
            import: policies
                .may(caller, ImportCatalog, &Room::Catalog, now)
                .is_ok(),
        }
    }
}

/// Light, dark, or what the operating system says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.as_str() == text)
    }
}

macro_rules! notices {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $words:literal;)*) => {
        /// What a form did, told on the page it led to. Travels as its code in a cookie that is
        /// read once, so that no text of anybody else's can appear as the portal's own.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Notice { $($(#[$doc])* $name,)* }

        impl Notice {
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];
            pub fn as_str(self) -> &'static str { match self { $(Self::$name => $code,)* } }
            pub fn words(self) -> &'static str { match self { $(Self::$name => $words,)* } }
            pub fn parse(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|notice| notice.as_str() == code)
            }
        }
    };
}

notices! {
    Requested = "requested", "The change is requested. Below is what will be done and what it waits for.";
    Approved = "approved", "Your approval is recorded. It counts for exactly the evidence you saw.";
    Rejected = "rejected", "Your rejection is recorded. The change has ended.";
    Started = "started", "The change has started.";
    Cancelled = "cancelled", "The change is cancelled. Nothing was running.";
    CancelAsked = "cancel_asked", "The run is being stopped. This page will say what was done and what was not.";
    Resumed = "resumed", "The run goes on: the parked step looks again.";
    LetGoOn = "let_go_on", "Recorded: the run goes on behind its canary, on your word.";
    MarkedDone = "marked_done", "Recorded: it counts as done on your word. The portal verifies it now.";
    Abandoned = "abandoned", "The change is abandoned. Below is what was and what was not done.";
    PromotionOverridden = "promotion_overridden", "The order of promotion is overridden for this change. That stands on it for ever.";
    Delegated = "delegated", "They stand in for you from then on. Both of you can end it.";
    DelegationEnded = "delegation_ended", "It has ended. What was approved until now stands.";
    Retried = "retried", "Asked for again as a new change, with new evidence and new approvals.";
    TokenMadeOnce = "token_made_once", "This form was sent twice and the token was made once. It was shown in the first answer only; if you did not see it, revoke it below and create another.";
    EntryMade = "entry_made", "Made. It is in force from now on.";
    EntryEnded = "entry_ended", "Ended. What it held may start, where nothing else holds it.";
    OverrideAsked = "override_asked", "Asked for. It counts for nothing until a second person confirms it.";
    OverrideConfirmed = "override_confirmed", "Confirmed. What it names no longer holds this change.";
    PersonDisabled = "person_disabled", "They are shut out: their sessions and tokens have ended, and nothing starts in their name.";
    PersonEnabled = "person_enabled", "They may sign in again. Tokens stay ended, and what they approved before stays void.";
    TokenRevoked = "token_revoked", "The token is revoked. Whoever uses it is refused from now on.";
    Imported = "imported", "The catalogue was read. The report is below.";
    ThemeChosen = "theme_chosen", "The colours are changed for this browser.";
    NotConfirmed = "not_confirmed", "Not confirmed: the identity provider was left without a second factor. Nothing was done.";
    SteppedUp = "stepped_up", "Confirmed with a second factor. That counts for five minutes.";
    SessionEnded = "session_ended", "That session has ended. Whoever used it must sign in again.";
    SignedOut = "signed_out", "You are signed out.";
}

impl Notice {
    /// Whether it is about what comes next: once that has come, it is true no more.
    pub fn passes(self) -> bool {
        self == Self::Requested
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_come_back() {
        for notice in Notice::ALL {
            assert_eq!(Notice::parse(notice.as_str()), Some(*notice));
        }
        for theme in Theme::ALL {
            assert_eq!(Theme::parse(theme.as_str()), Some(theme));
        }
        assert_eq!(Notice::parse("<b>"), None);
    }
}
