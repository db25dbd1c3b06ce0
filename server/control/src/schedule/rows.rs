//! SQL of windows, freezes and stops.

pub(super) mod days;

use domain::{
    EnvironmentName, Login, PersonId, RegionName, ScheduleId, ServiceName, SystemName, TeamName,
    policy::Visibility,
    schedule::{Class, Ended, Entry, Reach, Recurrence, Span, When, Zone},
};
use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx;
use sqlx::{FromRow, PgConnection, PgExecutor, PgPool};

use super::ScheduleQuery;
use crate::{ChangeTx, Cursor, Error, Page, Result, error::corrupt};

/// "portolan's calendar", for the advisory lock.
const LOCK: i64 = 0x706f_7274_6361_6c31;

#[derive(FromRow)]
struct Row {
    id: uuid::Uuid,
    class: String,
    service: Option<String>,
    team: Option<String>,
    system: Option<String>,
    environment: Option<String>,
    region: Option<String>,
    kind: Option<String>,
    from_at: Option<jiff_sqlx::Timestamp>,
    until_at: Option<jiff_sqlx::Timestamp>,
    rrule: Option<String>,
    wall_start: Option<jiff_sqlx::DateTime>,
    lasts_s: Option<i64>,
    zone: String,
    reason: String,
    author_login: String,
    created_at: jiff_sqlx::Timestamp,
    ended_at: Option<jiff_sqlx::Timestamp>,
    ended_login: Option<String>,
    end_reason: Option<String>,
}

impl TryFrom<Row> for Entry {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self> {
        let id = row.id;
        let bad = |column: &'static str, why: String| corrupt("schedule_entry", column, id, why);
        let text = |column: &'static str| move |e: domain::names::Unacceptable| bad(column, e.0);
        let class: Class = row.class.parse().map_err(|e| bad("class", e))?;
        let from = row.from_at.map(|t| t.to_jiff());
        let until = row.until_at.map(|t| t.to_jiff());
        let when = match (class, row.rrule, row.wall_start, row.lasts_s, from, until) {
            (Class::Stop, None, None, None, None, until) => When::Open { until },
            (_, Some(rule), Some(start), Some(lasts), None, None) => {
                let made = Recurrence::new(&rule, start.to_jiff(), lasts);
                When::Recurring(made.map_err(|(_, e)| bad("rrule", e.0))?)
            }
            (_, None, None, None, Some(from), Some(until)) => When::Once(Span { from, until }),
            _ => return Err(bad("class", "its times do not fit".into())),
        };
        let ended = match row.ended_at {
            None => None,
            Some(at) => Some(Ended {
                at: at.to_jiff(),
                by: row
                    .ended_login
                    .map(Login::parse)
                    .transpose()
                    .map_err(text("ended_login"))?,
                reason: row.end_reason,
            }),
        };
        Ok(Self {
            id: id.into(),
            class,
            reach: Reach {
                service: row
                    .service
                    .map(ServiceName::parse)
                    .transpose()
                    .map_err(text("service"))?,
                team: row
                    .team
                    .map(TeamName::parse)
                    .transpose()
                    .map_err(text("team"))?,
                system: row
                    .system
                    .map(SystemName::parse)
                    .transpose()
                    .map_err(text("system"))?,
                environment: row
                    .environment
                    .map(EnvironmentName::parse)
                    .transpose()
                    .map_err(text("environment"))?,
                region: row
                    .region
                    .map(RegionName::parse)
                    .transpose()
                    .map_err(text("region"))?,
                kind: row
                    .kind
                    .map(|k| k.parse())
                    .transpose()
                    .map_err(|e| bad("kind", e))?,
            },
            when,
            zone: Zone::parse(&row.zone).map_err(text("zone"))?,
            reason: row.reason,
            author: Login::parse(row.author_login).map_err(text("author_login"))?,
            created_at: row.created_at.to_jiff(),
            ended,
        })
    }
}

