//! Starting: every approval and the evidence are checked again, the grant is used up,
//! and the run is made, in one transaction.

use domain::{
    Approval, Caller, CallerKind, Change, ChangeId, ChangeState, Event, Person, Refusal,
    RefusalCode, RunId,
    agreement::Agreement,
    policy::{RequestChange, Start},
    rule, run,
};
use serde_json::json;

use super::{ChangeDetail, held, request::draft, rows};
use crate::{ChangeTx, Control, Error, Result, new_id, people};

impl Control {
    /// Starts an approved change on a person's word.
    pub async fn start(&self, caller: &Caller, id: ChangeId) -> Result<ChangeDetail> {
        self.start_as(caller, id).await?;
        self.change(caller, id).await
    }

    /// Starts what became ready and asked to start by itself. Returns how many were started.
    pub(crate) async fn start_ready(&self) -> Result<usize> {
        let mut conn = self.pool().acquire().await?;
        let ids = rows::startable(&mut conn, 50).await?;
        drop(conn);
        let mut started = 0;
        for id in ids {
            match self.start_one(id).await {
                Ok(()) => started += 1,
                // Another worker was quicker, or it went stale: recorded where it happened.
                Err(Error::Refused(refusal)) => {
                    tracing::info!(change = %id, %refusal, "not started");
                }
                // One row that cannot be read must not hold up all the others.
                Err(fault) => tracing::error!(change = %id, %fault, "cannot be started"),
            }
        }
        Ok(started)
    }

    async fn start_one(&self, id: ChangeId) -> Result<()> {
        let mut conn = self.pool().acquire().await?;
        let Some(stored) = rows::by_id(&mut conn, id).await? else {
            return Ok(());
        };
        let requester = people::rows::active(&mut conn, stored.change.requester).await?;
        drop(conn);
        let Some(person) = requester else {
            let why = format!(
                "{} no longer has access; nobody is left on whose behalf it could run",
                stored.change.requester_login
            );
            return self.void(id, &why).await;
        };
        let caller = job(person);
        match self.start_as(&caller, id).await {
            Err(Error::Refused(refusal))
                // Nobody is there who could step up: a policy that asks that of the portal itself has said no.
                if matches!(
                    refusal.code,
                    RefusalCode::Forbidden | RefusalCode::NotFound | RefusalCode::StepUpRequired
                ) =>
            {
                self.void(
                    id,
                    &format!(
                        "{} may no longer do this: {}",
                        caller.person.login, refusal.detail
                    ),
                )
                .await
            }
            other => other,
        }
    }

    /// Makes a change stale that nobody can run any more.
    async fn void(&self, id: ChangeId, why: &str) -> Result<()> {
        let mut tx = self.begin_as_portal().await?;
        let Some(stored) = rows::for_update(&mut tx, id).await? else {
            return Ok(());
        };
        let (change, event) = stored.change.mark_stale(&json!({"requester": why}))?;
        rows::save(&mut tx, &change, Some(why)).await?;
        tx.commit(event, vec![]).await
    }

