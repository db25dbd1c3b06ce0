//! SQL of changes, approvals and grants.

pub(super) mod history;
pub(super) mod list;
pub(super) mod run;

use domain::{
    Approval, Change, ChangeId, ChangeState, EnvironmentName, Evidence, EvidenceDigest, GrantId,
    Login, Person, PersonId, Reason, Refusal, RefusalCode, ReleaseId, Requirement, ServiceId,
    ServiceName, StartMode, TeamName, Verdict, Version,
};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{FromRow, PgConnection, PgExecutor};

use crate::{ChangeTx, Error, Result, error::corrupt, people::rows::PersonRow};

/// A change as stored.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) change: Change,
    pub(crate) reason: String,
    pub(crate) service_id: ServiceId,
    pub(crate) release_id: ReleaseId,
    pub(crate) evidence: Evidence,
    /// Byte for byte what the digest is of.
    pub(crate) evidence_text: String,
    pub(crate) requirements: Vec<Requirement>,
    pub(crate) state_reason: Option<String>,
    pub(crate) retry_of: Option<ChangeId>,
    pub(crate) version_no: i64,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

#[derive(FromRow)]
pub(super) struct Row {
    id: uuid::Uuid,
    kind: String,
    state: String,
    reason: String,
    requester_id: uuid::Uuid,
    requester_login: String,
    service_id: Option<uuid::Uuid>,
    service: Option<String>,
    team: String,
    release_id: Option<uuid::Uuid>,
    version: Option<String>,
    environment: String,
    protected: bool,
    start_mode: String,
    evidence: String,
    evidence_digest: Vec<u8>,
    requirements: serde_json::Value,
    state_reason: Option<String>,
    cancel_requested: bool,
    retry_of: Option<uuid::Uuid>,
    version_no: i64,
    created_at: jiff_sqlx::Timestamp,
    updated_at: jiff_sqlx::Timestamp,
    expires_at: jiff_sqlx::Timestamp,
}

impl TryFrom<Row> for Stored {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self> {
        let bad = |column: &'static str, why: String| corrupt("change", column, row.id, why);
        let missing = |column: &'static str| bad(column, "empty".into());
        let digest: [u8; 32] = row
            .evidence_digest
            .as_slice()
            .try_into()
            .map_err(|_| bad("evidence_digest", "not 32 bytes".into()))?;
        let text = |e: domain::names::Unacceptable| e.to_string();
        Ok(Self {
            change: Change {
                id: row.id.into(),
                kind: row.kind.parse().map_err(|e| bad("kind", e))?,
                state: row.state.parse().map_err(|e| bad("state", e))?,
                requester: row.requester_id.into(),
                requester_login: Login::parse(row.requester_login.clone())
                    .map_err(|e| bad("requester_login", text(e)))?,
                service: ServiceName::parse(row.service.clone().ok_or_else(|| missing("service"))?)
                    .map_err(|e| bad("service", text(e)))?,
                team: TeamName::parse(row.team.clone()).map_err(|e| bad("team", text(e)))?,
                version: Version::parse(row.version.clone().ok_or_else(|| missing("version"))?)
                    .map_err(|e| bad("version", text(e)))?,
                environment: EnvironmentName::parse(row.environment.clone())
                    .map_err(|e| bad("environment", text(e)))?,
                protected: row.protected,
                evidence_digest: EvidenceDigest(digest),
                start_mode: row
                    .start_mode
                    .parse::<StartMode>()
                    .map_err(|e| bad("start_mode", e))?,
                cancel_requested: row.cancel_requested,
                expires_at: row.expires_at.to_jiff(),
            },
            service_id: row.service_id.ok_or_else(|| missing("service_id"))?.into(),
            release_id: row.release_id.ok_or_else(|| missing("release_id"))?.into(),
            evidence: serde_json::from_str(&row.evidence)
                .map_err(|e| bad("evidence", e.to_string()))?,
            requirements: serde_json::from_value(row.requirements.clone())
                .map_err(|e| bad("requirements", e.to_string()))?,
            evidence_text: row.evidence,
            reason: row.reason,
            state_reason: row.state_reason,
            retry_of: row.retry_of.map(Into::into),
            version_no: row.version_no,
            created_at: row.created_at.to_jiff(),
            updated_at: row.updated_at.to_jiff(),
        })
    }
}

