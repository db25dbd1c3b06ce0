//! Importing the catalogue: what services there are, whose they are, where their code and pipeline live.

mod claims;
mod folder;
pub mod parse;
pub(crate) mod rows;

use std::collections::BTreeSet;

use domain::{
    Caller, Event, EventKind, ImportId, Refusal, RefusalCode, SubjectRef,
    policy::{ImportCatalog, Read, Room},
};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;

pub use parse::{Link, Problem};

use crate::{Control, Error, Result, new_id};

/// What an import did.
#[derive(Clone, Debug, Serialize)]
pub struct ImportReport {
    pub id: ImportId,
    pub source: String,
    pub at: Timestamp,
    /// New or altered entities.
    pub imported: i32,
    pub unchanged: i32,
    /// Services of this source that it no longer has.
    pub orphaned: i32,
    pub problems: Vec<Problem>,
}

impl Control {
    /// Imports the configured folder. Entities that vanished from it are marked as orphaned.
    pub async fn import_folder(&self, caller: &Caller) -> Result<ImportReport> {
        self.may_import(caller).await?;
        let Some(folder) = self.settings().catalog_folder.clone() else {
            return Err(Refusal::new(RefusalCode::Conflict, "No catalogue folder is configured; set catalog_folder, or send a catalogue file in the body.").into());
        };
        let source = format!("folder:{}", folder.display());
        let parsed = tokio::task::spawn_blocking(move || folder::read(&folder))
            .await
            .map_err(Error::fault)?
            .map_err(|error| {
                // An empty catalogue would orphan every service; an unreadable one is no empty one.
                Refusal::new(
                    RefusalCode::Conflict,
                    format!("The catalogue folder cannot be read ({error}). Nothing was changed."),
                )
            })?;
        self.store(caller, &source, parsed).await
    }

    /// Imports one text under a source name of the caller's choice. A later import
    /// under the same name replaces it; one with a mistake, or with nothing in it, lets go of nothing.
    pub async fn import_text(
        &self,
        caller: &Caller,
        source: &str,
        file: &str,
        text: String,
    ) -> Result<ImportReport> {
        self.may_import(caller).await?;
        if source.is_empty()
            || source.len() > 100
            || source.chars().any(|c| c.is_control() || c == ':')
        {
            return Err(Refusal::field(
                "source",
                "1 to 100 characters, without ':' and control characters",
            )
            .into());
        }
        let file = file.to_owned();
        let parsed = tokio::task::spawn_blocking(move || {
            let mut parsed = parse::Parsed::default();
            parsed.read(&file, &text);
            // One file is the whole of it, whatever it was called before.
            parsed.incomplete = !parsed.problems.is_empty();
            parsed.expect_something(&file);
            parsed
        })
        .await
        .map_err(Error::fault)?;
        self.store(caller, &format!("upload:{source}"), parsed)
            .await
    }

    /// The last import, with its problems.
    pub async fn latest_import(&self, caller: &Caller) -> Result<Option<ImportReport>> {
        self.policies()
            .may(caller, Read, &Room::Catalog, self.now())?;
        rows::latest(self.pool()).await
    }

    async fn may_import(&self, caller: &Caller) -> Result<()> {
        self.permit(caller, ImportCatalog, Room::Catalog).await?;
        Ok(())
    }

    async fn store(
        &self,
        caller: &Caller,
        source: &str,
        mut parsed: parse::Parsed,
    ) -> Result<ImportReport> {
        let mut tx = self.begin(caller).await?;
        rows::lock(&mut tx).await?;
        // What is refused below is in the source all the same, and its file is sound.
        let kept = rows::Kept::of(&parsed);
        claims::sift_others(&mut parsed, source, &rows::stored_others(&mut tx).await?);
        rows::upsert_others(&mut tx, source, &parsed, &kept).await?;
        let groups = rows::stored_others(&mut tx).await?.into_keys();
        let mut teams: BTreeSet<String> = groups
            .filter(|(kind, _)| kind == "group")
            .map(|(_, name)| name)
            .collect();
        // A catalogue without Groups says nothing about who there is.
        let told = !teams.is_empty();
        teams.extend(
            claims::teams_in(&self.rules())
                .into_iter()
                .map(String::from),
        );
        let names: Vec<String> = parsed.services.iter().map(|s| s.name.to_string()).collect();
        let before = rows::stored(&mut tx, &names).await?;
        claims::sift_services(&mut parsed, source, &before, told.then_some(&teams));
        let mut effects = claims::Effects::of(&parsed.services, &before);
        let counts = rows::upsert_services(&mut tx, source, &parsed, &kept).await?;
        effects.orphaned = counts.orphaned;
        let report = ImportReport {
            id: new_id(),
            source: source.to_owned(),
            at: tx.now(),
            imported: counts.imported,
            unchanged: counts.unchanged,
            orphaned: i32::try_from(effects.orphaned.len()).unwrap_or(i32::MAX),
            problems: parsed.problems,
        };
        rows::insert_report(&mut tx, caller.person.id, &report).await?;
        rows::bump_version(&mut tx).await?;
        let event = Event::new(
            EventKind::CatalogImported,
            SubjectRef::new("catalog", source),
        )
        .with(json!({
            "imported": report.imported, "unchanged": report.unchanged,
            "orphaned": report.orphaned, "problems": report.problems.len(),
            "services": effects.for_the_log(),
        }));
        tx.commit(event, vec![]).await?;
        Ok(report)
    }
}
