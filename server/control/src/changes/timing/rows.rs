//! SQL of what changes wait for besides people and the calendar.

use domain::{
    Caller, Change, ChangeId, ChangeState, EnvironmentName, EvidenceDigest, ImageDigest, Login,
    Reason, ServiceName,
};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::PgConnection;

use super::{PromotionOverride, Timing};
use crate::{ChangeTx, Result, error::corrupt};

pub(super) async fn keep(tx: &mut ChangeTx, id: ChangeId, timing: &Timing) -> Result<()> {
    if let Some(at) = timing.start_at {
        sqlx::query("UPDATE change SET start_at = $2 WHERE id = $1")
            .bind(id.0)
            .bind(at.to_sqlx())
            .execute(tx.conn())
            .await?;
    }
    let after: Vec<uuid::Uuid> = timing.after.iter().map(|id| id.0).collect();
    if !after.is_empty() {
        sqlx::query("INSERT INTO change_after (change_id, after_id) SELECT $1, unnest($2::uuid[])")
            .bind(id.0)
            .bind(&after)
            .execute(tx.conn())
            .await?;
    }
    Ok(())
}

pub(super) async fn start_at(conn: &mut PgConnection, id: ChangeId) -> Result<Option<Timestamp>> {
    let at: Option<jiff_sqlx::Timestamp> =
        sqlx::query_scalar("SELECT start_at FROM change WHERE id = $1")
            .bind(id.0)
            .fetch_one(conn)
            .await?;
    Ok(at.map(jiff_sqlx::Timestamp::to_jiff))
}

pub(super) async fn after(
    conn: &mut PgConnection,
    id: ChangeId,
) -> Result<Vec<(ChangeId, ChangeState)>> {
    let rows: Vec<(uuid::Uuid, String)> = sqlx::query_as(
        "SELECT c.id, c.state FROM change_after a JOIN change c ON c.id = a.after_id WHERE a.change_id = $1 ORDER BY c.id",
    )
    .bind(id.0)
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|(id, state)| {
            let state = state
                .parse()
                .map_err(|e: String| corrupt("change", "state", id, e))?;
            Ok((id.into(), state))
        })
        .collect()
}

/// Whether a deployment of this very image has succeeded there.
pub(super) async fn succeeded_in(
    conn: &mut PgConnection,
    service: &ServiceName,
    environment: &EnvironmentName,
    digest: &ImageDigest,
) -> Result<bool> {
    Ok(sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM change c JOIN release r ON r.id = c.release_id JOIN service s ON s.id = c.service_id
             WHERE s.name = $1 AND c.environment = $2 AND c.state = 'succeeded' AND c.kind = 'deploy' AND r.digest = $3)",
    )
    .bind(service.as_str())
    .bind(environment.as_str())
    .bind(digest.as_str())
    .fetch_one(conn)
    .await?)
}

pub(super) async fn promotion_override(
    conn: &mut PgConnection,
    id: ChangeId,
    digest: EvidenceDigest,
) -> Result<Option<PromotionOverride>> {
    let row: Option<(String, String, jiff_sqlx::Timestamp)> = sqlx::query_as(
        "SELECT person_login, reason, at FROM promotion_override WHERE change_id = $1 AND evidence_digest = $2",
    )
    .bind(id.0)
    .bind(&digest.0[..])
    .fetch_optional(conn)
    .await?;
    let Some((login, reason, at)) = row else {
        return Ok(None);
    };
    let by = Login::parse(login)
        .map_err(|e| corrupt("promotion_override", "person_login", id, e.to_string()))?;
    Ok(Some(PromotionOverride {
        by,
        reason,
        at: at.to_jiff(),
    }))
}

pub(super) async fn insert_override(
    tx: &mut ChangeTx,
    change: &Change,
    caller: &Caller,
    reason: &Reason,
) -> Result<()> {
    let now = tx.now().to_sqlx();
    sqlx::query(
        "INSERT INTO promotion_override (change_id, evidence_digest, person_id, person_login, reason, at)
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(change.id.0)
    .bind(&change.evidence_digest.0[..])
    .bind(caller.person.id.0)
    .bind(caller.person.login.as_str())
    .bind(reason.as_str())
    .bind(now)
    .execute(tx.conn())
    .await?;
    super::changes::touch(tx, change.id).await
}

/// What [`due`] looks at.
pub(super) async fn note_promotion(
    tx: &mut ChangeTx,
    id: ChangeId,
    from: Option<&EnvironmentName>,
) -> Result<()> {
    sqlx::query("UPDATE change SET promote_from = $2 WHERE id = $1")
        .bind(id.0)
        .bind(from.map(EnvironmentName::as_str))
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Scheduled changes that nothing holds any more, as far as one statement can tell; each is looked at again.
pub(super) async fn due(
    conn: &mut PgConnection,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<ChangeId>> {
    let ids: Vec<uuid::Uuid> = sqlx::query_scalar(
        "SELECT c.id FROM change c WHERE c.state = 'scheduled' AND (c.start_at IS NULL OR c.start_at <= $1)
           AND NOT EXISTS (SELECT FROM change_after a JOIN change p ON p.id = a.after_id
                           WHERE a.change_id = c.id AND p.state <> 'succeeded')
           AND (c.promote_from IS NULL
                OR EXISTS (SELECT FROM promotion_override o WHERE o.change_id = c.id)
                OR EXISTS (SELECT FROM change s JOIN release r ON r.id = s.release_id JOIN release mine ON mine.id = c.release_id
                           WHERE s.service_id = c.service_id AND s.environment = c.promote_from AND s.state = 'succeeded'
                             AND s.kind = 'deploy' AND r.digest = mine.digest))
         ORDER BY c.id LIMIT $2",
    )
    .bind(now.to_sqlx())
    .bind(limit)
    .fetch_all(conn)
    .await?;
    Ok(ids.into_iter().map(Into::into).collect())
}
