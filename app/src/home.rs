//! Home: what each job role needs to see first. A person with several job roles sees the parts
//! of each, once.

use control::{
    Control, Page, Result,
    audit::{AuditQuery, AuditRow},
    catalog::ImportReport,
    changes::{ChangeRow, Home},
    environments::EnvironmentRow,
    services::{ServiceQuery, ServiceRow},
};
use domain::{JobRole, Outcome};

mod view;

pub use view::view;

use crate::{Document, Visit};

/// Everything a home may show; what a job role has no use for is not asked for.
#[derive(Debug, Default)]
pub struct Found {
    pub changes: Home,
    pub services: Option<Page<ServiceRow>>,
    pub environments: Vec<EnvironmentRow>,
    /// The newest events, and the newest refusals.
    pub events: Vec<AuditRow>,
    pub denied: Vec<AuditRow>,
    pub import: Option<ImportReport>,
}

impl Found {
    pub fn waiting(&self) -> &[ChangeRow] {
        &self.changes.awaiting
    }
}

/// # Errors
/// A fault.
pub async fn home(control: &Control, visit: &Visit) -> Result<Document> {
    let caller = visit.caller()?;
    let mut found = Found::default();
    if caller.person.job_roles.is_empty() {
        return Ok(view(visit, &found));
    }
    found.changes = control.home(caller).await?;
    if visit.has_role(JobRole::Developer) {
        found.services = Some(
            control
                .services(
                    caller,
                    ServiceQuery {
                        limit: Some(20),
                        ..ServiceQuery::default()
                    },
                )
                .await?,
        );
    }
    if visit.has_role(JobRole::Operator) {
        found.environments = control.environments(caller).await?;
    }
    if visit.rooms.audit && visit.has_role(JobRole::Auditor) {
        let query = |outcome| AuditQuery {
            outcome,
            limit: Some(8),
            ..AuditQuery::default()
        };
        found.events = control.audit_events(caller, query(None)).await?.items;
        found.denied = control
            .audit_events(caller, query(Some(Outcome::Denied)))
            .await?
            .items;
    }
    if visit.has_role(JobRole::Administrator) {
        found.import = control.latest_import(caller).await?;
    }
    Ok(view(visit, &found))
}
