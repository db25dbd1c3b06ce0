//! The rules in force. Read from a file, agreed on through the database, taken over while the portal runs.
//!
//! A process that finds its file changed, and good, writes it to the one row of `rule_set`; every other process goes by
//! that row from its next look on, and looks before it works out any evidence. A file that became bad changes nothing:
//! it is recorded once, and administrators are told on every page.

pub mod file;
mod nothing;
mod rows;

use std::{
    path::PathBuf,
    sync::{Arc, OnceLock, PoisonError, RwLock},
    time::Duration,
};

use domain::{Event, EventKind, Outcome, RuleSet, SubjectRef, rule::check::World};
use jiff::Timestamp;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use sqlx::PgConnection;
use tokio_util::sync::CancellationToken;

use crate::{Control, Result};

/// How often the file and the row are looked at.
const LOOK: Duration = Duration::from_secs(2);

/// Where rules come from.
#[derive(Clone, Debug)]
pub struct Source {
    pub file: PathBuf,
    pub world: World,
}

/// What is wrong with the file as it is now. The rules before it stay in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    pub file: String,
    pub mistakes: Vec<file::Mistake>,
    /// Since when this process knows.
    pub since: Timestamp,
    /// What is in force instead.
    pub version: String,
}

pub use nothing::InForce;

#[derive(Debug)]
pub(crate) struct Shelf {
    in_force: RwLock<Arc<RuleSet>>,
    source: OnceLock<Source>,
    trouble: RwLock<Option<Arc<Trouble>>>,
    /// SHA-256 of the file when it was looked at last.
    seen: RwLock<Option<[u8; 32]>>,
}

impl Shelf {
    pub(crate) fn new(rules: RuleSet) -> Self {
        Self {
            in_force: RwLock::new(Arc::new(rules)),
            source: OnceLock::new(),
            trouble: RwLock::default(),
            seen: RwLock::default(),
        }
    }
    fn get(&self) -> Arc<RuleSet> {
        let rules = self.in_force.read();
        rules.unwrap_or_else(PoisonError::into_inner).clone()
    }
    fn put(&self, rules: RuleSet) -> Arc<RuleSet> {
        let rules = Arc::new(rules);
        *self
            .in_force
            .write()
            .unwrap_or_else(PoisonError::into_inner) = rules.clone();
        rules
    }
}

impl Control {
    /// The rules that this process goes by. What decides asks [`Control::current_rules`].
    pub fn rules(&self) -> Arc<RuleSet> {
        self.shelf().get()
    }

