//! Windows, freezes and stops: made, ended, listed; and the one calendar that starts and explanations ask.
//!
//! [`domain::schedule`] says what they mean. Whoever starts a change holds the calendar's lock shared until the commit,
//! whoever makes or ends an entry holds it alone: nothing starts after the commit of a stop that did not know of it.

mod month;
pub(crate) mod rows;

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use domain::{
    Caller, Event, EventKind, Reason, Refusal, RefusalCode, ScheduleId, SubjectRef,
    policy::{EndEntry, EntrySubject, ManageSchedule, Read, Room, StopTheLine, Visibility},
    schedule::{Calendar, Class, Ended, Entry, Reach, Recurrence, Span, When, Zone},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use sqlx::PgConnection;

pub use month::{DayChange, Month};

use crate::{ChangeTx, Control, Page, Result, new_id, page::limit};

/// What an entry that is not there, or not to be known of, is called.
const ENTRY: &str = "window, freeze or stop with this id";
/// So many may be in force at once; each costs every start a look.
const MOST: i64 = 500;
/// What is dated ends this soon: a slip of the hand in the year would hold everything for ever.
const LONGEST: SignedDuration = SignedDuration::from_hours(366 * 24);
/// For so long a page tells what is held without asking again.
const TOLD: Duration = Duration::from_secs(1);

/// A copy of the calendar is made anew after this, whatever its version says: teams of a system move with the catalogue.
const FRESH: Duration = Duration::from_secs(60);

/// What a person wants to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEntry {
    pub class: Class,
    pub reach: Reach,
    pub when: When,
    pub zone: Zone,
    pub reason: Reason,
}

/// Which entries. An absent filter matches all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScheduleQuery {
    pub class: Option<Class>,
    /// Only those that nobody and no time has ended.
    pub in_force: bool,
    pub cursor: Option<String>,
    pub limit: Option<i64>,
}

/// Something that holds what the viewer can see, for the top of every page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    pub entry: Entry,
    pub until: Option<Timestamp>,
}

/// The calendar as this process last read it.
#[derive(Debug, Default)]
pub(crate) struct Kept(RwLock<Option<Copy>>);

#[derive(Clone, Debug)]
struct Copy {
    version: i64,
    read: Instant,
    /// When its version was last asked for.
    checked: Instant,
    calendar: Arc<Calendar>,
    /// For each entry, in the calendar's order: whose changes it takes in; none where that may be everybody's.
    teams: Arc<Vec<(ScheduleId, Option<Vec<domain::TeamName>>)>>,
}

impl Kept {
    fn copy(&self) -> Option<Copy> {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn keep(&self, copy: Option<Copy>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = copy;
    }
}

impl Control {
    /// Newest first.
    pub async fn schedule(&self, caller: &Caller, query: ScheduleQuery) -> Result<Page<Entry>> {
        self.permit(caller, Read, Room::Schedule).await?;
        let limit = limit(query.limit)?;
        rows::page(self.pool(), &query, &self.visible(caller)?, limit).await
    }

    /// One entry; of the named class, where one is named.
    pub async fn schedule_entry(
        &self,
        caller: &Caller,
        class: Option<Class>,
        id: ScheduleId,
    ) -> Result<Entry> {
        self.allow_read(caller, Room::Schedule, ENTRY).await?;
        let found = rows::by_id(self.pool(), id, &self.visible(caller)?)
            .await?
            .filter(|e| class.is_none_or(|c| c == e.class));
        found.ok_or_else(|| Refusal::not_found(ENTRY).into())
    }

    /// Makes a window, a freeze or a stop.
    pub async fn make_entry(&self, caller: &Caller, new: NewEntry) -> Result<Entry> {
        self.may_keep(caller, new.class).await?;
        self.checked(&new).await?;
        let mut tx = self.begin(caller).await?;
        rows::lock_alone(&mut tx).await?;
        let now = tx.now();
        let mut events = rows::end_passed_stops(&mut tx)
            .await?
            .into_iter()
            .map(ended_by_time)
            .collect::<Vec<_>>();
        if rows::count_in_force(&mut tx).await? >= MOST {
            return Err(Refusal::new(RefusalCode::Conflict, format!("There are {MOST} windows, freezes and stops in force. End those that are of no use any more.")).into());
        }
        let entry = Entry {
            id: new_id(),
            class: new.class,
            reach: new.reach,
            when: new.when,
            zone: new.zone,
            reason: new.reason.to_string(),
            author: caller.person.login.clone(),
            created_at: now,
            ended: None,
        };
        if !rows::insert(&mut tx, &entry, caller.person.id).await? {
            return Err(Refusal::new(
                RefusalCode::Conflict,
                format!(
                    "The line is stopped already for {}. End that stop first, or leave it.",
                    entry.reach.words()
                ),
            )
            .into());
        }
        rows::bump(&mut tx).await?;
        let (kind, _) = kinds(entry.class);
        events.insert(0, about(kind, &entry).with(told(&entry)));
        commit_all(tx, events).await?;
        self.memory().calendar.keep(None);
        Ok(entry)
    }

