//! Releases: posted by CI, immutable, listed newest first.

pub(crate) mod rows;

use domain::{
    Caller, Event, EventKind, GitCommit, ImageDigest, Login, Refusal, RefusalCode, ReleaseId,
    ServiceName, SubjectRef, Version,
    policy::{RegisterRelease, ServiceSubject},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use url::Url;

use crate::{Control, Page, Result, new_id, page::limit};

/// What CI tells of a build.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewRelease {
    pub version: Version,
    pub commit: GitCommit,
    pub digest: ImageDigest,
    #[serde(default)]
    pub build_url: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReleaseRow {
    pub id: ReleaseId,
    pub service: ServiceName,
    pub version: Version,
    pub commit: GitCommit,
    pub digest: ImageDigest,
    pub build_url: Option<String>,
    pub registered_by: Login,
    pub created_at: Timestamp,
}

impl Control {
    /// Newest first.
    pub async fn releases(
        &self,
        caller: &Caller,
        service: &ServiceName,
        cursor: Option<String>,
        asked: Option<i64>,
    ) -> Result<Page<ReleaseRow>> {
        let service = self.readable_service(caller, service).await?;
        rows::page(self.pool(), service.id, cursor, limit(asked)?).await
    }

    /// Registers a release. The same again is no error and changes nothing (`false`);
    /// the same version with another content is refused, for releases are immutable.
    pub async fn register_release(
        &self,
        caller: &Caller,
        service: &ServiceName,
        new: NewRelease,
    ) -> Result<(ReleaseRow, bool)> {
        let found = self.readable_service(caller, service).await?;
        let subject = ServiceSubject {
            name: found.name.clone(),
            team: found.team.clone(),
        };
        self.permit(caller, RegisterRelease, subject).await?;
        let build_url = new.build_url.as_deref().map(link).transpose()?;
        let mut tx = self.begin(caller).await?;
        let row = ReleaseRow {
            id: new_id(),
            service: found.name,
            version: new.version,
            commit: new.commit,
            digest: new.digest,
            build_url,
            registered_by: caller.person.login.clone(),
            created_at: tx.now(),
        };
        if rows::insert(&mut tx, found.id, &row, caller.person.id).await? {
            let event = Event::new(EventKind::ReleaseRegistered, SubjectRef::new("release", row.id)).with(json!({
                "service": row.service, "version": row.version, "commit": row.commit, "digest": row.digest,
            }));
            tx.commit(event, vec![]).await?;
            return Ok((row, true));
        }
        let there = rows::by_version(tx.conn(), found.id, &row.version)
            .await?
            .ok_or_else(|| {
                Refusal::new(
                    RefusalCode::Conflict,
                    "Somebody registers this version right now; try again.",
                )
            })?;
        if (&there.digest, &there.commit) == (&row.digest, &row.commit) {
            return Ok((there, false));
        }
        let refusal = Refusal::new(
            RefusalCode::Conflict,
            format!(
                "Version {} of {} is already registered, of commit {} with image {}. A release never changes: give the new build a version of its own.",
                there.version, there.service, there.commit, there.digest
            ),
        );
        let event = Event::denied(
            EventKind::ReleaseRegistered,
            SubjectRef::new("release", there.id),
            &refusal,
        );
        tx.commit(event, vec![]).await?;
        Err(refusal.into())
    }
}

/// The address as it is kept: written by us from its parts, so that nothing is in it that is no address.
fn link(text: &str) -> std::result::Result<String, Refusal> {
    let wrong = || {
        Refusal::field(
            "build_url",
            "an http or https address of at most 2,000 characters, without control characters, user name or password",
        )
    };
    // The parser passes over some control characters in silence and encodes others.
    if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(wrong());
    }
    let url = Url::parse(text).map_err(|_| wrong())?;
    let fine = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none();
    let text = String::from(url);
    if fine && text.len() <= 2_000 {
        Ok(text)
    } else {
        Err(wrong())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_written_anew_or_refused() {
        for (given, kept) in [
            (
                "https://ci.example.com/job/1",
                "https://ci.example.com/job/1",
            ),
            (
                "HTTPS://CI.example.com:443/a/../b",
                "https://ci.example.com/b",
            ),
            (
                "http://ci.example.com/<b>\"",
                "http://ci.example.com/%3Cb%3E%22",
            ),
        ] {
            assert_eq!(link(given).expect("fine"), kept);
        }
        for given in [
            "https://ci.example.com/a\0b",
            "https://ci.example.com/a\nb",
            "https://ci.exam\tple.com/",
            " https://ci.example.com/",
            "https://ci.example.com/\u{85}",
            "https://me:secret@ci.example.com/",
            "javascript:alert(1)",
            "file:///etc/passwd",
            "https://",
            "x",
        ] {
            assert!(link(given).is_err(), "{given:?}");
        }
        assert!(link(&format!("https://ci.example.com/{}", "a".repeat(2_000))).is_err());
    }
}
