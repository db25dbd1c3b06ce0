//! What keeps a change that everybody has agreed to from starting, besides what policy says to whoever asks. Decided here,
//! once: the start obeys it, and pages and explanations show it.

use domain::{
    Approval, ChangeId, ChangeState, Refusal, RefusalCode,
    agreement::Agreement,
    hold::{self, Hold},
    policy::RequestChange,
    schedule::MayStart,
};
use jiff::Timestamp;
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::{request::draft, rows, rows::Stored, start::job, view::unexpired};
use crate::{Control, Error, Result, people};

/// What of a change was read at one moment, to be decided by.
pub(super) struct Found<'a> {
    pub(super) at: Timestamp,
    /// What of its own wishes and of the order of promotion holds it.
    pub(super) holds: &'a [Hold],
    pub(super) calendar: &'a MayStart,
    pub(super) approvals: &'a [Approval],
    pub(super) agreement: &'a Agreement,
}

/// The first thing that keeps it from starting.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Hindrance {
    /// Another change of the same service and environment is under way.
    Beside(ChangeId),
    Expired(Refusal),
    /// Its time, what it follows, or where it has to have run before.
    Early(Refusal),
    /// The calendar.
    Held(Refusal),
    /// What was approved is not what would be done, or nobody is left to do it for.
    Stale {
        differences: Value,
        why: String,
    },
    /// Who approved may not any more.
    QuorumLost(String),
}

impl Hindrance {
    /// What whoever starts it is told.
    pub(super) fn refusal(&self) -> Refusal {
        let wrong_state = |why: String| Refusal::new(RefusalCode::WrongState, why);
        match self {
            Self::Beside(other) => wrong_state(format!(
                "Change {other} of the same service and environment is under way; this one starts after it."
            )),
            Self::Expired(refusal) | Self::Early(refusal) | Self::Held(refusal) => refusal.clone(),
            Self::Stale { why, .. } => Refusal::new(
                RefusalCode::Stale,
                format!("{why} Nothing was done. Ask for it again."),
            ),
            Self::QuorumLost(why) => wrong_state(why.clone()),
        }
    }

    /// Why a start makes the approvals void, where it does. What hinders it so does not pass by itself: starting it is how
    /// it comes to be approved, or asked for, anew.
    pub(super) fn voids(&self) -> Option<&str> {
        match self {
            Self::Stale { why, .. } | Self::QuorumLost(why) => Some(why),
            _ => None,
        }
    }
}

impl Control {
    /// What keeps this change from starting; none where policy alone decides.
    pub(super) async fn hindrance(
        &self,
        conn: &mut PgConnection,
        stored: &Stored,
        found: &Found<'_>,
    ) -> Result<Option<Hindrance>> {
        if let Some(other) = rows::running_beside(&mut *conn, &stored.change).await? {
            return Ok(Some(Hindrance::Beside(other)));
        }
        if let Err(expired) = unexpired(&stored.change, found.at) {
            return Ok(Some(Hindrance::Expired(expired)));
        }
        if let Err(early) = hold::verdict(found.holds) {
            return Ok(Some(Hindrance::Early(early)));
        }
        if let Err(held) = found.calendar.verdict() {
            return Ok(Some(Hindrance::Held(held)));
        }
        if let Some((differences, why)) = self.stale(&mut *conn, stored, found.at).await? {
            return Ok(Some(Hindrance::Stale { differences, why }));
        }
        if found.agreement.is_reached() {
            return Ok(None);
        }
        let since = self.standing_since();
        let void = rows::void_approvals(conn, stored.change.id, since).await?;
        let why = lost_quorum(found.approvals, found.agreement, &void);
        Ok(Some(Hindrance::QuorumLost(why)))
    }

    /// The same for a change that is looked at; none where it is not ready to start.
    pub(super) async fn hindrance_of(
        &self,
        stored: &Stored,
        holds: &[Hold],
        calendar: Option<&MayStart>,
        approvals: &[Approval],
        agreement: &Agreement,
    ) -> Result<Option<Hindrance>> {
        let (Some(calendar), true) = (calendar, is_ready(stored.change.state)) else {
            return Ok(None);
        };
        let found = Found {
            at: self.now(),
            holds,
            calendar,
            approvals,
            agreement,
        };
        let mut conn = self.pool().acquire().await?;
        self.hindrance(&mut conn, stored, &found).await
    }

    /// How what would be done now differs from what was asked for, and the same in words.
    async fn stale(
        &self,
        conn: &mut PgConnection,
        stored: &Stored,
        now: Timestamp,
    ) -> Result<Option<(Value, String)>> {
        match self.plan_again(&mut *conn, stored).await {
            Ok(planned) => {
                let differences = stored.evidence.differences(&planned.evidence);
                if !differences.is_empty() {
                    let words = stored.evidence.differences_in_words(&planned.evidence);
                    let why = format!(
                        "What would be done now is not what was asked for: {}.",
                        words.join("; ")
                    );
                    return Ok(Some((json!(differences), why)));
                }
            }
            Err(Error::Refused(refusal)) => {
                let why = refusal.fields.values().next().unwrap_or(&refusal.detail);
                let why = format!("It could not be asked for any more: {why}.");
                let plan = ["could be made".to_owned(), refusal.to_string()];
                return Ok(Some((json!({"plan": plan}), why)));
            }
            Err(fault) => return Err(fault),
        }
        let lost = self.requester_gone(conn, stored, now).await?;
        Ok(lost.map(|why| {
            let differences = json!({"requester": [stored.evidence.requester, why]});
            let why = format!("{why}; nobody is left on whose behalf it could run.");
            (differences, why)
        }))
    }

    /// Why nobody could run it for the requester any more, if so. No approval can mend that.
    async fn requester_gone(
        &self,
        conn: &mut PgConnection,
        stored: &Stored,
        now: Timestamp,
    ) -> Result<Option<String>> {
        let change = &stored.change;
        let login = &change.requester_login;
        let since = self.standing_since();
        let found = people::rows::standing(conn, change.requester, since).await?;
        let Some((requester, lapsed)) = found else {
            return Ok(Some(format!("{login} no longer has access")));
        };
        if lapsed {
            return Ok(Some(format!(
                "{login} has not signed in for so long that their groups may have changed"
            )));
        }
        if requester.login != *login {
            return Ok(Some(format!("{login} signs in as {} now", requester.login)));
        }
        let asked = draft(&stored.evidence);
        let may = self
            .policies()
            .may(&job(requester), RequestChange, &asked, now);
        Ok(may
            .err()
            .map(|refusal| format!("{login} may no longer ask for this: {}", refusal.detail)))
    }
}

/// Everybody has agreed, and it has not started.
pub(super) fn is_ready(state: ChangeState) -> bool {
    matches!(state, ChangeState::Approved | ChangeState::Scheduled)
}

/// Why the approvals no longer suffice: people change roles and leave.
fn lost_quorum(approvals: &[Approval], agreement: &Agreement, void: &[(String, String)]) -> String {
    let counted = |a: &Approval| {
        agreement
            .status
            .iter()
            .any(|s| s.given_by.contains(&a.person.id))
    };
    let lost: Vec<String> = approvals
        .iter()
        .filter(|a| !counted(a))
        .map(|a| {
            let login = a.person.login.as_str();
            let why = void.iter().find(|(who, _)| who == login);
            why.map_or_else(|| login.to_owned(), |(_, why)| format!("{login} {why} and"))
        })
        .collect();
    let who = if lost.is_empty() {
        "somebody who approved".to_owned()
    } else {
        lost.join(", ")
    };
    format!("{who} may no longer approve this; somebody else has to.")
}
