//! Whether a change has moved: what a viewer's stream asks several times a second, so it is little.

mod rows;
mod standing;

use domain::{Caller, ChangeId, ChangeState, Refusal};

use crate::{Control, Result};

/// Where a change is, without its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    pub state: ChangeState,
    /// Counts up with every change of the change or its run.
    pub version_no: i64,
    /// Number of the last line of the log; 0 when there is none.
    pub last_line: i64,
}

impl Control {
    /// # Errors
    /// Refused as not found when the caller may not see the change. Policy is asked every time; a change
    /// that moves to another team is out of sight at once.
    pub async fn watch(&self, caller: &Caller, id: ChangeId) -> Result<Moment> {
        let not_found = || Refusal::not_found("change with this id");
        let found = rows::moment(self.pool(), id).await?.ok_or_else(not_found)?;
        let visible = self.policies().visibility(caller, self.now());
        if visible.includes(&found.team) {
            return Ok(found.moment);
        }
        // The full question, which also records the denial.
        self.readable_change(caller, id).await?;
        Ok(found.moment)
    }
}
