//! The road of a change as a state machine, walked at random: a hundred thousand histories of people asking, deciding,
//! starting, cancelling, of time passing, evidence moving and people losing their standing.
//!
//! The functions of the domain are what is under test: policy, transitions, tally, expiry. The driver below does with them
//! what the use cases do, and an observer that shares nothing with it reads the list of what happened and looks for what
//! may never be there. Each of its findings is shown to be possible by taking one rule away.

#[path = "histories_tests/road.rs"]
mod road;

use std::{
    any::TypeId,
    cell::RefCell,
    collections::{BTreeMap, BTreeSet, HashMap},
    marker::PhantomData,
};

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use uuid::Uuid;

use super::{Action, Allowed, Approve, Cancel, PolicySet, Reject, Start};
use crate::{
    Approval, ApprovalId, Approvers, Authentication, Caller, CallerKind, Change, ChangeId,
    ChangeKind, ChangeState, EnvironmentName, EvidenceDigest, JobRole, Login, Person, PersonId,
    RequestId, Requirement, RequirementStatus, RunId, ServiceName, SessionId, StartMode, TeamName,
    Verdict, Version, rule::tally,
};

use road::{Asked, Road};

const SCHEMA: &str = include_str!("../../../../server/policy/portolan.cedarschema");
const POLICIES: &str = include_str!("../../../../server/policy/portolan.cedar");
const HISTORIES: u64 = 100_000;
const PEOPLE: usize = 6;

/// What is taken away, to see that somebody notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Without {
    Nothing,
    /// The policy that a requester never approves.
    FourEyes,
    /// The look at the evidence at the start.
    Evidence,
    /// The look at the time at the start and at a decision.
    Expiry,
    /// That a grant is used up.
    Grant,
    /// That approvals are counted again at the start.
    Quorum,
    /// That a state is looked at at all: each move begins from one that allows it.
    States,
    /// Both of these.
    StatesAndGrant,
}

impl Without {
    fn states(self) -> bool {
        matches!(self, Self::States | Self::StatesAndGrant)
    }
    fn grant(self) -> bool {
        matches!(self, Self::Grant | Self::StatesAndGrant)
    }
}

/// What happened, as an audit log would tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Happened {
    Approved {
        by: usize,
        digest: u8,
    },
    Rejected,
    Granted,
    /// A run began; `evidence` is what would be done at that moment.
    Ran {
        evidence: u8,
        at: i64,
    },
    Cancelled,
    Expired,
    Stale,
    QuorumLost,
    Ended,
}

/// `SplitMix64`: a history is its seed.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

fn policies(without: Without) -> PolicySet {
    let mut text = POLICIES.to_owned();
    if without == Without::FourEyes {
        let at = text
            .find("@id(\"requesters-never-decide\")")
            .expect("the policy");
        let end = at + text[at..].find("};").expect("its end") + 2;
        text.replace_range(at..end, "");
    }
    PolicySet::parse(SCHEMA, &[("portolan.cedar".into(), text)]).expect("policies")
}

fn digest(n: u8) -> EvidenceDigest {
    EvidenceDigest([n; 32])
}

fn start_of_time() -> Timestamp {
    Timestamp::from_second(1_800_000_000).expect("in range")
}

fn person(n: usize, role: JobRole, team: &str) -> Person {
    Person {
        id: PersonId(Uuid::from_u128(n as u128 + 1)),
        login: Login::parse(format!("person{n}")).expect("login"),
        name: format!("Person {n}"),
        job_roles: [role].into(),
        teams: [TeamName::parse(team).expect("team")].into(),
    }
}

/// Two developers and a manager of the owning team, a manager of another, an operator, an auditor. One of them asks.
fn people() -> Vec<Person> {
    use JobRole as R;
    [
        (R::Developer, "checkout"),
        (R::Developer, "checkout"),
        (R::Manager, "checkout"),
        (R::Manager, "catalog"),
        (R::Operator, "platform"),
        (R::Auditor, "platform"),
    ]
    .into_iter()
    .enumerate()
    .map(|(n, (role, team))| person(n, role, team))
    .collect()
}

fn need(count: u32, of: Approvers) -> Requirement {
    Requirement {
        rule: "a rule".into(),
        count,
        of,
        step_up: false,
    }
}

