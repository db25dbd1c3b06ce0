//! Going back: one click from a deployment that failed or turned out bad, to a new change that undoes it.

use domain::{
    Caller, Change, ChangeId, ChangeKind, ChangeState, Evidence, Reason, Refusal, RefusalCode,
    StartMode, policy::RequestChange,
};
use sqlx::PgConnection;

use super::{ChangeDetail, Preview, request::Wish, rows};
use crate::{ChangeTx, Control, Error, Result};

/// What undoing a change would do, and what a deployment of the same would need.
#[derive(Clone, Debug)]
pub struct RollbackPreview {
    /// The change that would be undone.
    pub of: ChangeId,
    pub preview: Preview,
    /// Regions of it that keep what they have: nothing was good there before.
    pub left: Vec<domain::RegionName>,
    /// How many approvals the rules ask for a rollback, and how many for a deployment of the same.
    pub approvals: (u32, u32),
}

impl Control {
    /// What undoing this change would do, before anything is asked for.
    pub async fn preview_rollback(&self, caller: &Caller, of: ChangeId) -> Result<RollbackPreview> {
        let stored = self.readable_change(caller, of).await?;
        let mut conn = self.pool().acquire().await?;
        undoable(&mut conn, &stored).await?;
        unless_open(&mut conn, &stored.change).await?;
        let planned = self
            .plan_rollback(&mut conn, &caller.person.login, &stored)
            .await?;
        drop(conn);
        let deployed = Evidence {
            kind: ChangeKind::Deploy,
            ..planned.evidence.clone()
        };
        let count = |evidence| {
            super::request::requirements(&planned.rules, evidence)
                .map_or(0, |all| all.iter().map(|r| r.count).sum())
        };
        let approvals = (count(&planned.evidence), count(&deployed));
        let regions = stored.evidence.targets.iter().map(|t| t.region.clone());
        let left = regions
            .filter(|region| !planned.evidence.targets.iter().any(|t| t.region == *region))
            .collect();
        let preview = self.preview_of(caller, planned).await?;
        Ok(RollbackPreview {
            of,
            preview,
            left,
            approvals,
        })
    }

    /// Asks for a change that undoes this one.
    pub async fn request_rollback(
        &self,
        caller: &Caller,
        of: ChangeId,
        reason: Reason,
        start_mode: StartMode,
    ) -> Result<ChangeDetail> {
        let wish = Wish {
            reason,
            start_mode,
            retry_of: None,
            timing: super::Timing::default(),
        };
        self.rollback(caller, of, wish).await
    }

    pub(super) async fn rollback(
        &self,
        caller: &Caller,
        of: ChangeId,
        wish: Wish,
    ) -> Result<ChangeDetail> {
        let stored = self.readable_change(caller, of).await?;
        let mut conn = self.pool().acquire().await?;
        undoable(&mut conn, &stored).await?;
        let planned = self
            .plan_rollback(&mut conn, &caller.person.login, &stored)
            .await?;
        drop(conn);
        self.submit(caller, planned, wish).await
    }

    /// Whether this change can be undone, for the button: it has run, the caller may ask for that, and there is something
    /// to go back to.
    pub(super) async fn may_roll_back(
        &self,
        caller: &Caller,
        stored: &rows::Stored,
    ) -> Result<Result<(), Refusal>> {
        match self.plan_of_button(caller, stored).await {
            Ok(()) => Ok(Ok(())),
            Err(Error::Refused(refusal)) => Ok(Err(refusal)),
            Err(fault) => Err(fault),
        }
    }

    async fn plan_of_button(&self, caller: &Caller, stored: &rows::Stored) -> Result<()> {
        let mut conn = self.pool().acquire().await?;
        undoable(&mut conn, stored).await?;
        let as_rollback = Evidence {
            kind: ChangeKind::Rollback,
            ..stored.evidence.clone()
        };
        let draft = super::request::draft(&as_rollback);
        self.policies()
            .may(caller, RequestChange, &draft, self.now())?;
        unless_open(&mut conn, &stored.change).await?;
        self.plan_rollback(&mut conn, &caller.person.login, stored)
            .await?;
        Ok(())
    }
}

/// Locks what is undone, so that of two who ask at once one is told of the other.
///
/// # Errors
/// Refused while another rollback of it is under way.
pub(super) async fn only_rollback(tx: &mut ChangeTx, of: ChangeId) -> Result<()> {
    let Some(stored) = rows::for_update(tx, of).await? else {
        return Ok(());
    };
    undoable(tx.conn(), &stored).await?;
    unless_open(tx.conn(), &stored.change).await
}

async fn unless_open(conn: &mut PgConnection, of: &Change) -> Result<()> {
    match rows::open_rollback(conn, of).await? {
        None => Ok(()),
        Some(open) => Err(Refusal::new(
            RefusalCode::Conflict,
            format!("It is being rolled back already, by change {open}, which has not ended: go on with that one, or cancel it first."),
        )
        .into()),
    }
}

/// It has done something, or may have.
async fn undoable(conn: &mut PgConnection, stored: &rows::Stored) -> Result<()> {
    let change = &stored.change;
    let no = |why: String| Err(Refusal::new(RefusalCode::WrongState, why).into());
    let deploys = matches!(change.kind, ChangeKind::Deploy | ChangeKind::Rollback);
    let did = matches!(
        change.state,
        ChangeState::Succeeded
            | ChangeState::Failed
            | ChangeState::Cancelled
            | ChangeState::NeedsAttention
    );
    if !(deploys && did) {
        let state = change.state.told();
        return no(format!(
            "It {state}; only what a run has done can be undone."
        ));
    }
    if !rows::run::exists(conn, change.id).await? {
        return no("It never ran, so there is nothing to undo.".to_owned());
    }
    Ok(())
}
