//! The driver: it does with the functions of the domain what the use cases do with them.

use super::*;

/// Kind of question, who, and of what standing the subject is.
type Question = (TypeId, PersonId, bool, bool, bool);

/// What policy says, asked once for each standing: it is a function of who, what, whose and where, and nothing else.
pub(super) struct Asked {
    policies: PolicySet,
    answers: RefCell<HashMap<Question, bool>>,
}

impl Asked {
    pub(super) fn new(without: Without) -> Self {
        Self {
            policies: policies(without),
            answers: RefCell::default(),
        }
    }

    pub(super) fn decide<A: Action + Copy + 'static>(
        &self,
        caller: &Caller,
        action: A,
        subject: Change,
        now: Timestamp,
    ) -> Option<Allowed<A, Change>> {
        let key = (
            TypeId::of::<A>(),
            caller.person.id,
            caller.person.job_roles.is_empty(),
            subject.requester == caller.person.id,
            subject.protected,
        );
        let yes = *self
            .answers
            .borrow_mut()
            .entry(key)
            .or_insert_with(|| self.policies.may(caller, action, &subject, now).is_ok());
        yes.then(|| Allowed {
            subject,
            by: caller.clone(),
            action: PhantomData,
        })
    }
}

/// One change, the world around it, and what happened so far.
pub(super) struct Road<'a> {
    pub(super) policies: &'a Asked,
    pub(super) without: Without,
    pub(super) people: Vec<Person>,
    /// Who may do nothing any more.
    pub(super) gone: BTreeSet<usize>,
    pub(super) change: Change,
    pub(super) needs: Vec<Requirement>,
    approvals: Vec<Approval>,
    /// What would be done now; the change was asked for with 1.
    evidence: u8,
    pub(super) now: Timestamp,
    grant: Option<EvidenceDigest>,
    pub(super) entries: Vec<Entry>,
    pub(super) overrides: Vec<Override>,
    /// Its own wish: not before a time, not before another change has succeeded.
    pub(super) wishes: Prerequisites,
    /// Who stands in for whom, and until when.
    stand_ins: Vec<(usize, usize, Timestamp)>,
    pub(super) log: Vec<Happened>,
}

impl<'a> Road<'a> {
    pub(super) fn new(chance: &mut Chance, policies: &'a Asked, without: Without) -> Self {
        let people = people();
        let requester = usize::try_from(chance.below(PEOPLE as u64)).expect("small");
        let protected = chance.one_in(3);
        let mut needs = vec![];
        if !chance.one_in(4) {
            needs.push(need(1 + u32::from(chance.one_in(3)), Approvers::OwningTeam));
        }
        if chance.one_in(2) {
            needs.push(need(1, Approvers::JobRole(JobRole::Manager)));
        }
        let change = Change {
            id: ChangeId(Uuid::from_u128(9)),
            kind: ChangeKind::Deploy,
            state: ChangeState::Requested,
            requester: people[requester].id,
            requester_login: people[requester].login.clone(),
            service: ServiceName::parse("cart").expect("service"),
            team: TeamName::parse("checkout").expect("team"),
            version: Version::parse("1.0.0").expect("version"),
            environment: EnvironmentName::parse("staging").expect("environment"),
            protected,
            evidence_digest: digest(1),
            start_mode: StartMode::Manual,
            cancel_requested: false,
            expires_at: start_of_time() + SignedDuration::from_hours(10),
        };
        let mut road = Self {
            policies,
            without,
            people,
            gone: BTreeSet::new(),
            change,
            needs,
            approvals: vec![],
            evidence: 1,
            now: start_of_time(),
            grant: None,
            entries: vec![],
            overrides: vec![],
            wishes: Prerequisites {
                start_at: chance
                    .one_in(6)
                    .then(|| start_of_time() + SignedDuration::from_hours(3)),
                after: if chance.one_in(6) {
                    vec![(ChangeId(Uuid::from_u128(8)), ChangeState::Running)]
                } else {
                    vec![]
                },
                not_promoted_from: None,
            },
            stand_ins: vec![],
            log: vec![],
        };
        road.change = road.change.clone().plan().expect("plans").0;
        if road.needs.is_empty() {
            road.make_ready();
        } else {
            road.change = road.change.clone().await_approval().expect("waits").0;
        }
        if chance.one_in(4) {
            road.make_entry(chance);
        }
        road
    }

    pub(super) fn caller(&self, who: usize) -> Caller {
        let mut person = self.people[who].clone();
        if self.gone.contains(&who) {
            person.job_roles.clear();
            person.teams.clear();
        }
        Caller {
            person,
            kind: CallerKind::Person {
                session: SessionId(Uuid::from_u128(1)),
                authentication: Authentication {
                    auth_time: self.now,
                    mfa: true,
                },
            },
            request_id: RequestId(Uuid::from_u128(1)),
            ip: None,
        }
    }

