//! What was verified to run of a service, in all its places at once.

use domain::{
    ChangeId, ChangeKind, ChangeState, EnvironmentName, Evidence, RegionName, ServiceId, StepKind,
    StepState, rollback::Ran,
};
use sqlx::{FromRow, PgPool};

use crate::{Result, error::corrupt};

/// So many in each region: nearly always there is another release among them.
const DEEP: i64 = 10;

/// One change, as it was verified in one region.
pub(in crate::services) struct Verified {
    pub(in crate::services) change: ChangeId,
    pub(in crate::services) state: ChangeState,
    pub(in crate::services) environment: EnvironmentName,
    pub(in crate::services) region: RegionName,
    pub(in crate::services) evidence: Evidence,
    kind: ChangeKind,
}

impl Verified {
    pub(in crate::services) fn ran(&self) -> Ran {
        let targets = &self.evidence.targets;
        let target = targets.iter().find(|t| t.region == self.region);
        let release = match target {
            Some(target) => self.evidence.becomes(target),
            None => domain::evidence::Becoming {
                version: self.evidence.version.clone(),
                digest: self.evidence.digest.clone(),
                commit: self.evidence.commit.clone(),
            },
        };
        Ran {
            kind: self.kind,
            release,
        }
    }
}

#[derive(FromRow)]
struct VerifiedRow {
    id: uuid::Uuid,
    kind: String,
    state: String,
    environment: String,
    region: String,
    evidence: String,
}

/// The last of each region of these environments, oldest first.
pub(in crate::services) async fn verified(
    pool: &PgPool,
    service: ServiceId,
    environments: &[&str],
) -> Result<Vec<Verified>> {
    let rows: Vec<VerifiedRow> = sqlx::query_as(
        "SELECT c.id, c.kind, c.state, c.environment, last.region, c.evidence
         FROM (SELECT r.change_id, s.region, s.finished_at, s.position,
                   row_number() OVER (PARTITION BY c.environment, s.region ORDER BY s.finished_at DESC, s.position DESC) AS back
               FROM change c JOIN run r ON r.change_id = c.id JOIN step s ON s.run_id = r.id
               WHERE c.service_id = $1 AND c.environment = ANY($2) AND s.kind = $3 AND s.state = $4) last
             JOIN change c ON c.id = last.change_id
         WHERE last.back <= $5 ORDER BY last.finished_at, last.position",
    )
    .bind(service.0)
    .bind(environments)
    .bind(StepKind::VerifyRollout.as_str())
    .bind(StepState::Succeeded.as_str())
    .bind(DEEP)
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(read).collect()
}

fn read(row: VerifiedRow) -> Result<Verified> {
    let bad = |column: &'static str, why: String| corrupt("change", column, row.id, why);
    let name = |e: domain::names::Unacceptable| e.to_string();
    Ok(Verified {
        change: row.id.into(),
        kind: row.kind.parse().map_err(|e| bad("kind", e))?,
        state: row.state.parse().map_err(|e| bad("state", e))?,
        environment: EnvironmentName::parse(row.environment)
            .map_err(|e| bad("environment", name(e)))?,
        region: RegionName::parse(row.region).map_err(|e| bad("region", name(e)))?,
        evidence: serde_json::from_str(&row.evidence)
            .map_err(|e| bad("evidence", e.to_string()))?,
    })
}
