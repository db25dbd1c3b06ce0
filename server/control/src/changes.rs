//! Changes: requested, planned, decided, started, cancelled; and how pages and the API see them.

pub mod attention;
mod awaiting;
mod decision;
mod evidence;
mod explain;
mod held;
mod list;
mod overriding;
pub mod queue;
mod ready;
mod request;
mod rollback;
pub(crate) mod rows;
mod start;
mod stop;
mod timing;
mod view;
mod visible;

pub(crate) use start::job as as_job;
pub(crate) use visible::Standing;

pub use explain::{MatchedRule, MatchedRules};
pub use list::{ChangeQuery, ChangeRow, Home};
pub use request::{NewChange, Preview, Timing};
pub use rollback::RollbackPreview;
pub use timing::{PromotionOverride, Timed};
pub use view::{ApprovalView, Buttons, ChangeDetail, Explain, RequirementView, TimelineEntry};

use domain::{Caller, ChangeId, Refusal, RefusalCode, policy::Read};

use crate::{ChangeTx, Control, Error, Result};

/// What a change that is not there, or not to be known of, is called.
const CHANGE: &str = "change with this id";

impl Control {
    /// The change, if the caller may know of it.
    pub(crate) async fn readable_change(
        &self,
        caller: &Caller,
        id: ChangeId,
    ) -> Result<rows::Stored> {
        let mut conn = self.pool().acquire().await?;
        let found = rows::by_id(&mut conn, id).await?;
        drop(conn);
        let Some(found) = found else {
            self.visible(caller)?;
            return Err(Refusal::not_found(CHANGE).into());
        };
        self.allow_read(caller, found.change.clone(), CHANGE)
            .await?;
        Ok(found)
    }

    /// The change, locked; readable by the caller. Nothing may have been written in this transaction yet.
    async fn locked_change(
        &self,
        caller: &Caller,
        mut tx: ChangeTx,
        id: ChangeId,
    ) -> Result<(ChangeTx, rows::Stored)> {
        let Some(found) = rows::for_update(&mut tx, id).await? else {
            drop(tx);
            // A token that may not read hears the same of a change that is there.
            self.visible(caller)?;
            return Err(Refusal::not_found(CHANGE).into());
        };
        match self.allow_in(tx, caller, Read, found.change.clone()).await {
            Ok((tx, _readable)) => Ok((tx, found)),
            Err(Error::Refused(refusal)) if refusal.code != RefusalCode::ScopeMissing => {
                Err(Refusal::not_found(CHANGE).into())
            }
            Err(error) => Err(error),
        }
    }
}
