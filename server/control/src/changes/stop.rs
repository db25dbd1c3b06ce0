//! Ending early: cancel at any stage, resume what was parked, expire what nobody took up.

use domain::{
    Caller, ChangeId, ChangeState, Refusal,
    policy::{Cancel, Resume},
};

use super::{ChangeDetail, rows};
use crate::{Control, Result};

impl Control {
    /// Ends a change that does not run; a running one is asked to stop and says later what was and was not done.
    pub async fn cancel(
        &self,
        caller: &Caller,
        id: ChangeId,
        reason: String,
    ) -> Result<ChangeDetail> {
        checked(&reason)?;
        let tx = self.begin(caller).await?;
        let (tx, stored) = self.locked_change(caller, tx, id).await?;
        let parked = stored.change.state == ChangeState::NeedsAttention;
        let (mut tx, allowed) = self.allow_in(tx, caller, Cancel, stored.change).await?;
        let (change, event) = allowed.cancel(&reason)?;
        let by = format!("Cancelled by {}: {reason}", caller.person.login);
        if parked {
            rows::run::abandon(&mut tx, id).await?;
        }
        if change.cancel_requested && change.state == ChangeState::Running {
            rows::run::hurry(&mut tx, id).await?;
        }
        rows::save(&mut tx, &change, Some(&by)).await?;
        tx.commit(event, vec![]).await?;
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
            let mut tx = self.begin_as_portal().await?;
            let Some(stored) = rows::for_update(&mut tx, id).await? else {
                continue;
            };
            // Somebody may have moved it between the two reads.
            let Ok((change, event)) = stored.change.expire(tx.now()) else {
                continue;
            };
            rows::save(
                &mut tx,
                &change,
                Some("It was not approved and started in time."),
            )
            .await?;
            tx.commit(event, vec![]).await?;
            expired += 1;
        }
        Ok(expired)
    }
}

fn checked(reason: &str) -> Result<(), Refusal> {
    domain::Reason::parse(reason)
        .map(|_| ())
        .map_err(|e| Refusal::field("reason", e.to_string()))
}