pub(crate) async fn by_id(conn: &mut PgConnection, id: ChangeId) -> Result<Option<Stored>> {
    let row: Option<Row> = sqlx::query_as("SELECT * FROM change WHERE id = $1")
        .bind(id.0)
        .fetch_optional(conn)
        .await?;
    row.map(TryInto::try_into).transpose()
}

/// Those of several changes that are there, in no order.
pub(super) async fn by_ids(conn: &mut PgConnection, ids: &[uuid::Uuid]) -> Result<Vec<Stored>> {
    let rows: Vec<Row> = sqlx::query_as("SELECT * FROM change WHERE id = ANY($1)")
        .bind(ids)
        .fetch_all(conn)
        .await?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// Locks the change until the end of the transaction: whoever moves it moves it alone.
pub(crate) async fn for_update(tx: &mut ChangeTx, id: ChangeId) -> Result<Option<Stored>> {
    let row: Option<Row> = sqlx::query_as("SELECT * FROM change WHERE id = $1 FOR UPDATE")
        .bind(id.0)
        .fetch_optional(tx.conn())
        .await?;
    row.map(TryInto::try_into).transpose()
}

/// The retry of a change that has not ended.
pub(super) async fn open_retry(
    database: impl PgExecutor<'_>,
    of: ChangeId,
) -> Result<Option<ChangeId>> {
    let ended: Vec<&str> = ChangeState::ALL
        .iter()
        .filter(|state| state.is_final())
        .map(|state| state.as_str())
        .collect();
    let found: Option<uuid::Uuid> = sqlx::query_scalar(
        "SELECT id FROM change WHERE retry_of = $1 AND state <> ALL ($2) ORDER BY id DESC LIMIT 1",
    )
    .bind(of.0)
    .bind(ended)
    .fetch_optional(database)
    .await?;
    Ok(found.map(Into::into))
}

/// The rollback of a change that has not ended.
pub(super) async fn open_rollback(
    conn: &mut PgConnection,
    of: &Change,
) -> Result<Option<ChangeId>> {
    let ended: Vec<&str> = ChangeState::ALL
        .iter()
        .filter(|state| state.is_final())
        .map(|state| state.as_str())
        .collect();
    let found: Option<uuid::Uuid> = sqlx::query_scalar(
        "SELECT id FROM change WHERE service = $1 AND environment = $2 AND kind = 'rollback' AND state <> ALL ($3)
           AND evidence::jsonb ->> 'rollback_of' = $4 ORDER BY id DESC LIMIT 1",
    )
    .bind(of.service.as_str())
    .bind(of.environment.as_str())
    .bind(ended)
    .bind(of.id.to_string())
    .fetch_optional(conn)
    .await?;
    Ok(found.map(Into::into))
}

pub(super) struct New<'a> {
    pub(super) change: &'a Change,
    pub(super) reason: &'a Reason,
    pub(super) service_id: ServiceId,
    pub(super) release_id: ReleaseId,
    pub(super) evidence: &'a str,
    pub(super) requirements: &'a [Requirement],
    pub(super) retry_of: Option<ChangeId>,
}

pub(super) async fn insert(tx: &mut ChangeTx, new: New<'_>) -> Result<()> {
    let now = tx.now().to_sqlx();
    let change = new.change;
    sqlx::query(
        "INSERT INTO change (id, kind, state, reason, requester_id, requester_login, service_id, service, team, release_id,
             version, environment, protected, start_mode, evidence, evidence_digest, requirements, retry_of,
             created_at, updated_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $19, $20)",
    )
    .bind(change.id.0)
    .bind(change.kind.as_str())
    .bind(change.state.as_str())
    .bind(new.reason.as_str())
    .bind(change.requester.0)
    .bind(change.requester_login.as_str())
    .bind(new.service_id.0)
    .bind(change.service.as_str())
    .bind(change.team.as_str())
    .bind(new.release_id.0)
    .bind(change.version.as_str())
    .bind(change.environment.as_str())
    .bind(change.protected)
    .bind(change.start_mode.as_str())
    .bind(new.evidence)
    .bind(&change.evidence_digest.0[..])
    .bind(serde_json::to_value(new.requirements)?)
    .bind(new.retry_of.map(|id| id.0))
    .bind(now)
    .bind(change.expires_at.to_sqlx())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Writes what a move changed. `why` says in words why it is in its state; `None` clears it.
