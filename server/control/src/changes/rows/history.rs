//! What was verified to run, as far as runs tell it.

use domain::{
    ChangeKind, EnvironmentName, Evidence, RegionName, ServiceId, StepKind, StepState,
    rollback::Ran,
};
use sqlx::PgConnection;

use crate::{Result, error::corrupt};

/// Further back nobody goes.
const DEEP: i64 = 200;

/// What was verified to run of a service in each region of an environment, oldest first.
pub(in crate::changes) async fn verified(
    conn: &mut PgConnection,
    service: ServiceId,
    environment: &EnvironmentName,
) -> Result<Vec<(RegionName, Ran)>> {
    let rows: Vec<(uuid::Uuid, String, String, String)> = sqlx::query_as(
        "SELECT c.id, c.kind, c.evidence, s.region FROM change c
         JOIN run r ON r.change_id = c.id JOIN step s ON s.run_id = r.id
         WHERE c.service_id = $1 AND c.environment = $2 AND s.kind = $3 AND s.state = $4
         ORDER BY s.finished_at DESC, s.position DESC LIMIT $5",
    )
    .bind(service.0)
    .bind(environment.as_str())
    .bind(StepKind::VerifyRollout.as_str())
    .bind(StepState::Succeeded.as_str())
    .bind(DEEP)
    .fetch_all(conn)
    .await?;
    let mut all = vec![];
    for (id, kind, evidence, region) in rows.into_iter().rev() {
        let bad = |column: &'static str, why: String| corrupt("change", column, id, why);
        let kind: ChangeKind = kind.parse().map_err(|e| bad("kind", e))?;
        let evidence: Evidence =
            serde_json::from_str(&evidence).map_err(|e| bad("evidence", e.to_string()))?;
        let target = evidence
            .targets
            .iter()
            .find(|t| t.region.as_str() == region);
        let Some(target) = target else { continue };
        let release = evidence.becomes(target);
        all.push((target.region.clone(), Ran { kind, release }));
    }
    Ok(all)
}
