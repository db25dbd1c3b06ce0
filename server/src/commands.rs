//! Commands that do one thing and end.

mod doctor;

pub use doctor::doctor;

use anyhow::Context as _;
use secrecy::ExposeSecret;
use sqlx::{ConnectOptions as _, Connection as _, postgres::PgConnectOptions};

use crate::Config;

/// Applies what is missing of the migrations, as the owner of the schema.
pub async fn migrate(config: &Config) -> anyhow::Result<()> {
    let url = config
        .database
        .owner_url
        .as_ref()
        .context("migrating needs the owner of the schema: set PORTOLAN_DATABASE__OWNER_URL")?;
    let options: PgConnectOptions = url
        .expose_secret()
        .parse()
        .map_err(|_| anyhow::anyhow!("database.owner_url is no address"))?;
    let mut connection = options
        .connect()
        .await
        .context("cannot connect as the owner of the schema")?;
    control::MIGRATOR
        .run(&mut connection)
        .await
        .context("a migration failed")?;
    connection.close().await?;
    tracing::info!(
        migrations = control::MIGRATOR.iter().count(),
        "the database is up to date"
    );
    Ok(())
}

/// The `OpenAPI` description, as pretty JSON.
pub fn openapi() -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(&crate::api::description())?)
}