    /// The change as the move looks at it; with the states taken away, in the one that lets it pass.
    pub(super) fn subject(&self, pretended: ChangeState) -> Change {
        let mut change = self.change.clone();
        if self.without.states() {
            change.state = pretended;
        }
        change
    }

    pub(super) fn over(&self) -> bool {
        self.now >= self.change.expires_at && self.without != Without::Expiry
    }

    pub(super) fn make_ready(&mut self) {
        let (change, _) = self.change.clone().make_ready().expect("ready");
        self.change = change;
        self.grant.get_or_insert(self.change.evidence_digest);
        self.log.push(Happened::Granted);
    }

    fn may_approve(&self, person: &Person) -> bool {
        let who = self.people.iter().position(|p| p.id == person.id);
        let caller = self.caller(who.expect("one of them"));
        self.policies
            .decide(&caller, Approve, self.change.clone(), self.now)
            .is_some()
    }

    /// How far it is agreed to now, as `Control::agreement` counts.
    fn agreement(&self) -> Agreement {
        let gone = |person: &Person| self.gone.iter().any(|n| self.people[*n].id == person.id);
        let behind = |person: &Person| {
            self.without == Without::Behind || !gone(person) && self.may_approve(person)
        };
        let approvals: Vec<Approval> = self
            .approvals
            .iter()
            .map(|approval| Approval {
                on_behalf_of: approval.on_behalf_of.clone().filter(behind),
                ..approval.clone()
            })
            .collect();
        let mut change = self.change.clone();
        if self.without == Without::FourEyes {
            change.requester = PersonId(Uuid::nil());
        }
        Agreement::of(&change, &self.needs, &approvals, |approval| {
            if gone(&approval.person) || !self.may_approve(&approval.person) {
                return Err(Refusal::new(RefusalCode::Forbidden, "gone"));
            }
            Ok(())
        })
    }

    /// Whom this person's word would be given for: nobody where it counts by itself.
    fn behind(&self, who: usize) -> Option<usize> {
        let (agreement, person) = (self.agreement(), &self.people[who]);
        if !agreement
            .would_serve(&self.change, person, None, true)
            .is_empty()
        {
            return None;
        }
        let anybody: Vec<usize> = if self.without == Without::Delegation {
            (0..PEOPLE).filter(|other| *other != who).collect()
        } else {
            let asked = self.stand_ins.iter();
            asked
                .filter(|(_, to, until)| *to == who && self.now < *until)
                .map(|(from, ..)| *from)
                .collect()
        };
        anybody.into_iter().find(|from| {
            let other = &self.people[*from];
            !self.gone.contains(from)
                && self.may_approve(other)
                && !agreement
                    .would_serve(&self.change, person, Some(other), true)
                    .is_empty()
        })
    }

    pub(super) fn approve(&mut self, who: usize, seen: u8) {
        let caller = self.caller(who);
        if self.over()
            || self
                .approvals
                .iter()
                .any(|a| a.person.id == caller.person.id)
        {
            return;
        }
        let subject = self.subject(ChangeState::AwaitingApproval);
        let Some(allowed) = self.policies.decide(&caller, Approve, subject, self.now) else {
            return;
        };
        let Ok((change, _)) = allowed.approve(digest(seen)) else {
            return;
        };
        let behind = self.behind(who);
        self.approvals.push(Approval {
            id: ApprovalId(Uuid::from_u128(1)),
            person: caller.person.clone(),
            on_behalf_of: behind.map(|behind| self.people[behind].clone()),
            verdict: Verdict::Approve,
            evidence_digest: digest(seen),
            comment: String::new(),
            stepped_up: true,
            at: self.now,
        });
        let agreement = self.agreement();
        let counts = |s: &RequirementStatus| s.given_by.contains(&caller.person.id);
        if !agreement.is_reached() && !agreement.status.iter().any(counts) {
            // A word that changes nothing is not taken.
            self.approvals.pop();
            return;
        }
        self.change = change;
        self.log.push(Happened::Approved {
            by: who,
            behind,
            digest: seen,
            at: self.now.as_second(),
        });
        if agreement.is_reached() {
            self.make_ready();
        }
    }

    /// Somebody asks somebody to stand in for them for a while.
    pub(super) fn stand_in(&mut self, from: usize, to: usize) {
        if from == to || self.gone.contains(&from) {
            return;
        }
        let until = self.now + SignedDuration::from_hours(5);
        self.stand_ins.push((from, to, until));
        self.log.push(Happened::StandIn {
            from,
            to,
            until: until.as_second(),
        });
    }

    pub(super) fn was_stood_in(&self) -> bool {
        let word = |h: &Happened| {
            matches!(
                h,
                Happened::Approved {
                    behind: Some(_),
                    ..
                }
            )
        };
        self.log.iter().any(word)
    }

    pub(super) fn reject(&mut self, who: usize) {
        let subject = self.subject(ChangeState::AwaitingApproval);
        let caller = self.caller(who);
        let Some(allowed) = self.policies.decide(&caller, Reject, subject, self.now) else {
            return;
        };
        if let Ok((change, _)) = allowed.reject(digest(1)) {
            self.change = change;
            self.log.push(Happened::Rejected);
        }
    }