/// Until the commit, nobody makes or ends an entry. Many may hold it so at once.
pub(crate) async fn lock_shared(tx: &mut ChangeTx) -> Result<()> {
    sqlx::query("SELECT pg_advisory_xact_lock_shared($1)")
        .bind(LOCK)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Until the commit, nobody starts a change.
pub(super) async fn lock_alone(tx: &mut ChangeTx) -> Result<()> {
    sqlx::query("SELECT pg_advisory_xact_lock($1)")
        .bind(LOCK)
        .execute(tx.conn())
        .await?;
    Ok(())
}

pub(super) async fn version(db: impl PgExecutor<'_>) -> Result<i64> {
    Ok(sqlx::query_scalar("SELECT version FROM schedule_version")
        .fetch_one(db)
        .await?)
}

pub(super) async fn bump(tx: &mut ChangeTx) -> Result<()> {
    sqlx::query("UPDATE schedule_version SET version = version + 1")
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// What still says something about starts from now on; with the teams whose changes each can take in.
pub(super) async fn in_force(
    conn: &mut PgConnection,
    now: Timestamp,
) -> Result<(Vec<Entry>, Vec<(ScheduleId, Option<Vec<TeamName>>)>)> {
    #[derive(FromRow)]
    struct InForce {
        #[sqlx(flatten)]
        row: Row,
        teams: Option<Vec<String>>,
    }
    // Freezes that are over are left out; a day more than any clock may be off.
    let over = now
        .saturating_sub(SignedDuration::from_hours(48))
        .unwrap_or(Timestamp::MIN);
    let rows: Vec<InForce> = sqlx::query_as(
        "SELECT e.*, CASE WHEN num_nonnulls(e.service, e.team, e.system) > 0 THEN
                 (SELECT array_agg(DISTINCT s.team) FROM service s WHERE (e.service IS NULL OR s.name = e.service)
                     AND (e.team IS NULL OR s.team = e.team) AND (e.system IS NULL OR s.system = e.system)) END AS teams
         FROM schedule_entry e WHERE e.ended_at IS NULL AND NOT (e.class = 'freeze' AND coalesce(e.until_at < $1, false)) ORDER BY e.id",
    )
    .bind(over.to_sqlx())
    .fetch_all(conn)
    .await?;
    let (mut entries, mut teams) = (vec![], vec![]);
    for found in rows {
        let scoped =
            found.row.service.is_some() || found.row.team.is_some() || found.row.system.is_some();
        let names = found
            .teams
            .unwrap_or_default()
            .into_iter()
            .filter_map(|t| TeamName::parse(t).ok())
            .collect();
        teams.push((ScheduleId(found.row.id), scoped.then_some(names)));
        entries.push(found.row.try_into()?);
    }
    Ok((entries, teams))
}

pub(super) async fn count_in_force(tx: &mut ChangeTx) -> Result<i64> {
    let now = tx.now().to_sqlx();
    Ok(sqlx::query_scalar(
        "SELECT count(*) FROM schedule_entry WHERE ended_at IS NULL AND NOT (class = 'freeze' AND coalesce(until_at < $1, false))",
    )
    .bind(now)
    .fetch_one(tx.conn())
    .await?)
}

/// The teams of which somebody sees services; none for all.
fn teams(visible: &Visibility) -> Option<Vec<String>> {
    match visible {
        Visibility::All => None,
        Visibility::Teams(teams) => Some(teams.iter().map(ToString::to_string).collect()),
    }
}

pub(super) async fn page(
    pool: &PgPool,
    query: &ScheduleQuery,
    visible: &Visibility,
    limit: i64,
) -> Result<Page<Entry>> {
    let of = format!("schedule {:?} {}", query.class, query.in_force);
    let before = match &query.cursor {
        None => None,
        Some(cursor) => {
            let cursor = Cursor::decode(cursor, 1, &of)?;
            Some(
                cursor.0[0]
                    .parse::<uuid::Uuid>()
                    .map_err(|_| Cursor::broken())?,
            )
        }
    };
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT * FROM schedule_entry WHERE ($1::text IS NULL OR class = $1) AND (NOT $2 OR ended_at IS NULL)
             AND ($3::uuid IS NULL OR id < $3) AND schedule_entry_seen_by(schedule_entry, $5) ORDER BY id DESC LIMIT $4 + 1",
    )
    .bind(query.class.map(Class::as_str))
    .bind(query.in_force)
    .bind(before)
    .bind(limit)
    .bind(teams(visible))
    .fetch_all(pool)
    .await?;
    let entries = rows
        .into_iter()
        .map(TryInto::try_into)
        .collect::<Result<Vec<Entry>>>()?;
    Ok(Page::cut(entries, limit, &of, |entry| {
        vec![entry.id.to_string()]
    }))
}

/// One, unless it is only about services that the caller may not know of.
pub(super) async fn by_id(
    pool: &PgPool,
    id: ScheduleId,
    visible: &Visibility,
) -> Result<Option<Entry>> {
    let row: Option<Row> = sqlx::query_as(
        "SELECT * FROM schedule_entry WHERE id = $1 AND schedule_entry_seen_by(schedule_entry, $2)",
    )
    .bind(id.0)
    .bind(teams(visible))
    .fetch_optional(pool)
    .await?;
    row.map(TryInto::try_into).transpose()
}

pub(super) async fn author(pool: &PgPool, id: ScheduleId) -> Result<PersonId> {
    let id: uuid::Uuid = sqlx::query_scalar("SELECT author_id FROM schedule_entry WHERE id = $1")
        .bind(id.0)
        .fetch_one(pool)
        .await?;
    Ok(id.into())
}

pub(super) async fn for_update(tx: &mut ChangeTx, id: ScheduleId) -> Result<Option<Entry>> {
    let row: Option<Row> = sqlx::query_as("SELECT * FROM schedule_entry WHERE id = $1 FOR UPDATE")
        .bind(id.0)
        .fetch_optional(tx.conn())
        .await?;
    row.map(TryInto::try_into).transpose()
}

/// All that meets `within`, ended or not; the oldest first.
pub(super) async fn meeting(
    pool: &PgPool,
    within: Span,
    visible: &Visibility,
    most: i64,
) -> Result<Vec<Entry>> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT * FROM schedule_entry
         WHERE coalesce(from_at, created_at) < $2 AND (ended_at IS NULL OR ended_at > $1) AND (until_at IS NULL OR until_at > $1)
             AND schedule_entry_seen_by(schedule_entry, $4) ORDER BY id LIMIT $3",
    )
    .bind(within.from.to_sqlx())
    .bind(within.until.to_sqlx())
    .bind(most)
    .bind(teams(visible))
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// False when there is such a stop already.
pub(super) async fn insert(tx: &mut ChangeTx, entry: &Entry, author: PersonId) -> Result<bool> {
    let (mut from, mut until, mut rule) = (None, None, None);
    match &entry.when {
        When::Once(span) => (from, until) = (Some(span.from), Some(span.until)),
        When::Open { until: end } => until = *end,
        When::Recurring(recurrence) => rule = Some(recurrence),
    }
    let reach = &entry.reach;
    let done = sqlx::query(
        "INSERT INTO schedule_entry (id, class, service, team, system, environment, region, kind, from_at, until_at, rrule,
             wall_start, lasts_s, zone, reason, author_id, author_login, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18) ON CONFLICT DO NOTHING",
    )
    .bind(entry.id.0)
    .bind(entry.class.as_str())
    .bind(reach.service.as_ref().map(ServiceName::as_str))
    .bind(reach.team.as_ref().map(TeamName::as_str))
    .bind(reach.system.as_ref().map(SystemName::as_str))
    .bind(reach.environment.as_ref().map(EnvironmentName::as_str))
    .bind(reach.region.as_ref().map(RegionName::as_str))
    .bind(reach.kind.map(|k| k.as_str()))
    .bind(from.map(ToSqlx::to_sqlx))
    .bind(until.map(ToSqlx::to_sqlx))
    .bind(rule.map(Recurrence::rule_with_until))
    .bind(rule.map(|r| r.start().to_sqlx()))
    .bind(rule.map(|r| r.lasts().as_secs()))
    .bind(entry.zone.as_str())
    .bind(&entry.reason)
    .bind(author.0)
    .bind(entry.author.as_str())
    .bind(entry.created_at.to_sqlx())
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn end(
    tx: &mut ChangeTx,
    id: ScheduleId,
    ended: &Ended,
    by: Option<PersonId>,
) -> Result<()> {
    sqlx::query("UPDATE schedule_entry SET ended_at = $2, ended_by = $3, ended_login = $4, end_reason = $5 WHERE id = $1")
        .bind(id.0)
        .bind(ended.at.to_sqlx())
        .bind(by.map(|id| id.0))
        .bind(ended.by.as_ref().map(Login::as_str))
        .bind(&ended.reason)
        .execute(tx.conn())
        .await?;
    Ok(())
}

