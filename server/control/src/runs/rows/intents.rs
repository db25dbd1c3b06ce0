//! Intents: committed before the call, settled after it.

use domain::{RegionName, RunId, StepId, StepKind};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use serde_json::Value;
use sqlx::{FromRow, PgConnection, PgPool};
use uuid::Uuid;

use crate::{ChangeTx, Result, error::corrupt};

/// How far an intended call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::runs) enum IntentState {
    /// Committed; whether the call was made is not known.
    Intended,
    Done,
    /// The other side said no: it had no effect.
    Refused,
    /// It could not be decided, and a person was asked to look.
    Unknown,
}

impl IntentState {
    fn as_str(self) -> &'static str {
        match self {
            Self::Intended => "intended",
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
        }
    }
}

#[derive(Clone, Debug)]
pub(in crate::runs) struct Intent {
    pub state: IntentState,
    pub detail: Value,
    pub made_at: Timestamp,
}

#[derive(FromRow)]
struct Row {
    state: String,
    detail: Value,
    made_at: jiff_sqlx::Timestamp,
}

/// The intent with this token, if it was ever committed.
pub(in crate::runs) async fn by_token(pool: &PgPool, token: &str) -> Result<Option<Intent>> {
    let row: Option<Row> =
        sqlx::query_as("SELECT state, detail, made_at FROM intent WHERE token = $1")
            .bind(token)
            .fetch_optional(pool)
            .await?;
    row.map(|row| {
        Ok(Intent {
            state: match row.state.as_str() {
                "intended" => IntentState::Intended,
                "done" => IntentState::Done,
                "refused" => IntentState::Refused,
                "unknown" => IntentState::Unknown,
                other => return Err(corrupt("intent", "state", token, other)),
            },
            detail: row.detail,
            made_at: row.made_at.to_jiff(),
        })
    })
    .transpose()
}

/// Whether the build that a step of this kind starts has taken its credentials for a region. To be asked after the look
/// around, since a build may begin meanwhile.
pub(in crate::runs) async fn build_began(
    pool: &PgPool,
    run: RunId,
    region: &RegionName,
    starts: StepKind,
) -> Result<bool> {
    Ok(sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM ticket t JOIN step s ON s.id = t.step_id
             WHERE s.run_id = $1 AND s.region = $2 AND s.kind = $3 AND t.redeemed_at IS NOT NULL)",
    )
    .bind(run.0)
    .bind(region.as_str())
    .bind(starts.as_str())
    .fetch_one(pool)
    .await?)
}

/// The same of one step, with its tickets locked: who redeems one at this moment comes before or after, so that
/// what is decided on it holds until the transaction ends.
pub(in crate::runs) async fn ticket_spent(conn: &mut PgConnection, step: StepId) -> Result<bool> {
    let spent: Vec<bool> = sqlx::query_scalar(
        "SELECT redeemed_at IS NOT NULL FROM ticket WHERE step_id = $1 ORDER BY id FOR UPDATE",
    )
    .bind(step.0)
    .fetch_all(conn)
    .await?;
    Ok(spent.contains(&true))
}

/// Commits to a call, or to the same call again: the token is the same, and so is its row.
pub(in crate::runs) async fn intend(
    tx: &mut ChangeTx,
    step: StepId,
    token: &str,
    call: &str,
    detail: &Value,
) -> Result<()> {
    // The database's time: how far back a search for the call must reach is judged by it, and a process' clock may jump.
    sqlx::query(
        "INSERT INTO intent (id, step_id, token, call, state, detail, made_at) VALUES ($1, $2, $3, $4, 'intended', $5, now())
         ON CONFLICT (token) DO UPDATE SET state = 'intended', settled_at = NULL",
    )
    .bind(Uuid::now_v7())
    .bind(step.0)
    .bind(token)
    .bind(call)
    .bind(detail)
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(in crate::runs) async fn settle(
    tx: &mut ChangeTx,
    token: &str,
    state: IntentState,
    detail: &Value,
) -> Result<()> {
    let now = tx.now().to_sqlx();
    let done = sqlx::query(
        "UPDATE intent SET state = $2, detail = detail || $3, settled_at = $4 WHERE token = $1",
    )
    .bind(token)
    .bind(state.as_str())
    .bind(detail)
    .bind(now)
    .execute(tx.conn())
    .await?;
    if done.rows_affected() == 1 {
        Ok(())
    } else {
        Err(corrupt("intent", "token", token, "no row to update"))
    }
}