///
/// # Errors
/// A fault when the row is not there, or when another change of the same service and
/// environment runs already (the database holds that, see the index `change_one_runs`).
pub(crate) async fn save(tx: &mut ChangeTx, change: &Change, why: Option<&str>) -> Result<()> {
    let now = tx.now().to_sqlx();
    let done = sqlx::query(
        "UPDATE change SET state = $2, cancel_requested = $3, state_reason = $4, updated_at = $5, version_no = version_no + 1
         WHERE id = $1",
    )
    .bind(change.id.0)
    .bind(change.state.as_str())
    .bind(change.cancel_requested)
    .bind(why)
    .bind(now)
    .execute(tx.conn())
    .await
    .map_err(|error| match &error {
        sqlx::Error::Database(e) if e.constraint() == Some("change_one_runs") => Refusal::new(
            RefusalCode::WrongState,
            "Another change of the same service and environment has just been started. Look at it first; this one may be out of date after it.",
        )
        .into(),
        _ => Error::from(error),
    })?;
    if done.rows_affected() == 1 {
        Ok(())
    } else {
        Err(corrupt("change", "id", change.id, "no row to update"))
    }
}

/// Readers that follow this change look again.
pub(crate) async fn touch(tx: &mut ChangeTx, id: ChangeId) -> Result<()> {
    let now = tx.now().to_sqlx();
    sqlx::query("UPDATE change SET version_no = version_no + 1, updated_at = $2 WHERE id = $1")
        .bind(id.0)
        .bind(now)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Another change of the same service and environment that runs or needs attention.
pub(super) async fn running_beside(
    conn: &mut PgConnection,
    change: &Change,
) -> Result<Option<ChangeId>> {
    let id: Option<uuid::Uuid> = sqlx::query_scalar(
        "SELECT id FROM change WHERE service = $1 AND environment = $2 AND id <> $3 AND state IN ('running', 'needs_attention')",
    )
    .bind(change.service.as_str())
    .bind(change.environment.as_str())
    .bind(change.id.0)
    .fetch_optional(conn)
    .await?;
    Ok(id.map(Into::into))
}

#[derive(FromRow)]
struct ApprovalRow {
    id: uuid::Uuid,
    change_id: uuid::Uuid,
    verdict: String,
    evidence_digest: Vec<u8>,
    comment: String,
    stepped_up: bool,
    at: jiff_sqlx::Timestamp,
    void: bool,
    #[sqlx(flatten)]
    person: PersonRow,
    /// Whom they stood in for, as that person stands now; none where that one is shut out or has not signed in of late.
    behind: Option<sqlx::types::Json<Behind>>,
}

#[derive(serde::Deserialize)]
struct Behind {
    id: uuid::Uuid,
    login: String,
    name: String,
    job_roles: Vec<String>,
    teams: Vec<String>,
}

/// The words given, with their people as they stand now. Until the change has started, somebody who is or was
/// disabled since, or whose last sign-in is not after `since`, stands for nothing.
pub(crate) async fn approvals(
    conn: &mut PgConnection,
    id: ChangeId,
    since: Timestamp,
) -> Result<Vec<Approval>> {
    let all = approvals_of(conn, &[id.0], since).await?;
    Ok(all.into_iter().map(|(_, approval)| approval).collect())
}

/// The same of several changes in one statement.
pub(super) async fn approvals_of(
    conn: &mut PgConnection,
    changes: &[uuid::Uuid],
    since: Timestamp,
) -> Result<Vec<(ChangeId, Approval)>> {
    let rows: Vec<ApprovalRow> = sqlx::query_as(
        "SELECT a.id, a.change_id, a.verdict, a.evidence_digest, a.comment, a.stepped_up, a.at,
                c.state IN ('requested', 'planning', 'awaiting_approval', 'approved', 'scheduled')
                    AND (p.disabled_at IS NOT NULL OR a.at <= coalesce(p.void_until, '-infinity') OR p.signed_in_at <= $2) AS void,
                p.id AS person_id, p.login, p.name, p.job_roles, p.teams,
                (SELECT jsonb_build_object('id', b.id, 'login', b.login, 'name', b.name, 'job_roles', b.job_roles, 'teams', b.teams)
                 FROM person b WHERE b.id = a.on_behalf_of AND b.disabled_at IS NULL
                   AND a.at > coalesce(b.void_until, '-infinity') AND b.signed_in_at > $2) AS behind
         FROM approval a JOIN person p ON p.id = a.person_id JOIN change c ON c.id = a.change_id
         WHERE a.change_id = ANY($1) ORDER BY a.id",
    )
    .bind(changes)
    .bind(since.to_sqlx())
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(TryInto::try_into).collect()
}

impl TryFrom<ApprovalRow> for (ChangeId, Approval) {
    type Error = Error;
    fn try_from(row: ApprovalRow) -> Result<Self> {
        let bad = |column: &'static str, why: &str| corrupt("approval", column, row.id, why);
        let digest: [u8; 32] = row
            .evidence_digest
            .as_slice()
            .try_into()
            .map_err(|_| bad("evidence_digest", "not 32 bytes"))?;
        let verdict = match row.verdict.as_str() {
            "approve" => Verdict::Approve,
            "reject" => Verdict::Reject,
            other => return Err(bad("verdict", other)),
        };
        let mut person: Person = row.person.try_into()?;
        if row.void {
            person.job_roles.clear();
            person.teams.clear();
        }
        let behind = row.behind.map(|behind| {
            let behind = behind.0;
            Person::try_from(PersonRow {
                person_id: behind.id,
                login: behind.login,
                name: behind.name,
                job_roles: behind.job_roles,
                teams: behind.teams,
            })
        });
        let approval = Approval {
            id: row.id.into(),
            person,
            on_behalf_of: behind.transpose()?,
            verdict,
            evidence_digest: EvidenceDigest(digest),
            comment: row.comment,
            stepped_up: row.stepped_up,
            at: row.at.to_jiff(),
        };
        Ok((row.change_id.into(), approval))
    }
}

/// Why approvals of a change count for nothing, by sign-in name, where that is for who gave them and not for their roles.
pub(super) async fn void_approvals(
    conn: &mut PgConnection,
    id: ChangeId,
    since: Timestamp,
) -> Result<Vec<(String, String)>> {
    Ok(sqlx::query_as(
        "SELECT p.login, CASE WHEN p.disabled_at IS NOT NULL THEN 'is disabled'
                WHEN a.at <= p.void_until THEN 'was disabled after approving'
                ELSE 'has not signed in for so long that their groups may have changed' END
         FROM approval a JOIN person p ON p.id = a.person_id
         WHERE a.change_id = $1 AND a.verdict = 'approve'
           AND (p.disabled_at IS NOT NULL OR a.at <= coalesce(p.void_until, '-infinity') OR p.signed_in_at <= $2)",
    )
    .bind(id.0)
    .bind(since.to_sqlx())
    .fetch_all(conn)
    .await?)
}

pub(super) struct NewApproval<'a> {
    pub(super) id: domain::ApprovalId,
    pub(super) change: ChangeId,
    pub(super) person: PersonId,
    pub(super) verdict: Verdict,
    pub(super) digest: EvidenceDigest,
    pub(super) comment: &'a str,
    pub(super) stepped_up: bool,
    pub(super) auth_time: Option<Timestamp>,
    pub(super) door: &'a str,
    /// Whom the giver stands in for, and by which delegation.
    pub(super) behind: Option<(PersonId, domain::DelegationId)>,
}

