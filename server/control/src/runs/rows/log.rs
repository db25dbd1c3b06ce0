//! The log of a run: numbered lines, added in order by whoever holds the step.

use domain::{ChangeId, RunId, StepId};
use sqlx::{FromRow, PgConnection, PgPool};

use crate::{Result, runs::log::LogLine};

#[derive(FromRow)]
struct Row {
    seq: i64,
    at: jiff_sqlx::Timestamp,
    step_id: uuid::Uuid,
    text: String,
}

/// Lines after number `after`, oldest first.
pub(in crate::runs) async fn lines(
    pool: &PgPool,
    change: ChangeId,
    after: i64,
    limit: i64,
) -> Result<Vec<LogLine>> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT l.seq, l.at, l.step_id, l.text FROM run_log l
         WHERE l.run_id = (SELECT id FROM run WHERE change_id = $1) AND l.seq > $2 ORDER BY l.seq LIMIT $3",
    )
    .bind(change.0)
    .bind(after)
    .bind(limit)
    .fetch_all(pool)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| LogLine {
            seq: row.seq,
            at: row.at.to_jiff(),
            step: row.step_id.into(),
            text: row.text,
        })
        .collect())
}

/// Adds lines at the end, numbered after `least` at least. The caller holds the fence on the step in the
/// same transaction, and the steps of a run follow one another, so nobody else counts at the same time.
pub(in crate::runs) async fn append(
    conn: &mut PgConnection,
    run: RunId,
    step: StepId,
    lines: &[String],
    least: i64,
) -> Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO run_log (run_id, seq, step_id, at, text)
         SELECT $1, last.seq + new.number, $2, now(), new.text
         FROM unnest($3::text[]) WITH ORDINALITY AS new (text, number),
              (SELECT greatest(coalesce(max(seq), 0), $4) AS seq FROM run_log WHERE run_id = $1) AS last",
    )
    .bind(run.0)
    .bind(step.0)
    .bind(lines)
    .bind(least)
    .execute(conn)
    .await?;
    Ok(())
}

/// The lines of one step, in order.
pub(in crate::runs) async fn of_step(
    conn: &mut PgConnection,
    run: RunId,
    step: StepId,
) -> Result<Vec<(i64, String)>> {
    Ok(sqlx::query_as(
        "SELECT seq, text FROM run_log WHERE run_id = $1 AND step_id = $2 ORDER BY seq",
    )
    .bind(run.0)
    .bind(step.0)
    .fetch_all(conn)
    .await?)
}

/// Takes away the lines of a step from number `from` on.
pub(in crate::runs) async fn cut(
    conn: &mut PgConnection,
    run: RunId,
    step: StepId,
    from: i64,
) -> Result<()> {
    sqlx::query("DELETE FROM run_log WHERE run_id = $1 AND step_id = $2 AND seq >= $3")
        .bind(run.0)
        .bind(step.0)
        .bind(from)
        .execute(conn)
        .await?;
    Ok(())
}
