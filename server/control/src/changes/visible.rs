//! Which services and changes a caller sees in lists, asked of policy once for each standing.

use std::collections::BTreeSet;

use domain::{
    Caller, JobRole, PersonId, Refusal, RefusalCode, Scope, TeamName, policy::Visibility,
};

use crate::{Control, Result};

/// Everything policy can know of a caller.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Standing {
    person: PersonId,
    job_roles: BTreeSet<JobRole>,
    teams: BTreeSet<TeamName>,
    door: &'static str,
    stepped_up: bool,
}

impl Control {
    pub(crate) fn visible(&self, caller: &Caller) -> Result<Visibility, Refusal> {
        if !caller.holds(Scope::Read) {
            return Err(Refusal::new(
                RefusalCode::ScopeMissing,
                "This token lacks the scope 'read'. Create one that has it.",
            ));
        }
        let now = self.now();
        let standing = Standing {
            person: caller.person.id,
            job_roles: caller.person.job_roles.clone(),
            teams: caller.person.teams.clone(),
            door: caller.kind.as_str(),
            stepped_up: caller.is_stepped_up(now),
        };
        if let Some(known) = self.memory().visible.get(&standing) {
            return Ok(known);
        }
        let visible = self.policies().visibility(caller, now);
        self.memory().visible.put(standing, visible.clone());
        Ok(visible)
    }
}
