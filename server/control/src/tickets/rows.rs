//! SQL of tickets.

use std::time::Duration;

use domain::{
    ChangeId, Evidence, EvidenceDigest, PersonId, RunId, StepId, Target, TicketId, canonical,
};
use jiff::Timestamp;
use sqlx::FromRow;

use crate::{ChangeTx, Result, error::corrupt};

/// A ticket with what it is for.
#[derive(Clone, Debug)]
pub(crate) struct Ticket {
    pub(crate) id: TicketId,
    pub(crate) step: StepId,
    pub(crate) change: ChangeId,
    pub(crate) requester: PersonId,
    pub(crate) evidence: Evidence,
    pub(crate) digest: EvidenceDigest,
    pub(crate) target: Target,
    /// Every approval that the run rests on was given with a fresh second factor.
    pub(crate) stepped_up: bool,
    redeemed: bool,
    revoked: bool,
    /// By the database's clock, which also told until when it is good: one process' clock may jump.
    expired: bool,
    /// Its change runs, or waits for a person who has to look, and nobody wants it stopped.
    live: bool,
}

impl Ticket {
    /// Why it is not good any more, for the audit log.
    pub(crate) fn fitness(&self) -> Result<(), &'static str> {
        if self.redeemed {
            Err("redeemed")
        } else if self.revoked {
            Err("revoked")
        } else if self.expired {
            Err("expired")
        } else if !self.live {
            Err("run over or being cancelled")
        } else {
            Ok(())
        }
    }
}

#[derive(FromRow)]
struct Row {
    id: uuid::Uuid,
    step_id: uuid::Uuid,
    region: String,
    change_id: uuid::Uuid,
    requester_id: uuid::Uuid,
    evidence: String,
    evidence_digest: Vec<u8>,
    stepped_up: bool,
    redeemed: bool,
    revoked: bool,
    expired: bool,
    live: bool,
}

/// The ticket with this hash, locked: of two who redeem it at once, the second waits and finds it spent.
pub(crate) async fn by_hash(tx: &mut ChangeTx, hash: [u8; 32]) -> Result<Option<Ticket>> {
    let row: Option<Row> = sqlx::query_as(
        "SELECT t.id, t.step_id, s.region, c.id AS change_id, c.requester_id, c.evidence, c.evidence_digest, r.stepped_up,
             t.redeemed_at IS NOT NULL AS redeemed, t.revoked_at IS NOT NULL AS revoked, t.expires_at <= now() AS expired,
             c.state IN ('running', 'needs_attention') AND NOT c.cancel_requested
                 AND r.state IN ('running', 'needs_attention') AS live
         FROM ticket t JOIN step s ON s.id = t.step_id JOIN run r ON r.id = s.run_id JOIN change c ON c.id = r.change_id
         WHERE t.hash = $1 FOR UPDATE OF t",
    )
    .bind(&hash[..])
    .fetch_optional(tx.conn())
    .await?;
    let Some(row) = row else { return Ok(None) };
    let bad = |column: &'static str, why: String| corrupt("change", column, row.change_id, why);
    let digest: [u8; 32] = row
        .evidence_digest
        .as_slice()
        .try_into()
        .map_err(|_| bad("evidence_digest", "not 32 bytes".into()))?;
    if canonical::sha256(&row.evidence) != digest {
        return Err(bad("evidence", "not what its digest is of".into()));
    }
    let evidence: Evidence =
        serde_json::from_str(&row.evidence).map_err(|e| bad("evidence", e.to_string()))?;
    let target = evidence
        .targets
        .iter()
        .find(|target| target.region.as_str() == row.region)
        .cloned()
        .ok_or_else(|| bad("evidence", format!("no target {}", row.region)))?;
    Ok(Some(Ticket {
        id: row.id.into(),
        step: row.step_id.into(),
        change: row.change_id.into(),
        requester: row.requester_id.into(),
        digest: EvidenceDigest(digest),
        evidence,
        target,
        stepped_up: row.stepped_up,
        redeemed: row.redeemed,
        revoked: row.revoked,
        expired: row.expired,
        live: row.live,
    }))
}

/// Spends it; false when it is not there to be spent any more.
pub(crate) async fn mark_redeemed(tx: &mut ChangeTx, id: TicketId) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE ticket SET redeemed_at = now() WHERE id = $1 AND redeemed_at IS NULL AND revoked_at IS NULL",
    )
    .bind(id.0)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Good for so long; until when that is.
pub(crate) async fn insert(
    tx: &mut ChangeTx,
    id: TicketId,
    step: StepId,
    hash: [u8; 32],
    lasts: Duration,
) -> Result<Timestamp> {
    let expires_at: jiff_sqlx::Timestamp = sqlx::query_scalar(
        "INSERT INTO ticket (id, step_id, hash, made_at, expires_at) VALUES ($1, $2, $3, now(), now() + make_interval(secs => $4))
         RETURNING expires_at",
    )
    .bind(id.0)
    .bind(step.0)
    .bind(&hash[..])
    .bind(lasts.as_secs_f64())
    .fetch_one(tx.conn())
    .await?;
    Ok(expires_at.to_jiff())
}

/// Voids the unused tickets of a step. How many there were.
pub(crate) async fn revoke_of_step(tx: &mut ChangeTx, step: StepId) -> Result<u64> {
    let done = sqlx::query(
        "UPDATE ticket SET revoked_at = now() WHERE step_id = $1 AND redeemed_at IS NULL AND revoked_at IS NULL",
    )
    .bind(step.0)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected())
}

/// Voids the unused tickets of a whole run.
pub(crate) async fn revoke_of_run(tx: &mut ChangeTx, run: RunId) -> Result<()> {
    sqlx::query(
        "UPDATE ticket SET revoked_at = now() FROM step
         WHERE step.id = ticket.step_id AND step.run_id = $1
           AND ticket.redeemed_at IS NULL AND ticket.revoked_at IS NULL",
    )
    .bind(run.0)
    .execute(tx.conn())
    .await?;
    Ok(())
}