/// False when this person has already decided on this change.
pub(super) async fn insert_approval(tx: &mut ChangeTx, new: NewApproval<'_>) -> Result<bool> {
    let now = tx.now().to_sqlx();
    let done = sqlx::query(
        "INSERT INTO approval (id, change_id, person_id, verdict, evidence_digest, comment, stepped_up, auth_time, door, at, on_behalf_of, delegation_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (change_id, person_id) DO NOTHING",
    )
    .bind(new.id.0)
    .bind(new.change.0)
    .bind(new.person.0)
    .bind(new.verdict.as_str())
    .bind(&new.digest.0[..])
    .bind(new.comment)
    .bind(new.stepped_up)
    .bind(new.auth_time.map(ToSqlx::to_sqlx))
    .bind(new.door)
    .bind(now)
    .bind(new.behind.map(|(person, _)| person.0))
    .bind(new.behind.map(|(_, by)| by.0))
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Makes the single-use right to run. There is one for each change, for ever.
pub(super) async fn make_grant(tx: &mut ChangeTx, id: GrantId, change: &Change) -> Result<()> {
    let now = tx.now().to_sqlx();
    sqlx::query(
        "INSERT INTO run_grant (id, change_id, evidence_digest, made_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (change_id) DO NOTHING",
    )
    .bind(id.0)
    .bind(change.id.0)
    .bind(&change.evidence_digest.0[..])
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Uses the grant up; none when it was used before or is for another digest.
pub(super) async fn consume_grant(tx: &mut ChangeTx, change: &Change) -> Result<Option<GrantId>> {
    let now = tx.now().to_sqlx();
    let id: Option<uuid::Uuid> = sqlx::query_scalar(
        "UPDATE run_grant SET consumed_at = $3 WHERE change_id = $1 AND evidence_digest = $2 AND consumed_at IS NULL RETURNING id",
    )
    .bind(change.id.0)
    .bind(&change.evidence_digest.0[..])
    .bind(now)
    .fetch_optional(tx.conn())
    .await?;
    Ok(id.map(Into::into))
}

/// Changes that nothing holds back, oldest first: approved, to be started on approval, none of their service and
/// environment running, and none before them in the queue.
pub(super) async fn startable(conn: &mut PgConnection, limit: i64) -> Result<Vec<ChangeId>> {
    let ids: Vec<uuid::Uuid> = sqlx::query_scalar(
        "SELECT c.id FROM change c WHERE c.state = 'approved' AND c.start_mode = 'on_approval' AND c.held_by IS NULL
           AND NOT EXISTS (SELECT FROM change r WHERE r.service = c.service AND r.environment = c.environment
                           AND r.state IN ('running', 'needs_attention'))
           AND NOT EXISTS (SELECT FROM change e WHERE e.service = c.service AND e.environment = c.environment
                           AND e.state = 'approved' AND e.start_mode = 'on_approval' AND e.held_by IS NULL AND e.id < c.id)
         ORDER BY c.id LIMIT $1",
    )
    .bind(limit)
    .fetch_all(conn)
    .await?;
    Ok(ids.into_iter().map(Into::into).collect())
}

/// Changes whose time is over.
pub(super) async fn expired(
    conn: &mut PgConnection,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<ChangeId>> {
    let ids: Vec<uuid::Uuid> = sqlx::query_scalar(
        "SELECT id FROM change WHERE state IN ('awaiting_approval', 'approved', 'scheduled') AND expires_at <= $1 LIMIT $2",
    )
    .bind(now.to_sqlx())
    .bind(limit)
    .fetch_all(conn)
    .await?;
    Ok(ids.into_iter().map(Into::into).collect())
}

/// What the portal last verified to run of a service in each region of an environment; nothing where a change has
/// made that uncertain since.
pub(super) async fn deployed(
    conn: &mut PgConnection,
    service: ServiceId,
    environment: &EnvironmentName,
) -> Result<Vec<(String, domain::evidence::Running)>> {
    let rows: Vec<(String, String, String)> = sqlx::query_as(
        "SELECT d.region, r.version, r.digest FROM deployment d JOIN release r ON r.id = d.release_id
         WHERE d.service_id = $1 AND d.environment = $2
           AND NOT EXISTS (SELECT FROM deployment_doubt u WHERE u.service_id = d.service_id
                           AND u.environment = d.environment AND u.region = d.region)",
    )
    .bind(service.0)
    .bind(environment.as_str())
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|(region, version, digest)| {
            let bad = |why: domain::names::Unacceptable| {
                corrupt("deployment", "release_id", service, why)
            };
            let version = Version::parse(version).map_err(bad)?;
            let digest = domain::ImageDigest::parse(digest).map_err(bad)?;
            Ok((region, domain::evidence::Running { version, digest }))
        })
        .collect()
}
