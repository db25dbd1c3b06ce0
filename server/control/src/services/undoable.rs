//! Which of the changes that brought what runs can be undone: for the links beside what runs where.

use std::collections::BTreeSet;

use domain::{
    Caller, ChangeId, ChangeKind, ChangeState, RegionName,
    policy::{Draft, RequestChange},
    rollback::{Ran, previous},
};

use super::{ServiceDetail, rows::history};
use crate::{Control, Result};

impl Control {
    /// Of the changes that brought what runs of this service, those that the caller may ask to undo, with each region in which
    /// they leave something to go back to. One statement, however many places there are. The page of each change looks
    /// again, and further back.
    pub async fn undoable(
        &self,
        caller: &Caller,
        service: &ServiceDetail,
    ) -> Result<BTreeSet<(ChangeId, RegionName)>> {
        let row = &service.row;
        let may = |environment: &&crate::environments::EnvironmentRow| {
            let draft = Draft {
                kind: ChangeKind::Rollback,
                service: row.name.clone(),
                team: row.team.clone(),
                environment: environment.name.clone(),
                protected: environment.protected,
            };
            let policies = self.policies();
            policies
                .may(caller, RequestChange, &draft, self.now())
                .is_ok()
        };
        let places: Vec<_> = service.environments.iter().filter(may).collect();
        let running = row
            .cells
            .iter()
            .filter_map(|cell| Some((cell.change?, &cell.region)));
        let running: BTreeSet<_> = running.collect();
        if places.is_empty() || running.is_empty() {
            return Ok(BTreeSet::new());
        }
        let names: Vec<_> = places.iter().map(|place| place.name.as_str()).collect();
        let verified = history::verified(self.pool(), row.id, &names).await?;
        let leaves_something = |of: &history::Verified| {
            let here = verified
                .iter()
                .filter(|v| (&v.environment, &v.region) == (&of.environment, &of.region));
            let here: Vec<Ran> = here.map(history::Verified::ran).collect();
            previous(&here, &of.ran().release.digest).is_some()
        };
        let found = verified
            .iter()
            .filter(|v| running.contains(&(v.change, &v.region)) && has_ended(v.state))
            .filter(|v| leaves_something(v));
        Ok(found.map(|v| (v.change, v.region.clone())).collect())
    }
}

/// What still runs is not undone but stopped.
fn has_ended(state: ChangeState) -> bool {
    matches!(
        state,
        ChangeState::Succeeded
            | ChangeState::Failed
            | ChangeState::Cancelled
            | ChangeState::NeedsAttention
    )
}
