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
    policies: &'a Asked,
    without: Without,
    pub(super) people: Vec<Person>,
    /// Who may do nothing any more.
    pub(super) gone: BTreeSet<usize>,
    pub(super) change: Change,
    pub(super) needs: Vec<Requirement>,
    approvals: Vec<Approval>,
    /// What would be done now; the change was asked for with 1.
    evidence: u8,
    now: Timestamp,
    grant: Option<EvidenceDigest>,
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
            log: vec![],
        };
        road.change = road.change.clone().plan().expect("plans").0;
        if road.needs.is_empty() {
            road.make_ready();
        } else {
            road.change = road.change.clone().await_approval().expect("waits").0;
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

    /// The approvals that hold now, as `count_approvals` counts them.
    pub(super) fn status(&self) -> Vec<RequirementStatus> {
        let standing: Vec<Approval> = self
            .approvals
            .iter()
            .filter(|a| !self.gone.iter().any(|n| self.people[*n].id == a.person.id))
            .cloned()
            .collect();
        let change = &self.change;
        tally(
            &self.needs,
            &standing,
            change.requester,
            &change.team,
            change.evidence_digest,
        )
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
        self.change = change;
        self.approvals.push(Approval {
            id: ApprovalId(Uuid::from_u128(1)),
            person: caller.person,
            on_behalf_of: None,
            verdict: Verdict::Approve,
            evidence_digest: digest(seen),
            comment: String::new(),
            stepped_up: true,
            at: self.now,
        });
        self.log.push(Happened::Approved {
            by: who,
            digest: seen,
        });
        if self.status().iter().all(RequirementStatus::is_satisfied) {
            self.make_ready();
        }
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

    pub(super) fn start(&mut self, who: usize) {
        let caller = self.caller(who);
        let subject = self.subject(ChangeState::Approved);
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
        if digest(self.evidence) != subject.evidence_digest && self.without != Without::Evidence {
            if let Ok((change, _)) = subject.mark_stale(&json!({})) {
                self.change = change;
                self.log.push(Happened::Stale);
            }
            return;
        }
        let agreed = self.status().iter().all(RequirementStatus::is_satisfied);
        if !agreed && self.without != Without::Quorum {
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
        match chance.below(20) {
            0..=7 => {
                let seen = 1 + u8::from(chance.one_in(6));
                self.approve(who, seen);
            }
            8..=12 => self.start(who),
            13 => self.cancel(who),
            14 if chance.one_in(4) => self.reject(who),
            14 | 15 => self.now += SignedDuration::from_hours(1 + chance.below(6).cast_signed()),
            16 => self.expire(),
            17 if chance.one_in(2) => self.evidence = 1 + u8::from(self.evidence == 1),
            17 | 18 => {
                self.gone.insert(who);
            }
            _ => self.run(chance),
        }
    }
}