    /// Ends an entry before its time. What it held may start, if nothing else holds it.
    pub async fn end_entry(
        &self,
        caller: &Caller,
        class: Option<Class>,
        id: ScheduleId,
        reason: Option<Reason>,
    ) -> Result<Entry> {
        let entry = self.schedule_entry(caller, class, id).await?;
        let class = entry.class;
        let subject = self.ending(&entry).await?;
        self.permit(caller, EndEntry, subject).await?;
        let mut tx = self.begin(caller).await?;
        rows::lock_alone(&mut tx).await?;
        let Some(mut entry) = rows::for_update(&mut tx, id).await? else {
            return Err(Refusal::not_found(ENTRY).into());
        };
        if let Some(ended) = &entry.ended {
            let by = ended.by.as_ref().map_or_else(
                || "its time was over".to_owned(),
                |by| format!("{by} ended it"),
            );
            return Err(Refusal::new(
                RefusalCode::Conflict,
                format!("This {class} has ended already: {by}."),
            )
            .into());
        }
        let ended = Ended {
            at: tx.now(),
            by: Some(caller.person.login.clone()),
            reason: reason.map(|r| r.to_string()),
        };
        rows::end(&mut tx, id, &ended, Some(caller.person.id)).await?;
        rows::bump(&mut tx).await?;
        let (_, kind) = kinds(class);
        let event =
            about(kind, &entry).with(json!({"reason": ended.reason, "entry": told(&entry)}));
        tx.commit(event, vec![]).await?;
        self.memory().calendar.keep(None);
        entry.ended = Some(ended);
        // What it held need not wait for a worker's next round. It would be found then, so a fault here is only told.
        if let Err(fault) = self.release_held().await {
            tracing::warn!(%fault, "what was held is looked at again a moment later");
        }
        Ok(entry)
    }

    /// Ends the stops whose time is over, so that the log has their end. They hold nothing from that instant on anyway.
    pub(crate) async fn end_passed_stops(&self) -> Result<()> {
        if !rows::has_passed_stops(self.pool(), self.now()).await? {
            return Ok(());
        }
        let mut tx = self.begin_as_portal().await?;
        rows::lock_alone(&mut tx).await?;
        let ended = rows::end_passed_stops(&mut tx).await?;
        if ended.is_empty() {
            return Ok(());
        }
        rows::bump(&mut tx).await?;
        commit_all(tx, ended.into_iter().map(ended_by_time).collect()).await
    }

    /// What is on now and may hold something that the caller can see.
    pub async fn holding(&self, caller: &Caller) -> Result<Vec<Holding>> {
        let visible = self.visible(caller)?;
        if self
            .policies()
            .may(caller, Read, &Room::Schedule, self.now())
            .is_err()
        {
            return Ok(vec![]);
        }
        let copy = self.lately().await?;
        let seen =
            |id: ScheduleId| match (&visible, copy.teams.iter().find(|(known, _)| *known == id)) {
                (Visibility::Teams(_), Some((_, Some(teams)))) => {
                    teams.iter().any(|team| visible.includes(team))
                }
                (Visibility::Teams(mine), _) => !mine.is_empty(),
                (Visibility::All, _) => true,
            };
        let on = copy
            .calendar
            .on(self.now())
            .filter(|(entry, _)| seen(entry.id));
        let mut on: Vec<_> = on
            .map(|(entry, span)| Holding {
                entry: entry.clone(),
                until: Some(span.until).filter(|u| *u < Timestamp::MAX),
            })
            .collect();
        on.sort_by_key(|h| (h.entry.class != Class::Stop, h.entry.id));
        Ok(on)
    }

    /// All that is in force, as of this connection's next statement.
    pub(crate) async fn calendar(&self, conn: &mut PgConnection) -> Result<Arc<Calendar>> {
        Ok(self.copy(conn).await?.calendar)
    }

    async fn copy(&self, conn: &mut PgConnection) -> Result<Copy> {
        let (kept, now) = (&self.memory().calendar, self.now());
        let version = rows::version(&mut *conn).await?;
        if let Some(mut copy) = kept.copy()
            && copy.version == version
            && copy.read.elapsed() < FRESH
            && copy.calendar.is_about(now)
        {
            copy.checked = Instant::now();
            kept.keep(Some(copy.clone()));
            return Ok(copy);
        }
        let (entries, teams) = rows::in_force(&mut *conn, now).await?;
        let copy = Copy {
            version,
            read: Instant::now(),
            checked: Instant::now(),
            calendar: Arc::new(Calendar::new(entries, now)),
            teams: Arc::new(teams),
        };
        kept.keep(Some(copy.clone()));
        Ok(copy)
    }

    /// As [`Self::copy`], but what another process has just made may be missing: for what every page tells. Nothing is
    /// decided by it.
    async fn lately(&self) -> Result<Copy> {
        let known = self.memory().calendar.copy();
        if let Some(copy) = known.filter(|copy| {
            copy.checked.elapsed() < TOLD
                && copy.read.elapsed() < FRESH
                && copy.calendar.is_about(self.now())
        }) {
            return Ok(copy);
        }
        let mut conn = self.pool().acquire().await?;
        self.copy(&mut conn).await
    }

