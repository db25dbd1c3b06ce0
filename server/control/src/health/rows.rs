//! SQL about the database itself.

use sqlx::{FromRow, PgPool};

use crate::Result;

#[derive(Debug, FromRow)]
pub(super) struct Facts {
    pub(super) role: String,
    pub(super) version: String,
    pub(super) migrated: bool,
    pub(super) may_rewrite_audit: bool,
}

pub(super) async fn facts(pool: &PgPool) -> Result<Facts> {
    Ok(sqlx::query_as(
        "SELECT current_user::text AS role,
                current_setting('server_version') AS version,
                to_regclass('_sqlx_migrations') IS NOT NULL AS migrated,
                CASE WHEN to_regclass('audit_event') IS NULL THEN false
                     ELSE has_table_privilege('audit_event', 'UPDATE')
                       OR has_table_privilege('audit_event', 'DELETE')
                       OR has_table_privilege('audit_event', 'TRUNCATE') END AS may_rewrite_audit",
    )
    .fetch_one(pool)
    .await?)
}

pub(super) async fn migrations(pool: &PgPool) -> Result<Vec<i64>> {
    Ok(
        sqlx::query_scalar("SELECT version FROM _sqlx_migrations WHERE success")
            .fetch_all(pool)
            .await?,
    )
}