pub(super) async fn has_passed_stops(pool: &PgPool, now: Timestamp) -> Result<bool> {
    Ok(sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM schedule_entry WHERE class = 'stop' AND ended_at IS NULL AND until_at <= $1)",
    )
    .bind(now.to_sqlx())
    .fetch_one(pool)
    .await?)
}

/// Ends the stops whose time is over, as of that time.
pub(super) async fn end_passed_stops(tx: &mut ChangeTx) -> Result<Vec<Entry>> {
    let now = tx.now().to_sqlx();
    let rows: Vec<Row> = sqlx::query_as(
        "UPDATE schedule_entry SET ended_at = until_at WHERE class = 'stop' AND ended_at IS NULL AND until_at <= $1 RETURNING *",
    )
    .bind(now)
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// Whether the catalogue knows what a scope names.
#[derive(Debug, FromRow)]
pub(super) struct Known {
    pub(super) service: bool,
    pub(super) team: bool,
    pub(super) system: bool,
}

pub(super) async fn known(pool: &PgPool, reach: &Reach) -> Result<Known> {
    Ok(sqlx::query_as(
        "SELECT $1::text IS NULL OR EXISTS (SELECT FROM service WHERE name = $1) AS service,
                $2::text IS NULL OR EXISTS (SELECT FROM service WHERE team = $2) AS team,
                $3::text IS NULL OR EXISTS (SELECT FROM service WHERE system = $3) AS system",
    )
    .bind(reach.service.as_ref().map(ServiceName::as_str))
    .bind(reach.team.as_ref().map(TeamName::as_str))
    .bind(reach.system.as_ref().map(SystemName::as_str))
    .fetch_one(pool)
    .await?)
}