    /// Whether the caller may end it, for the page.
    pub async fn may_end(
        &self,
        caller: &Caller,
        entry: &Entry,
    ) -> Result<std::result::Result<(), Refusal>> {
        let subject = self.ending(entry).await?;
        Ok(self.policies().may(caller, EndEntry, &subject, self.now()))
    }

    /// An entry as policy sees it that is to be ended.
    async fn ending(&self, entry: &Entry) -> Result<EntrySubject> {
        let protected = match &entry.reach.environment {
            // One that is gone from the configuration may come back.
            Some(name) => self
                .settings()
                .environment(name)
                .is_none_or(|e| e.protected),
            None => self.settings().environments.iter().any(|e| e.protected),
        };
        Ok(EntrySubject {
            id: entry.id,
            author: rows::author(self.pool(), entry.id).await?,
            protected,
        })
    }

    async fn may_keep(&self, caller: &Caller, class: Class) -> Result<()> {
        match class {
            Class::Stop => self.permit(caller, StopTheLine, Room::Schedule).await,
            Class::Window | Class::Freeze => {
                self.permit(caller, ManageSchedule, Room::Schedule).await
            }
        }
    }

    /// Refuses what could not be meant: a scope that names nothing there is, a time that is over.
    async fn checked(&self, new: &NewEntry) -> Result<()> {
        let (reach, now) = (&new.reach, self.now());
        let no = |field: &str, why: &str| Err(Refusal::field(field, why).into());
        if new.class == Class::Stop {
            let said = [
                reach.system.is_some(),
                reach.environment.is_some(),
                reach.region.is_some(),
            ];
            if said.into_iter().filter(|said| *said).count() > 1
                || reach.service.is_some()
                || reach.team.is_some()
                || reach.kind.is_some()
            {
                return no(
                    "scope",
                    "a stop is for one system, one environment, one region, or everything",
                );
            }
        }
        let fits = matches!(
            (new.class, &new.when),
            (Class::Stop, When::Open { .. })
                | (
                    Class::Window | Class::Freeze,
                    When::Once(_) | When::Recurring(_)
                )
        );
        if !fits {
            return no(
                "until",
                "a window or freeze has a beginning and an end; a stop begins at once",
            );
        }
        match &new.when {
            When::Once(span) if span.until <= span.from => {
                return no("until", "after its beginning");
            }
            When::Once(span) if span.until <= now => {
                return no("until", "after now: it would be over already");
            }
            When::Once(Span { until, .. }) | When::Open { until: Some(until) }
                if *until > now.saturating_add(LONGEST).unwrap_or(Timestamp::MAX) =>
            {
                return no(
                    "until",
                    "within a year from now; make it again then, if somebody still means it",
                );
            }
            When::Open { until: Some(until) } if *until <= now => {
                return no("until", "after now, or empty");
            }
            _ => {}
        }
        if let Some(name) = &reach.environment
            && self.settings().environment(name).is_none()
        {
            return no("scope.environment", "there is no such environment");
        }
        if let Some(name) = &reach.region
            && !self
                .settings()
                .environments
                .iter()
                .any(|e| e.clusters.contains_key(name))
        {
            return no("scope.region", "there is no such region");
        }
        let known = rows::known(self.pool(), reach).await?;
        for (field, known) in [
            ("service", known.service),
            ("team", known.team),
            ("system", known.system),
        ] {
            if !known {
                return no(
                    &format!("scope.{field}"),
                    &format!("the catalogue has no such {field}"),
                );
            }
        }
        Ok(())
    }
}

async fn commit_all(tx: ChangeTx, mut events: Vec<Event>) -> Result<()> {
    if events.is_empty() {
        return Ok(());
    }
    let first = events.remove(0);
    tx.commit(first, events).await
}

fn kinds(class: Class) -> (EventKind, EventKind) {
    match class {
        Class::Window => (EventKind::WindowCreated, EventKind::WindowEnded),
        Class::Freeze => (EventKind::FreezeCreated, EventKind::FreezeEnded),
        Class::Stop => (EventKind::StopCreated, EventKind::StopEnded),
    }
}

fn about(kind: EventKind, entry: &Entry) -> Event {
    Event::new(kind, SubjectRef::new(entry.class.as_str(), entry.id))
}

fn ended_by_time(entry: Entry) -> Event {
    about(EventKind::StopEnded, &entry)
        .with(json!({"reason": "its time was over", "entry": told(&entry)}))
}

/// All of it, for the log.
fn told(entry: &Entry) -> serde_json::Value {
    let when = match &entry.when {
        When::Once(Span { from, until }) => json!({"from": from, "until": until}),
        When::Recurring(r) => recurring(r),
        When::Open { until } => json!({"until": until}),
    };
    json!({"scope": entry.reach, "when": when, "zone": entry.zone.as_str(), "reason": entry.reason, "author": entry.author})
}

fn recurring(r: &Recurrence) -> serde_json::Value {
    json!({"rrule": r.rule_with_until(), "start": r.start().to_string(), "lasts_s": r.lasts().as_secs()})
}
