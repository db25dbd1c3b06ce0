//! Words and links that several pages share.

use domain::{ChangeKind, EventKind, RecordedKind};
use leptos::prelude::*;

use crate::{Html, html, parts::icon};

/// What a kind of change is called as a heading: "Deploy".
pub fn kind(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Deploy => "Deploy",
        ChangeKind::Rollback => "Roll back",
        ChangeKind::Provision => "Provision",
        ChangeKind::Update => "Update",
        ChangeKind::Destroy => "Destroy",
        ChangeKind::Failover => "Fail over",
        ChangeKind::Failback => "Fail back",
        ChangeKind::Drill => "Drill",
        ChangeKind::Scale => "Scale",
    }
}

/// What happened, as the rest of a sentence that begins with who did it.
pub fn event(kind: &RecordedKind) -> String {
    let RecordedKind::Known(known) = kind else {
        return kind.as_str().replace(['.', '_'], " ");
    };
    let words = match known {
        EventKind::SignedIn => "signed in",
        EventKind::SignInRefused => "was refused at sign-in",
        EventKind::SteppedUp => "confirmed with a second factor",
        EventKind::SignedOut => "signed out",
        EventKind::SignedOutEverywhere => "signed out everywhere",
        EventKind::BackchannelLogout => "was signed out by the identity provider",
        EventKind::TokenCreated => "created a token",
        EventKind::TokenRevoked => "revoked a token",
        EventKind::TokenUsed => "used a token",
        EventKind::TokenRefused => "came with a token that was refused",
        EventKind::CatalogImported => "imported the catalogue",
        EventKind::ReleaseRegistered => "registered a release",
        EventKind::PersonDisabled => "disabled somebody",
        EventKind::PersonEnabled => "enabled somebody",
        EventKind::EnvironmentRetired => "an environment was retired",
        EventKind::StepCancelled => "a step was stopped",
        EventKind::ChangeRequested => "asked for this change",
        EventKind::ChangePlanned => "the evidence was worked out",
        EventKind::ChangeApproved => "approved",
        EventKind::ChangeRejected => "rejected",
        EventKind::ChangeReady => "everybody needed has agreed",
        EventKind::ChangeStarted => "started the run",
        EventKind::ChangeHeld => "the calendar holds it",
        EventKind::ChangeReleased => "nothing of the calendar holds it any more",
        EventKind::OverrideAsked => "asked to override the calendar",
        EventKind::OverrideConfirmed => "confirmed the override of the calendar",
        EventKind::FreezeCreated => "made a freeze",
        EventKind::FreezeEnded => "ended a freeze",
        EventKind::WindowCreated => "made a window",
        EventKind::WindowEnded => "ended a window",
        EventKind::StopCreated => "stopped the line",
        EventKind::StopEnded => "ended a stop",
        EventKind::ChangeStale => "the evidence no longer holds",
        EventKind::ChangeExpired => "the time to approve and start ran out",
        EventKind::ChangeCancelRequested => "asked to stop the run",
        EventKind::ChangeCancelled => "cancelled",
        EventKind::ChangeSucceeded => "the change succeeded",
        EventKind::ChangeFailed => "the change failed",
        EventKind::ChangeNeedsAttention => "somebody must look",
        EventKind::ChangeResumed => "sent the parked step to look again",
        EventKind::ChangeMarkedDone => "marked the parked step as done",
        EventKind::ChangeAbandoned => "abandoned the change",
        EventKind::AttentionLooked => "looked at what the outside says",
        EventKind::WaveBegun => "the canary is watched from now on",
        EventKind::WaveRead => "the canary's metrics were read",
        EventKind::WavePassed => "the canary passed",
        EventKind::WaveHalted => "the canary halted the run",
        EventKind::WaveContinued => "let the run go on behind its halted canary",
        EventKind::StepSucceeded => "a step succeeded",
        EventKind::StepFailed => "a step failed",
        EventKind::StepRetried => "a step is tried again",
        EventKind::CallIntended => "an outside call is about to be made",
        EventKind::CallSettled => "an outside call is settled",
        EventKind::RoleAssumed => "an AWS session was made",
        EventKind::RoleRefused => "AWS refused a session",
        EventKind::TicketIssued => "the pipeline got its ticket",
        EventKind::TicketRedeemed => "the pipeline redeemed its ticket",
        EventKind::TicketRefused => "a ticket was refused",
        EventKind::ActionDenied => "was refused",
        EventKind::AuditRead => "read the audit log",
        EventKind::AuditExported => "exported the audit log",
        // A kind that came later speaks for itself.
        other => return other.as_str().replace(['.', '_'], " "),
    };
    words.to_owned()
}

/// The same of an event that came through this door: what the portal did in somebody's name was done by itself.
pub fn event_through(kind: &RecordedKind, door: &str) -> String {
    if *kind == EventKind::ChangeStarted && door == "job" {
        return "started by itself, as they had asked".to_owned();
    }
    event(kind)
}

/// A link that leads out of the portal, if it is one that may be followed: anything but http and
/// https is shown as text, so that a catalogue cannot plant a script.
pub fn external(url: &str, label: &str) -> Html {
    if is_web(url) {
        html! { <a class="link external" href=url rel="noopener noreferrer external" target="_blank">{label}{icon("external-link")}<span class="sr-only">" (another site)"</span></a> }
    } else {
        html! { <span class="muted" title="Not a web address, so not a link">{label}": "<code class="user-text">{url}</code></span> }
    }
}

/// Whether `url` is an absolute web address.
pub fn is_web(url: &str) -> bool {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty())
        && !url.chars().any(|c| c.is_control() || c.is_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_portal_did_by_itself_nobody_did() {
        let started = RecordedKind::Known(EventKind::ChangeStarted);
        assert_eq!(event_through(&started, "person"), "started the run");
        assert!(event_through(&started, "job").contains("by itself"));
        let done = RecordedKind::Known(EventKind::StepSucceeded);
        assert_eq!(event_through(&done, "job"), event(&done));
    }

    #[test]
    fn only_web_addresses_become_links() {
        for bad in [
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            " javascript:alert(1)",
            "java\nscript:alert(1)",
            "data:text/html,x",
            "//evil.example",
            "https://",
            "http://a b",
            "\u{1}https://x",
        ] {
            let html = external(bad, "runbook");
            assert!(!html.as_str().contains("href"), "{bad}: {html:?}");
        }
        assert!(
            external("https://wiki.example/x?a=1&b=\"", "x")
                .as_str()
                .contains("href=\"https://wiki.example/x?a=1&amp;b=&quot;\"")
        );
    }
}
