//! Claiming stays flat: whatever has ended is not looked at.

use portolan_control::runs::CLAIM;
use sqlx::{AssertSqlSafe, PgPool};

#[sqlx::test(migrator = "portolan_control::MIGRATOR")]
async fn a_claim_reads_the_short_index_and_no_finished_step(pool: PgPool) {
    // Two thousand finished runs, made by the database itself; what belongs to a step is not the point here. The owner of
    // the tables may do this anywhere, where switching triggers off takes a superuser.
    let mut conn = pool.acquire().await.expect("connection");
    sqlx::raw_sql(
        "ALTER TABLE step DROP CONSTRAINT step_run_id_fkey;
         INSERT INTO step (id, run_id, position, region, kind, state, due_at)
             SELECT gen_random_uuid(), gen_random_uuid(), n % 10, 'eu-west-1', 'check_image', 'succeeded', now() - interval '1 day'
             FROM generate_series(1, 20000) AS n;
         INSERT INTO step (id, run_id, position, region, kind, state, due_at)
             SELECT gen_random_uuid(), gen_random_uuid(), 0, 'eu-west-1', 'check_image', 'running', now() + interval '1 minute'
             FROM generate_series(1, 200);
         ANALYZE step;",
    )
    .execute(&mut *conn)
    .await
    .expect("rows");
    // The worker's own statement.
    let plan: Vec<String> = sqlx::query_scalar(AssertSqlSafe(format!("EXPLAIN {CLAIM}")))
        .bind("a worker")
        .bind(20.0)
        .bind(uuid::Uuid::now_v7())
        .fetch_all(&mut *conn)
        .await
        .expect("plan");
    let plan = plan.join("\n");
    assert!(plan.contains("Index Scan using step_due"), "{plan}");
    assert!(
        !plan.contains("Seq Scan") && !plan.contains("Sort"),
        "{plan}"
    );
    let (index, table): (i64, i64) =
        sqlx::query_as("SELECT pg_relation_size('step_due'), pg_relation_size('step')")
            .fetch_one(&mut *conn)
            .await
            .expect("sizes");
    assert!(
        index * 20 < table,
        "what has ended is not in it: {index} of {table} bytes"
    );
}
