//! What the calendar holds: decided when a change starts, told wherever one waits, let go when nothing holds it any more.

pub(super) mod rows;

use domain::{
    Caller, ChangeId, ChangeState, Event, EventKind, Evidence,
    schedule::{Effect, Facts, MayStart, Override},
};
use serde_json::json;
use sqlx::PgConnection;

use super::{Buttons, overriding, rows::Stored};
use crate::{ChangeTx, Control, Error, Result};

/// So many changes are let go, or told anew what holds them, in one transaction: each is an event.
const AT_ONCE: i64 = 200;

/// What the calendar looks at: the evidence, so that what was approved is what is held.
pub(super) fn facts(evidence: &Evidence) -> Facts {
    Facts {
        kind: evidence.kind,
        service: evidence.service.clone(),
        team: evidence.team.clone(),
        system: evidence.system.clone(),
        environment: evidence.environment.clone(),
        regions: evidence.targets.iter().map(|t| t.region.clone()).collect(),
    }
}

impl Control {
    /// The decision about a change that may still start, and its overrides. Starts, pages and the API ask this.
    pub(super) async fn may_start(
        &self,
        conn: &mut PgConnection,
        stored: &Stored,
        now: jiff::Timestamp,
    ) -> Result<(MayStart, Vec<Override>)> {
        let overrides = overriding::rows::of_change(&mut *conn, stored.change.id).await?;
        let calendar = self.calendar(conn).await?;
        let decision = calendar.may_start(
            &facts(&stored.evidence),
            stored.change.evidence_digest,
            &overrides,
            now,
        );
        Ok((decision, overrides))
    }

    /// The same for a change that is looked at; no decision where it can start no more.
    pub(super) async fn calendar_of(
        &self,
        stored: &Stored,
    ) -> Result<(Option<MayStart>, Vec<Override>)> {
        let mut conn = self.pool().acquire().await?;
        if can_start(stored.change.state) {
            let (decision, overrides) = self.may_start(&mut conn, stored, self.now()).await?;
            return Ok((Some(decision), overrides));
        }
        Ok((
            None,
            overriding::rows::of_change(&mut conn, stored.change.id).await?,
        ))
    }

    /// What the calendar adds to what the caller may do.
    pub(super) fn with_calendar(
        &self,
        caller: &Caller,
        stored: &Stored,
        mut buttons: Buttons,
        may_start: Option<&MayStart>,
        overrides: &[Override],
    ) -> Buttons {
        let Some(decision) = may_start else {
            return buttons;
        };
        buttons.ask_override = self.may_ask_override(caller, stored, decision, overrides);
        buttons.confirm_override = self.may_confirm_override(caller, stored, decision, overrides);
        buttons
    }

    /// Lets go what nothing holds any more, and tells the others anew what they wait for. Returns how many go on.
    ///
    /// Nothing is remembered about *when* something may start: a clock that was wrong for a while leaves nothing behind.
    pub(crate) async fn release_held(&self) -> Result<usize> {
        let groups = rows::groups(self.pool()).await?;
        let mut released = 0;
        for group in groups {
            let facts: Facts = serde_json::from_str(&group.facts).map_err(|e| {
                Error::fault(anyhow::anyhow!("change.held_facts cannot be read: {e}"))
            })?;
            let mut conn = self.pool().acquire().await?;
            let calendar = self.calendar(&mut conn).await?;
            drop(conn);
            // Overrides are about one change each; who has one was let go when it was confirmed.
            let nothing = domain::EvidenceDigest([0; 32]);
            let decision = calendar.may_start(&facts, nothing, &[], self.now());
            if decision.fingerprint().as_deref() == Some(&group.held_by) {
                continue;
            }
            released += self.move_group(&group, &decision).await?;
        }
        if released > 0 {
            self.work().notify_waiters();
        }
        Ok(released)
    }

    async fn move_group(&self, group: &rows::Group, decision: &MayStart) -> Result<usize> {
        let mut tx = self.begin_as_portal().await?;
        let why = decision.waits_for().map(sentence);
        let now_by = decision.fingerprint();
        let moved =
            rows::move_group(&mut tx, group, now_by.as_deref(), why.as_deref(), AT_ONCE).await?;
        let (kind, data) = match &now_by {
            Some(_) => (
                EventKind::ChangeHeld,
                json!({"waits_for": why, "held_by": list(decision)}),
            ),
            None => (
                EventKind::ChangeReleased,
                json!({"was_held_by": group.held_by.split(',').collect::<Vec<_>>()}),
            ),
        };
        for id in &moved {
            rows::note(&mut tx, *id, decision).await?;
        }
        let mut events: Vec<Event> = moved
            .iter()
            .map(|id| Event::on_change(kind, *id).with(data.clone()))
            .collect();
        let Some(first) = events.pop() else {
            return Ok(0);
        };
        tx.commit(first, events).await?;
        Ok(if now_by.is_none() { moved.len() } else { 0 })
    }
}

/// Puts the change aside; the event, unless the same things held it already.
pub(super) async fn hold(
    tx: &mut ChangeTx,
    stored: &Stored,
    decision: &MayStart,
) -> Result<Option<Event>> {
    let id = stored.change.id;
    let (Some(by), Some(waits_for)) = (decision.fingerprint(), decision.waits_for()) else {
        return Ok(None);
    };
    let facts = serde_json::to_string(&facts(&stored.evidence))?;
    let why = sentence(waits_for);
    if !rows::hold(tx, id, &by, &facts, &why).await? {
        return Ok(None);
    }
    rows::note(tx, id, decision).await?;
    let data = json!({"waits_for": why, "held_by": list(decision), "next": decision.next});
    Ok(Some(Event::on_change(EventKind::ChangeHeld, id).with(data)))
}

/// What a change waits for, as its state's reason.
fn sentence(waits_for: String) -> String {
    format!("Waits for {waits_for}.")
}

fn list(decision: &MayStart) -> Vec<serde_json::Value> {
    let one = |m: &domain::schedule::Match| json!({"id": m.entry.id, "class": m.entry.class, "reason": m.entry.reason});
    decision.holding().map(one).collect()
}

/// The start's event, with the override that made it possible.
pub(super) fn told(mut event: Event, decision: &MayStart) -> Event {
    let passed: Vec<_> = decision
        .matches
        .iter()
        .filter(|m| m.effect == Effect::Overridden)
        .map(|m| m.entry.id)
        .collect();
    if let (Some(by), false, Some(data)) = (
        &decision.by_override,
        passed.is_empty(),
        event.data.as_object_mut(),
    ) {
        data.insert("override".to_owned(), json!({
            "id": by.id, "asked_by": by.asked_login, "confirmed_by": by.confirmed_login, "reason": by.reason, "entries": passed,
        }));
    }
    event
}

/// Whether a change in this state may still start, so that the calendar matters to it.
pub(super) fn can_start(state: ChangeState) -> bool {
    matches!(
        state,
        ChangeState::AwaitingApproval | ChangeState::Approved | ChangeState::Scheduled
    )
}

pub(super) async fn release_one(tx: &mut ChangeTx, id: ChangeId) -> Result<()> {
    rows::release(tx, id).await
}
