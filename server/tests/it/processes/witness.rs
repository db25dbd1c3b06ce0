//! Who writes what, as the database saw it: triggers of the owner, beside the product's own tables.

use sqlx::{AssertSqlSafe, PgPool};

/// Each write of a worker to a step, or to what hangs on one, with who held the step before the write.
/// `owner` is NULL where nobody did. A step that this very transaction has ended is its own.
const SCHEMA: &str = "
CREATE TABLE witness_process (name text PRIMARY KEY, pid bigint NOT NULL);
CREATE TABLE witness (process text NOT NULL, what text NOT NULL, step uuid NOT NULL, owner text);

CREATE FUNCTION witness_step() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    -- A claim counts the epoch up, and what waited becomes due by the end of the step before it.
    IF NEW.lease_epoch = OLD.lease_epoch AND OLD.state <> 'waiting' THEN
        INSERT INTO witness VALUES (coalesce(current_setting('witness.process', true), ''), 'step ' || OLD.state, OLD.id, OLD.lease_owner);
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER witness AFTER UPDATE ON step FOR EACH ROW EXECUTE FUNCTION witness_step();

CREATE FUNCTION witness_part() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE held record;
BEGIN
    SELECT lease_owner, xmin = pg_current_xact_id()::xid AS mine INTO held FROM step WHERE id = NEW.step_id;
    IF held.lease_owner IS NOT NULL OR NOT held.mine THEN
        INSERT INTO witness VALUES (coalesce(current_setting('witness.process', true), ''), TG_TABLE_NAME, NEW.step_id, held.lease_owner);
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER witness AFTER INSERT OR UPDATE ON intent FOR EACH ROW EXECUTE FUNCTION witness_part();
CREATE TRIGGER witness AFTER INSERT OR UPDATE ON ticket FOR EACH ROW EXECUTE FUNCTION witness_part();
CREATE TRIGGER witness AFTER INSERT ON aws_session FOR EACH ROW EXECUTE FUNCTION witness_part();
CREATE TRIGGER witness AFTER INSERT ON run_log FOR EACH ROW EXECUTE FUNCTION witness_part();
CREATE TRIGGER witness AFTER UPDATE ON attempt FOR EACH ROW WHEN (NEW.outcome <> 'lost') EXECUTE FUNCTION witness_part();
";

pub async fn watch(pool: &PgPool) {
    sqlx::raw_sql(AssertSqlSafe(SCHEMA))
        .execute(pool)
        .await
        .expect("watched");
}

pub async fn now(pool: &PgPool) -> jiff::Timestamp {
    let now: jiff_sqlx::Timestamp = sqlx::query_scalar("SELECT clock_timestamp()")
        .fetch_one(pool)
        .await
        .expect("the time");
    now.to_jiff()
}

/// Writes by a worker that did not hold the step. The portal itself redeems tickets, which needs no lease.
pub async fn strangers(pool: &PgPool) -> Vec<String> {
    sqlx::query_scalar(
        "SELECT DISTINCT format('process %s wrote %s of %s, held by %s', p.pid, w.what, w.step, coalesce(w.owner, 'nobody'))
         FROM witness w JOIN witness_process p ON p.name = w.process
         WHERE w.owner IS NULL OR split_part(w.owner, '-', 2) <> p.pid::text",
    )
    .fetch_all(pool)
    .await
    .expect("what was seen")
}

/// How many of the workers have written under a lease.
pub async fn writers(pool: &PgPool) -> usize {
    let count: i64 = sqlx::query_scalar(
        "SELECT count(DISTINCT w.process) FROM witness w JOIN witness_process p ON p.name = w.process",
    )
    .fetch_one(pool)
    .await
    .expect("a number");
    usize::try_from(count).expect("a count")
}

/// An attempt whose worker was lost, and when the step was taken up again.
pub struct Loss {
    pub pid: u32,
    pub next: Option<jiff::Timestamp>,
}

pub async fn lost(pool: &PgPool) -> Vec<Loss> {
    let rows: Vec<(i64, Option<jiff_sqlx::Timestamp>)> = sqlx::query_as(
        "SELECT split_part(a.worker, '-', 2)::bigint, n.started_at
         FROM attempt a LEFT JOIN attempt n ON n.step_id = a.step_id AND n.epoch = a.epoch + 1 WHERE a.outcome = 'lost'",
    )
    .fetch_all(pool)
    .await
    .expect("attempts");
    let loss = |(pid, next): (i64, Option<jiff_sqlx::Timestamp>)| Loss {
        pid: u32::try_from(pid).expect("a process"),
        next: next.map(jiff_sqlx::Timestamp::to_jiff),
    };
    rows.into_iter().map(loss).collect()
}