    /// `times`: so many start what they read at one and the same moment.
    pub(super) fn start(&mut self, who: usize, times: usize) {
        let subject = self.subject(ChangeState::Approved);
        for _ in 0..times {
            self.start_what_was_read(who, subject.clone());
        }
    }

    fn start_what_was_read(&mut self, who: usize, subject: Change) {
        let caller = self.caller(who);
        let Some(allowed) = self
            .policies
            .decide(&caller, Start, subject.clone(), self.now)
        else {
            return;
        };
        if !matches!(
            subject.state,
            ChangeState::Approved | ChangeState::Scheduled
        ) {
            assert!(
                allowed.start(RunId(Uuid::nil())).is_err(),
                "{}",
                subject.state
            );
            return;
        }
        if self.over() {
            self.expire();
            return;
        }
        let early = hold::verdict(&self.wishes.holds(self.now)).is_err();
        if early && self.without != Without::Wishes || self.is_held() {
            return;
        }
        if digest(self.evidence) != subject.evidence_digest && self.without != Without::Evidence {
            if let Ok((change, _)) = subject.mark_stale(&json!({})) {
                self.change = change;
                self.log.push(Happened::Stale);
            }
            return;
        }
        if !self.agreement().is_reached() && self.without != Without::Quorum {
            if let Ok((change, _)) = subject.lose_quorum("gone") {
                self.change = change;
                self.log.push(Happened::QuorumLost);
            }
            return;
        }
        let Ok((change, _)) = allowed.start(RunId(Uuid::nil())) else {
            return;
        };
        // As the statement that consumes it: for this digest, once.
        if !self.without.grant() {
            match self.grant {
                Some(granted) if granted == change.evidence_digest => {
                    self.grant = Some(digest(0));
                }
                _ => return,
            }
        }
        self.change = change;
        self.log.push(Happened::Ran {
            evidence: self.evidence,
            at: self.now.as_second(),
        });
    }

    pub(super) fn cancel(&mut self, who: usize) {
        let caller = self.caller(who);
        let change = self.change.clone();
        let Some(allowed) = self.policies.decide(&caller, Cancel, change, self.now) else {
            return;
        };
        if let Ok((change, _)) = allowed.cancel("no more") {
            let ended = change.state == ChangeState::Cancelled;
            self.change = change;
            if ended {
                self.log.push(Happened::Cancelled);
            }
        }
    }

    pub(super) fn expire(&mut self) {
        if let Ok((change, _)) = self.change.clone().expire(self.now) {
            self.change = change;
            self.log.push(Happened::Expired);
        }
    }

    /// The run goes on by itself: it is parked and resumed, fails, succeeds, or stops as was asked.
    pub(super) fn run(&mut self, chance: &mut Chance) {
        let change = self.change.clone();
        let moved = match chance.below(5) {
            0 => change.succeed(),
            1 => change.fail("broken"),
            2 | 3 => change.park("unclear"),
            _ => change.finish_cancel(&json!({})),
        };
        if let Ok((change, _)) = moved {
            if change.state.is_final() {
                self.log.push(Happened::Ended);
            }
            self.change = change;
        }
    }

    pub(super) fn step(&mut self, chance: &mut Chance) {
        let who = usize::try_from(chance.below(PEOPLE as u64)).expect("small");
        match chance.below(27) {
            0..=8 => {
                let seen = 1 + u8::from(chance.one_in(6));
                self.approve(who, seen);
            }
            9..=13 => {
                let times = 1 + usize::from(chance.one_in(4));
                self.start(who, times);
            }
            14 => self.cancel(who),
            15 if chance.one_in(4) => self.reject(who),
            15 | 16 => self.now += SignedDuration::from_hours(1 + chance.below(6).cast_signed()),
            17 => self.expire(),
            18 if chance.one_in(2) => self.evidence = 1 + u8::from(self.evidence == 1),
            18 | 19 => {
                self.gone.insert(who);
                self.log.push(Happened::Gone(who));
            }
            20 => {
                // Of those who may be asked for, mostly.
                let from = if chance.one_in(4) { who } else { who % 3 };
                let to = usize::try_from(chance.below(PEOPLE as u64)).expect("small");
                self.stand_in(from, to);
            }
            21 if chance.one_in(2) => self.make_entry(chance),
            21 => self.end_entry(chance),
            22 | 23 => {
                let seen = 1 + u8::from(chance.one_in(8));
                // Managers and the operator, mostly: the others have not the right to.
                let who = if chance.one_in(6) { who } else { 2 + who % 3 };
                self.override_it(who, seen);
            }
            24 => {
                for (_, state) in &mut self.wishes.after {
                    *state = ChangeState::Succeeded;
                    self.log.push(Happened::OtherSucceeded);
                }
            }
            _ => self.run(chance),
        }
    }
}