/// What may never be in a history, read from its log alone.
fn violation(road: &Road<'_>) -> Option<&'static str> {
    let requester = road
        .people
        .iter()
        .position(|p| p.id == road.change.requester);
    let mut runs = 0;
    let mut ended = false;
    let mut agreed: BTreeMap<usize, u8> = BTreeMap::new();
    for happened in &road.log {
        match *happened {
            Happened::Approved { by, digest } => {
                if Some(by) == requester {
                    return Some("a requester approved their own change");
                }
                if digest != 1 {
                    return Some("an approval of other evidence was taken");
                }
                if agreed.insert(by, digest).is_some() {
                    return Some("somebody was counted twice");
                }
            }
            Happened::Ran { evidence, at } => {
                runs += 1;
                if runs > 1 {
                    return Some("one grant ran twice");
                }
                if evidence != 1 {
                    return Some("changed evidence was run");
                }
                if ended {
                    return Some("a change ran after its end");
                }
                if at >= road.change.expires_at.as_second() {
                    return Some("a change ran after it had expired");
                }
                let needed: u32 = road.needs.iter().map(|need| need.count).sum();
                if agreed.len() < needed as usize {
                    return Some("a change ran with too few approvals");
                }
            }
            Happened::Rejected | Happened::Cancelled | Happened::Expired | Happened::Stale => {
                ended = true;
            }
            Happened::Granted | Happened::QuorumLost | Happened::Ended => {}
        }
    }
    None
}

/// Whoever had lost their standing by then may not have been needed for the run.
fn ran_on_the_word_of_somebody_gone(
    road: &Road<'_>,
    gone_at_run: Option<&BTreeSet<usize>>,
) -> bool {
    let Some(gone) = gone_at_run else {
        return false;
    };
    let words = road.log.iter().filter(|happened| match happened {
        Happened::Approved { by, .. } => !gone.contains(by),
        _ => false,
    });
    let needed: u32 = road.needs.iter().map(|need| need.count).sum();
    words.count() < needed as usize
}

struct Walked {
    found: Option<(u64, &'static str, Vec<Happened>)>,
    /// How many histories came to a run, to an end without one, to a resumed run.
    ran: u64,
    stale: u64,
    expired: u64,
    lost: u64,
}

fn walk(without: Without, seeds: std::ops::Range<u64>) -> Walked {
    let policies = Asked::new(without);
    let mut walked = Walked {
        found: None,
        ran: 0,
        stale: 0,
        expired: 0,
        lost: 0,
    };
    for seed in seeds {
        let mut chance = Chance(seed);
        let mut road = Road::new(&mut chance, &policies, without);
        let mut gone_at_run = None;
        for _ in 0..6 + chance.below(14) {
            let before = road.log.len();
            road.step(&mut chance);
            if road.log[before..]
                .iter()
                .any(|h| matches!(h, Happened::Ran { .. }))
            {
                gone_at_run = Some(road.gone.clone());
            }
            if road.change.state.is_final() && without == Without::Nothing && chance.one_in(2) {
                break;
            }
        }
        let has = |wanted: fn(&Happened) -> bool| u64::from(road.log.iter().any(wanted));
        walked.ran += has(|h| matches!(h, Happened::Ran { .. }));
        walked.stale += has(|h| *h == Happened::Stale);
        walked.expired += has(|h| *h == Happened::Expired);
        walked.lost += has(|h| *h == Happened::QuorumLost);
        let mut found = violation(&road);
        if ran_on_the_word_of_somebody_gone(&road, gone_at_run.as_ref()) {
            found = found.or(Some(
                "a change ran on the word of somebody without standing",
            ));
        }
        if let Some(what) = found {
            walked.found = Some((seed, what, road.log.clone()));
            return walked;
        }
    }
    walked
}

#[test]
fn no_history_breaks_the_rules_of_the_road() {
    let threads = 4;
    let share = HISTORIES / threads;
    let parts: Vec<Walked> = std::thread::scope(|scope| {
        let walks: Vec<_> = (0..threads)
            .map(|n| scope.spawn(move || walk(Without::Nothing, n * share..(n + 1) * share)))
            .collect();
        walks
            .into_iter()
            .map(|walk| walk.join().expect("walked"))
            .collect()
    });
    for part in &parts {
        assert_eq!(part.found, None);
    }
    // Histories that never get anywhere would prove nothing.
    let sum = |of: fn(&Walked) -> u64| parts.iter().map(of).sum::<u64>();
    let all = (
        sum(|p| p.ran),
        sum(|p| p.stale),
        sum(|p| p.expired),
        sum(|p| p.lost),
    );
    assert!(
        all.0 > HISTORIES / 10 && all.1 > 1_000 && all.2 > 1_000 && all.3 > 200,
        "ran, stale, expired, lost: {all:?}"
    );
}

#[test]
fn each_rule_that_is_taken_away_is_missed() {
    for (without, missed) in [
        (Without::FourEyes, "a requester approved their own change"),
        (Without::Evidence, "changed evidence was run"),
        (Without::Expiry, "a change ran after it had expired"),
        (
            Without::Quorum,
            "a change ran on the word of somebody without standing",
        ),
        (Without::States, "a change ran after its end"),
        (Without::StatesAndGrant, "one grant ran twice"),
    ] {
        // Several rules hold the same line: the first finding may be another one.
        let mut found = BTreeSet::new();
        for n in 0..400 {
            found.extend(
                walk(without, n * 200..(n + 1) * 200)
                    .found
                    .map(|(_, what, _)| what),
            );
            if found.contains(missed) {
                break;
            }
        }
        assert!(found.contains(missed), "without {without:?}: {found:?}");
    }
    // Two rules keep a change from running twice, and either does so alone.
    let doubled = (0..40)
        .filter_map(|n| walk(Without::Grant, n * 1_000..(n + 1) * 1_000).found)
        .count();
    assert_eq!(
        doubled, 0,
        "the states hold that line without the grant, too"
    );
}
