//! Ending early: cancel at any stage, resume what was parked, expire what nobody took up.

use domain::{
    Caller, ChangeId, ChangeState, Refusal,
    policy::{Cancel, Resume},
};

use serde_json::json;

use super::{ChangeDetail, attention::build::closing, rows};
use crate::{Control, Result, runs::settle::what_was_done};

impl Control {
    /// Ends a change that does not run; a running one is asked to stop and says later what was and was not done.
    pub async fn cancel(
        &self,
        caller: &Caller,
        id: ChangeId,
        reason: String,
    ) -> Result<ChangeDetail> {
        checked(&reason)?;
        let seen = self.build_of_parked(caller, id).await?;
        let tx = self.begin(caller).await?;
        let (mut tx, stored) = self.locked_change(caller, tx, id).await?;
        seen.still(&mut tx, id).await?;
        let build = seen.build;
        let parked = stored.change.state == ChangeState::NeedsAttention;
        let stop_first = build.to_be_stopped(&stored.change);
        let (mut tx, allowed) = self.allow_in(tx, caller, Cancel, stored.change).await?;
        let (change, event) = if stop_first {
            allowed.stop_first()?
        } else {
            allowed.cancel(&reason)?
        };
        let mut by = format!("Cancelled by {}: {reason}", caller.person.login);
        let mut told = vec![];
        if stop_first {
            rows::run::unpark(&mut tx, id).await?;
            by = format!("{by} {}", build.words());
        } else if parked {
            // Nobody looks any further: what was and was not done is said as far as it is known.
            rows::run::abandon(&mut tx, id).await?;
            told = what_was_done(&mut tx, id, &stored.evidence).await?;
            by = closing(&by, &told, &build);
        }
        if change.cancel_requested && change.state == ChangeState::Running {
            rows::run::hurry(&mut tx, id).await?;
        }
        rows::save(&mut tx, &change, Some(&by)).await?;
        let data =
            json!({"to": change.state, "reason": reason, "summary": told, "build": build.words()});
        tx.commit(event.with(data), vec![]).await?;
        self.work().notify_waiters();
        self.change(caller, id).await
    }

    /// Sends the parked step of a change to look again at what is outside.
    pub async fn resume(
        &self,
        caller: &Caller,
        id: ChangeId,
        reason: String,
    ) -> Result<ChangeDetail> {
        checked(&reason)?;
        let tx = self.begin(caller).await?;
        let (tx, stored) = self.locked_change(caller, tx, id).await?;
        let (mut tx, allowed) = self.allow_in(tx, caller, Resume, stored.change).await?;
        let (change, event) = allowed.resume(&reason)?;
        rows::run::unpark(&mut tx, id).await?;
        rows::save(&mut tx, &change, None).await?;
        tx.commit(event, vec![]).await?;
        self.work().notify_waiters();
        self.change(caller, id).await
    }

    /// Expires what was not approved and started in time. Returns how many.
    pub(crate) async fn expire_due(&self) -> Result<usize> {
        let mut conn = self.pool().acquire().await?;
        let ids = rows::expired(&mut conn, self.now(), 100).await?;
        drop(conn);
        let mut expired = 0;
        for id in ids {
            match self.expire_one(id).await {
                Ok(true) => expired += 1,
                Ok(false) => {}
                // One row that cannot be read must not hold up all the others.
                Err(fault) => tracing::error!(change = %id, %fault, "cannot be expired"),
            }
        }
        Ok(expired)
    }
}

impl Control {
    /// False when somebody moved it between the two reads.
    async fn expire_one(&self, id: ChangeId) -> Result<bool> {
        let mut tx = self.begin_as_portal().await?;
        let Some(stored) = rows::for_update(&mut tx, id).await? else {
            return Ok(false);
        };
        let Ok((change, event)) = stored.change.expire(tx.now()) else {
            return Ok(false);
        };
        let why = "It was not approved and started in time.";
        rows::save(&mut tx, &change, Some(why)).await?;
        tx.commit(event, vec![]).await?;
        Ok(true)
    }
}

fn checked(reason: &str) -> Result<(), Refusal> {
    domain::Reason::parse(reason)
        .map(|_| ())
        .map_err(|e| Refusal::field("reason", e.to_string()))
}
