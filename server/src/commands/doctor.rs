//! `portolan doctor`: checks what the configuration points to, one line each.

use std::process::ExitCode;

use control::{Clock, outside::PortalIdentity};

use crate::{AppState, Config, serve};

/// Prints one line for each check; fails when any did.
pub async fn doctor(config: Config) -> anyhow::Result<ExitCode> {
    let mut failed = false;
    let mut say = |what: &str, found: anyhow::Result<String>| match found {
        Ok(fine) => println!("ok    {what}: {fine}"),
        Err(wrong) => {
            failed = true;
            println!("FAIL  {what}: {wrong:#}");
        }
    };
    say(
        "configuration",
        Ok(format!(
            "{} environments, {} rules, policies {}",
            config.settings.environments.len(),
            config.rules.rules().len(),
            config.policies.version(),
        )),
    );
    say("pages", serve::check_site(&config.site_root));
    match AppState::build(config, Clock::system(), PortalIdentity::of_this_process()).await {
        Ok(state) => {
            say("database", database(&state).await);
            say("identity provider", state.provider().check().await);
        }
        Err(why) => say("database", Err(why)),
    }
    Ok(if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

async fn database(state: &AppState) -> anyhow::Result<String> {
    let health = state
        .control()
        .health()
        .await
        .map_err(|e| anyhow::anyhow!("{e}"))?;
    if let Some(obstacle) = health.obstacle() {
        anyhow::bail!(obstacle);
    }
    anyhow::ensure!(
        !health.may_rewrite_audit,
        "the role {} may alter the audit log; use the role `portolan`, which the migrations hold to its rights",
        health.role
    );
    anyhow::ensure!(
        health.unknown == 0,
        "the database is of a later version than this program"
    );
    Ok(format!(
        "Postgres {}, migrated, role {}",
        health.version, health.role
    ))
}
