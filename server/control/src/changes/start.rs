//! Starting: every approval and the evidence are checked again, the grant is used up,
//! and the run is made, in one transaction.

use domain::{
    Caller, CallerKind, ChangeId, ChangeState, Person, Refusal, RefusalCode, RunId, policy::Start,
    rule, run, schedule::MayStart,
};
use serde_json::json;

use super::{
    ChangeDetail, held,
    ready::{Found, Hindrance, is_ready},
    rows,
};
use crate::{ChangeTx, Control, Error, Result, new_id, people, schedule};

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
        if !is_ready(stored.change.state) {
            // The transition table says in words which state it is in.
            return Err(match allowed.start(new_id()) {
                Err(refusal) => refusal.into(),
                Ok((change, _)) => {
                    Error::fault(anyhow::anyhow!("{id} may start from {}", change.state))
                }
            });
        }
        // Until the commit nobody makes or ends an entry of the calendar.
        schedule::rows::lock_shared(&mut tx).await?;
        let now = tx.now();
        let (wishes, _) = self.prerequisites(tx.conn(), &stored).await?;
        let (calendar, _) = self.may_start(tx.conn(), &stored, now).await?;
        let approvals = rows::approvals(tx.conn(), id, self.standing_since()).await?;
        let agreement = self.agreement(&stored, &approvals);
        let found = Found {
            at: now,
            holds: &wishes.holds(now),
            calendar: &calendar,
            approvals: &approvals,
            agreement: &agreement,
        };
        if let Some(hindrance) = self.hindrance(tx.conn(), &stored, &found).await? {
            return Err(self
                .hindered(tx, caller, stored, hindrance, &calendar)
                .await?);
        }
        let stepped_up = rule::stepped_up(&agreement.status, &approvals);
        let run: RunId = new_id();
        let (change, event) = allowed.start(run)?;
        let event = held::told(event, &calendar);
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

    /// Writes what a start that is hindered comes to. Answers what whoever starts it is told.
    async fn hindered(
        &self,
        mut tx: ChangeTx,
        caller: &Caller,
        stored: rows::Stored,
        hindrance: Hindrance,
        calendar: &MayStart,
    ) -> Result<Error> {
        let refusal = hindrance.refusal();
        let by_itself = matches!(caller.kind, CallerKind::Job { .. });
        match hindrance {
            Hindrance::Beside(_) => {}
            Hindrance::Expired(_) => {
                let (change, event) = stored.change.expire(tx.now())?;
                rows::save(&mut tx, &change, Some("It was not started in time.")).await?;
                tx.commit(event, vec![]).await?;
            }
            Hindrance::Early(_) | Hindrance::Held(_) if !by_itself => {
                drop(tx);
                return self.refused(caller, stored.change.id, refusal).await;
            }
            // It asked to start by itself: it is put aside, and comes back when nothing of this holds it.
            Hindrance::Early(_) => {
                if stored.change.state == ChangeState::Approved
                    && let Some(event) = self.schedule_held(&mut tx, &stored).await?
                {
                    tx.commit(event, vec![]).await?;
                }
            }
            Hindrance::Held(_) => {
                if let Some(event) = held::hold(&mut tx, &stored, calendar).await? {
                    tx.commit(event, vec![]).await?;
                }
            }
            Hindrance::Stale { differences, why } => {
                let (change, event) = stored.change.mark_stale(&differences)?;
                rows::save(&mut tx, &change, Some(&why)).await?;
                tx.commit(event, vec![]).await?;
            }
            Hindrance::QuorumLost(why) => {
                let (change, event) = stored.change.lose_quorum(&why)?;
                rows::save(&mut tx, &change, Some(&why)).await?;
                tx.commit(event, vec![]).await?;
            }
        }
        Ok(refusal.into())
    }
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