    async fn start_as(&self, caller: &Caller, id: ChangeId) -> Result<()> {
        let tx = self.begin(caller).await?;
        let (tx, stored) = self.locked_change(caller, tx, id).await?;
        let (mut tx, allowed) = self
            .allow_in(tx, caller, Start, stored.change.clone())
            .await?;
        if !matches!(
            stored.change.state,
            ChangeState::Approved | ChangeState::Scheduled
        ) {
            // The transition table says in words which state it is in.
            return Err(match allowed.start(new_id()) {
                Err(refusal) => refusal.into(),
                Ok((change, _)) => {
                    Error::fault(anyhow::anyhow!("{id} may start from {}", change.state))
                }
            });
        }
        if let Some(other) = rows::running_beside(&mut tx, &stored.change).await? {
            return Err(Refusal::new(RefusalCode::WrongState, format!("Change {other} of the same service and environment is under way; this one starts after it.")).into());
        }
        if tx.now() >= stored.change.expires_at {
            let (change, event) = stored.change.expire(tx.now())?;
            rows::save(&mut tx, &change, Some("It was not started in time.")).await?;
            tx.commit(event, vec![]).await?;
            return Err(Refusal::new(
                RefusalCode::WrongState,
                "This change has expired; ask for it again.",
            )
            .into());
        }
        let tx = self.unless_early(tx, caller, &stored).await?;
        let (mut tx, may_start) = self.unless_held(tx, caller, &stored).await?;
        let now = self.plan_again(tx.conn(), &stored).await;
        let (differences, why) = match now {
            Ok(planned) => {
                let differences = stored.evidence.differences(&planned.evidence);
                let names: Vec<_> = differences.keys().map(String::as_str).collect();
                let why = format!(
                    "What would be done now differs from what was approved: {}.",
                    names.join(", ")
                );
                (json!(differences), why)
            }
            Err(Error::Refused(refusal)) => {
                let why = refusal.fields.values().next().unwrap_or(&refusal.detail);
                let why = format!("It could not be asked for any more: {why}.");
                let plan = ["could be made".to_owned(), refusal.to_string()];
                (json!({"plan": plan}), why)
            }
            Err(fault) => return Err(fault),
        };
        if differences.as_object().is_none_or(|d| !d.is_empty()) {
            return self.go_stale(tx, stored.change, &differences, &why).await;
        }
        if let Some(why) = self.requester_lost(&mut tx, &stored).await? {
            return self
                .go_stale(
                    tx,
                    stored.change,
                    &json!({"requester": [stored.evidence.requester, why]}),
                    &format!("{why}; nobody is left on whose behalf it could run."),
                )
                .await;
        }
        let since = self.standing_since();
        let approvals = rows::approvals(tx.conn(), id, since).await?;
        let agreement = self.agreement(&stored, &approvals);
        if !agreement.is_reached() {
            let void = rows::void_approvals(&mut tx, id, since).await?;
            let why = lost_quorum(&approvals, &agreement, &void);
            let (change, event) = stored.change.lose_quorum(&why)?;
            rows::save(&mut tx, &change, Some(&why)).await?;
            tx.commit(event, vec![]).await?;
            return Err(Refusal::new(RefusalCode::WrongState, why).into());
        }
        let stepped_up = rule::stepped_up(&agreement.status, &approvals);
        let run: RunId = new_id();
        let (change, event) = allowed.start(run)?;
        let event = held::told(event, &may_start);
        let Some(grant) = rows::consume_grant(&mut tx, &change).await? else {
            return Err(Refusal::new(
                RefusalCode::WrongState,
                "The right to run this change has been used already.",
            )
            .into());
        };
        rows::save(&mut tx, &change, None).await?;
        let new = rows::run::New {
            id: run,
            change: id,
            grant,
            stepped_up,
        };
        rows::run::insert(&mut tx, new, &run::steps(&stored.evidence)).await?;
        tx.commit(event, vec![]).await?;
        self.work().notify_waiters();
        Ok(())
    }

    async fn go_stale(
        &self,
        mut tx: ChangeTx,
        change: Change,
        differences: &serde_json::Value,
        why: &str,
    ) -> Result<()> {
        let (change, event): (Change, Event) = change.mark_stale(differences)?;
        rows::save(&mut tx, &change, Some(why)).await?;
        tx.commit(event, vec![]).await?;
        Err(Refusal::new(
            RefusalCode::Stale,
            format!("{why} Approvals are void; ask for it again."),
        )
        .into())
    }

    /// Why nobody could run it for the requester any more, if so. No approval can mend that.
    async fn requester_lost(
        &self,
        tx: &mut ChangeTx,
        stored: &rows::Stored,
    ) -> Result<Option<String>> {
        let change = &stored.change;
        let since = self.standing_since();
        let found = people::rows::standing(tx.conn(), change.requester, since).await?;
        let Some((requester, lapsed)) = found else {
            return Ok(Some(format!(
                "{} no longer has access",
                change.requester_login
            )));
        };
        if lapsed {
            return Ok(Some(format!(
                "{} has not signed in for so long that their groups may have changed",
                change.requester_login
            )));
        }
        if requester.login != change.requester_login {
            return Ok(Some(format!(
                "{} signs in as {} now",
                change.requester_login, requester.login
            )));
        }
        let asked = draft(&stored.evidence);
        let may = self
            .policies()
            .may(&job(requester), RequestChange, &asked, tx.now());
        Ok(may.err().map(|refusal| {
            format!(
                "{} may no longer ask for this: {}",
                change.requester_login, refusal.detail
            )
        }))
    }
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

/// The portal continuing what this person asked for.
pub(crate) fn job(person: Person) -> Caller {
    Caller {
        person,
        kind: CallerKind::Job { step: None },
        request_id: new_id(),
        ip: None,
    }
}
