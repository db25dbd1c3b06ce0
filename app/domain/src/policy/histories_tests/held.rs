//! The calendar's part of the driver: entries that come and go, and overrides of them.

use super::{road::Road, *};

impl Road<'_> {
    /// A freeze, window or stop somewhere around now, of everything or of somewhere else.
    pub(super) fn make_entry(&mut self, chance: &mut Chance) {
        let hours = |n: u64| SignedDuration::from_hours(n.cast_signed());
        let from = self.now - hours(3) + hours(chance.below(8));
        let class = match chance.below(6) {
            0 => Class::Stop,
            1 | 2 => Class::Window,
            _ => Class::Freeze,
        };
        let until = from + hours(1 + chance.below(8));
        let elsewhere = chance.one_in(4);
        let entry = Entry {
            id: ScheduleId(Uuid::from_u128(u128::from(chance.next()))),
            class,
            reach: Reach {
                environment: elsewhere.then(|| EnvironmentName::parse("dev").expect("environment")),
                ..Reach::default()
            },
            when: match class {
                Class::Stop => When::Open { until: None },
                Class::Freeze | Class::Window => When::Once(Span { from, until }),
            },
            zone: Zone::parse("UTC").expect("zone"),
            reason: "year end".into(),
            author: self.people[4].login.clone(),
            created_at: self.now,
            ended: None,
        };
        if !elsewhere {
            self.log.push(Happened::Made(Box::new(entry.clone())));
        }
        self.entries.push(entry);
    }

    pub(super) fn end_entry(&mut self, chance: &mut Chance) {
        if self.entries.is_empty() {
            return;
        }
        let n = usize::try_from(chance.below(self.entries.len() as u64)).expect("small");
        let entry = self.entries.remove(n);
        self.log.push(Happened::EndedEntry(entry.id));
    }

    fn facts(&self) -> Facts {
        let change = &self.change;
        Facts {
            kind: change.kind,
            service: change.service.clone(),
            team: change.team.clone(),
            system: None,
            environment: change.environment.clone(),
            regions: vec![],
        }
    }

    fn may_start(&self) -> crate::schedule::MayStart {
        let calendar = Calendar::new(self.entries.clone(), self.now);
        let digest = self.change.evidence_digest;
        calendar.may_start(&self.facts(), digest, &self.overrides, self.now)
    }

    pub(super) fn is_held(&self) -> bool {
        self.without != Without::Calendar
            && !self.entries.is_empty()
            && self.may_start().verdict().is_err()
    }

    /// Asks for an override, or is the second person of the one that waits.
    pub(super) fn override_it(&mut self, who: usize, seen: u8) {
        let caller = self.caller(who);
        let change = self.change.clone();
        let Some(allowed) = self
            .policies
            .decide(&caller, OverrideFreeze, change, self.now)
        else {
            return;
        };
        let waiting = self.overrides.iter().rposition(|o| o.waits(self.now));
        let Some(n) = waiting else {
            let decision = self.may_start();
            let until = self.now + SignedDuration::from_hours(4);
            let reason = Reason::parse("it cannot wait").expect("reason");
            let entries = decision.overridable();
            if allowed
                .ask(digest(seen), &entries, &reason, until, self.now)
                .is_ok()
            {
                self.overrides.push(Override {
                    id: crate::OverrideId(Uuid::from_u128(1)),
                    evidence_digest: digest(seen),
                    entries,
                    reason: reason.to_string(),
                    asked_by: caller.person.id,
                    asked_login: caller.person.login.clone(),
                    asked_at: self.now,
                    expires_at: until,
                    confirmed_login: None,
                    confirmed_at: None,
                });
            }
            return;
        };
        let asked = &mut self.overrides[n];
        let second = allowed.confirm(asked, digest(seen), self.now);
        if second.is_err() && self.without != Without::SecondPerson {
            return;
        }
        asked.confirmed_login = Some(caller.person.login.clone());
        asked.confirmed_at = Some(self.now);
        let asked_by = asked.asked_by;
        let (entries, until) = (asked.entries.clone(), asked.expires_at.as_second());
        let asked_by = self.people.iter().position(|p| p.id == asked_by);
        self.log.push(Happened::Overridden {
            asked_by: asked_by.expect("one of them"),
            confirmed_by: who,
            entries,
            until,
        });
    }

    /// Something that an override passes was on when it ran.
    pub(super) fn was_overridden(&self) -> bool {
        let mut overridden = false;
        for happened in &self.log {
            match happened {
                Happened::Overridden { .. } => overridden = true,
                Happened::Ran { .. } => return overridden,
                _ => {}
            }
        }
        false
    }
}