    /// What is wrong with the rules file, for administrators.
    pub fn rules_trouble(&self) -> Option<Arc<Trouble>> {
        let trouble = self.shelf().trouble.read();
        trouble.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// From where rules are taken over while the portal runs. Said once, at start.
    pub fn rules_from(&self, source: Source) {
        if self.shelf().source.set(source).is_err() {
            tracing::warn!("the rules' source was said already");
        }
    }

    /// The rules that every process goes by now.
    pub(crate) async fn current_rules(&self, conn: &mut PgConnection) -> Result<Arc<RuleSet>> {
        let mine = self.rules();
        match rows::version(&mut *conn).await? {
            None => Ok(mine),
            Some(version) if version == mine.version() => Ok(mine),
            Some(_) => match rows::rules(conn).await? {
                Some(rules) => Ok(self.shelf().put(rules)),
                None => Ok(mine),
            },
        }
    }

    /// Puts the configured rules in force: at the start of a process, whose configuration was found good.
    pub async fn apply_configured_rules(&self) -> Result<()> {
        let mine = self.rules();
        if let Some(source) = self.shelf().source.get()
            && let Ok(bytes) = tokio::fs::read(&source.file).await
        {
            self.saw(Some(Sha256::digest(&bytes).into()));
        }
        self.take_over(&mine, "start").await?;
        self.warn_of_nothing().await;
        Ok(())
    }

    /// Looks at the file and the row until `stop`.
    pub async fn follow_rules(&self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK) => {}
            }
            if let Err(error) = self.look_at_rules().await {
                tracing::error!(%error, "the rules could not be looked at");
            }
        }
    }

    /// One look: takes over a file that has changed and is good, refuses one that is not, and goes by what others took over.
    pub async fn look_at_rules(&self) -> Result<()> {
        if let Some(source) = self.shelf().source.get() {
            self.look_at_file(source).await?;
        }
        let mut conn = self.pool().acquire().await?;
        self.current_rules(&mut conn).await?;
        Ok(())
    }

    async fn look_at_file(&self, source: &Source) -> Result<()> {
        let name = source.file.display().to_string();
        let read = tokio::fs::read(&source.file).await;
        // A file that is gone is a bad file, and the same every time.
        let digest: [u8; 32] = match &read {
            Ok(bytes) => Sha256::digest(bytes).into(),
            Err(_) => [0; 32],
        };
        if self.saw(Some(digest)) == Some(digest) {
            return Ok(());
        }
        let parsed = match read {
            Ok(bytes) => file::read(&bytes, &source.world),
            Err(error) => Err(vec![file::Mistake {
                line: None,
                wrong: format!("cannot be read: {error}"),
            }]),
        };
        let done = match parsed {
            Ok(rules) => {
                self.tell(None);
                let done = self.take_over(&rules, &name).await;
                if done.is_ok() {
                    self.warn_of_nothing().await;
                }
                done
            }
            Err(mistakes) => self.refuse_file(&name, mistakes, digest).await,
        };
        if done.is_err() {
            // Not done: the next look begins anew.
            self.saw(None);
        }
        done
    }

    /// Remembers what was seen; returns what was seen before.
    fn saw(&self, digest: Option<[u8; 32]>) -> Option<[u8; 32]> {
        let mut seen = self
            .shelf()
            .seen
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *seen, digest)
    }

    fn tell(&self, trouble: Option<Trouble>) {
        *self
            .shelf()
            .trouble
            .write()
            .unwrap_or_else(PoisonError::into_inner) = trouble.map(Arc::new);
    }

    /// Puts rules in force for every process; an event where they are other ones.
    async fn take_over(&self, rules: &RuleSet, from: &str) -> Result<()> {
        let mut tx = self.begin_as_portal().await?;
        let was = rows::locked(&mut tx).await?;
        let Some(was) = was.filter(|was| was != rules.version()) else {
            // In force already, perhaps with a bad file in between; or the first ever.
            let first = rows::put(&mut tx, rules).await?;
            let repaired = rows::forgive(&mut tx).await?;
            if first || repaired {
                let was = repaired.then(|| rules.version());
                tx.commit(changed(was, rules, from), vec![]).await?;
            }
            self.shelf().put(rules.clone());
            return Ok(());
        };
        rows::put(&mut tx, rules).await?;
        tx.commit(changed(Some(&was), rules, from), vec![]).await?;
        self.shelf().put(rules.clone());
        tracing::info!(from = was, to = rules.version(), "other rules are in force");
        Ok(())
    }

    async fn refuse_file(
        &self,
        file: &str,
        mistakes: Vec<file::Mistake>,
        digest: [u8; 32],
    ) -> Result<()> {
        let version = self.rules().version().to_owned();
        for mistake in &mistakes {
            tracing::error!(file, %mistake, "the rules were refused; {version} stays in force");
        }
        let mut tx = self.begin_as_portal().await?;
        if rows::refuse(&mut tx, digest).await? {
            let said: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
            let event = rules_event(EventKind::RulesRefused)
                .outcome(Outcome::Failure)
                .with(json!({"file": file, "in_force": version, "mistakes": said}));
            tx.commit(event, vec![]).await?;
        }
        let since = self.now();
        self.tell(Some(Trouble {
            file: file.to_owned(),
            mistakes,
            since,
            version,
        }));
        Ok(())
    }
}

fn rules_event(kind: EventKind) -> Event {
    Event::new(kind, SubjectRef::new("rules", "in_force"))
}

fn changed(was: Option<&str>, rules: &RuleSet, file: &str) -> Event {
    let names: Vec<&str> = rules
        .rules()
        .iter()
        .map(|rule| rule.name.as_str())
        .collect();
    let waves: Vec<&str> = rules
        .waves()
        .iter()
        .map(|wave| wave.name.as_str())
        .collect();
    rules_event(EventKind::RulesChanged).with(json!({
        "from": was, "to": rules.version(), "file": file, "rules": names, "waves": waves,
    }))
}
