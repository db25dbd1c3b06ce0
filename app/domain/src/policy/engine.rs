//! Cedar behind the words of this crate.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    str::FromStr,
};

use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid, Policy,
    PolicyId, Request, RestrictedExpression as Expr, Schema, ValidationMode, Validator,
};
use jiff::Timestamp;

use super::{Action, Allowed, Read, Resource, ServiceSubject, Subject};
use crate::{Caller, Person, Refusal, RefusalCode, ServiceName, TeamName, canonical};

/// Which services, releases and changes a caller may see.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Visibility {
    All,
    /// Those of these teams, which may be none.
    Teams(BTreeSet<TeamName>),
}

impl Visibility {
    pub fn includes(&self, team: &TeamName) -> bool {
        match self {
            Self::All => true,
            Self::Teams(teams) => teams.contains(team),
        }
    }
}

/// A decision with the policies that determined it: those that permit, or those that forbid. None of them: no policy
/// permits it.
#[derive(Clone, Debug)]
pub struct Answer {
    pub action: &'static str,
    pub verdict: Result<(), Refusal>,
    pub policies: Vec<Determining>,
}

/// One policy by its `@id`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Determining {
    pub id: String,
    pub forbids: bool,
}

/// The validated policies, ready to decide.
#[derive(Debug)]
pub struct PolicySet {
    set: cedar_policy::PolicySet,
    schema: Schema,
    authorizer: Authorizer,
    version: String,
}

impl PolicySet {
    /// Parses and validates. `files` are (name, Cedar text); every policy carries a unique `@id`.
    ///
    /// # Errors
    /// Every mistake found, each with the file it is in.
    pub fn parse(schema: &str, files: &[(String, String)]) -> Result<Self, Vec<String>> {
        let version = hex::encode(&canonical::sha256(&format!("{schema}\n{files:?}"))[..8]);
        let (schema, _warnings) = Schema::from_cedarschema_str(schema)
            .map_err(|e| vec![format!("policy schema: {e}")])?;
        let mut wrong = vec![];
        let mut set = cedar_policy::PolicySet::new();
        for (file, text) in files {
            let parsed = match cedar_policy::PolicySet::from_str(text) {
                Ok(parsed) => parsed,
                Err(errors) => {
                    wrong.extend(errors.iter().map(|e| format!("{file}: {e}")));
                    continue;
                }
            };
            for policy in parsed.policies() {
                match named(policy) {
                    Some(policy) => {
                        if let Err(e) = set.add(policy) {
                            wrong.push(format!("{file}: {e}"));
                        }
                    }
                    None => wrong.push(format!("{file}: a policy without @id: {policy}")),
                }
            }
        }
        let report = Validator::new(schema.clone()).validate(&set, ValidationMode::default());
        wrong.extend(
            report
                .validation_errors()
                .map(|e| format!("policy does not fit the schema: {e}")),
        );
        if set.is_empty() {
            wrong.push("there is no policy at all: nobody could do anything".to_owned());
        }
        if wrong.is_empty() {
            Ok(Self {
                set,
                schema,
                authorizer: Authorizer::new(),
                version,
            })
        } else {
            Err(wrong)
        }
    }

    /// Changes whenever any policy does.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Job roles of which somebody could approve something: a rule that asks for any other could never be satisfied.
    /// Asked of the policies with one person of that role alone, of the owning team, at every kind of change.
    pub fn approvers(&self) -> BTreeSet<crate::JobRole> {
        let may = |role: &crate::JobRole| {
            crate::ChangeKind::ALL.iter().any(|kind| {
                [false, true]
                    .iter()
                    .any(|protected| self.could_approve(*role, *kind, *protected))
            })
        };
        crate::JobRole::ALL.into_iter().filter(may).collect()
    }

    fn could_approve(
        &self,
        role: crate::JobRole,
        kind: crate::ChangeKind,
        protected: bool,
    ) -> bool {
        let (Ok(team), Ok(environment), Ok(login)) = (
            TeamName::parse("any"),
            crate::EnvironmentName::parse("any"),
            crate::Login::parse("any"),
        ) else {
            return false;
        };
        let nobody = uuid::Uuid::nil();
        let person = Person {
            id: uuid::Uuid::max().into(),
            login,
            name: String::new(),
            job_roles: [role].into(),
            teams: [team.clone()].into(),
        };
        let caller = Caller {
            person,
            kind: crate::CallerKind::Job { step: None },
            request_id: nobody.into(),
            ip: None,
        };
        let resource = Resource {
            kind: "Change",
            id: nobody.to_string(),
            team: Some(team),
            environment: Some(environment),
            protected,
            change: Some(kind),
            owner: Some(nobody.into()),
            person: None,
        };
        self.check::<super::Approve>(&caller, &resource, Timestamp::UNIX_EPOCH)
            .is_ok()
    }

    /// Decides, and hands the subject back inside the proof.
    ///
    /// # Errors
    /// A refusal that says in words why not.
    pub fn decide<A: Action, S: Subject>(
        &self,
        caller: &Caller,
        _action: A,
        subject: S,
        now: Timestamp,
    ) -> Result<Allowed<A, S>, Refusal> {
        self.check::<A>(caller, &subject.resource(), now)?;
        Ok(Allowed {
            subject,
            by: caller.clone(),
            action: std::marker::PhantomData,
        })
    }

    /// The same decision without taking the subject: for buttons and lists.
    ///
    /// # Errors
    /// The refusal that `decide` would give.
    pub fn may<A: Action>(
        &self,
        caller: &Caller,
        _action: A,
        subject: &impl Subject,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        self.check::<A>(caller, &subject.resource(), now)
    }

    /// What the caller may see in lists, asked of the same policies.
    pub fn visibility(&self, caller: &Caller, now: Timestamp) -> Visibility {
        let reads = |team: &TeamName| {
            ServiceName::parse("any").is_ok_and(|name| {
                let subject = ServiceSubject {
                    name,
                    team: team.clone(),
                };
                self.may(caller, Read, &subject, now).is_ok()
            })
        };
        // A team nobody is in: whoever may read its services may read all.
        if TeamName::parse("no-such.team").is_ok_and(|t| !caller.person.in_team(&t) && reads(&t)) {
            return Visibility::All;
        }
        Visibility::Teams(
            caller
                .person
                .teams
                .iter()
                .filter(|t| reads(t))
                .cloned()
                .collect(),
        )
    }

    /// The same decision with the policies that determined it.
    pub fn explain<A: Action>(
        &self,
        caller: &Caller,
        _action: A,
        subject: &impl Subject,
        now: Timestamp,
    ) -> Answer {
        let resource = subject.resource();
        let verdict = self.check::<A>(caller, &resource, now);
        let asked = self.ask(caller, A::NAME, &resource, caller.is_stepped_up(now));
        let policies = asked.map_or_else(
            |_| vec![],
            |answer| {
                let mut all: Vec<Determining> = answer
                    .diagnostics()
                    .reason()
                    .map(|id| Determining {
                        id: id.to_string(),
                        forbids: answer.decision() == Decision::Deny,
                    })
                    .collect();
                all.sort_by(|a, b| a.id.cmp(&b.id));
                all
            },
        );
        Answer {
            action: A::NAME,
            verdict,
            policies,
        }
    }

    fn check<A: Action>(
        &self,
        caller: &Caller,
        resource: &Resource,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        if !caller.holds(A::SCOPE) {
            return Err(Refusal::new(
                RefusalCode::ScopeMissing,
                format!(
                    "This token lacks the scope '{}'. Create one that has it.",
                    A::SCOPE
                ),
            ));
        }
        let refusal = match self.answer::<A>(caller, resource, caller.is_stepped_up(now)) {
            Ok(()) => return Ok(()),
            Err(refusal) => refusal,
        };
        // "Sign in again" is only said to those whom it would help.
        if refusal.code == RefusalCode::StepUpRequired {
            self.answer::<A>(caller, resource, true)?;
        }
        Err(refusal)
    }

    fn answer<A: Action>(
        &self,
        caller: &Caller,
        resource: &Resource,
        stepped_up: bool,
    ) -> Result<(), Refusal> {
        let answer = self
            .ask(caller, A::NAME, resource, stepped_up)
            .map_err(|why| {
                Refusal::new(
                    RefusalCode::Forbidden,
                    format!("You may not {}: {why}.", A::WORDS),
                )
            })?;
        if answer.decision() == Decision::Allow && answer.diagnostics().errors().next().is_none() {
            return Ok(());
        }
        Err(self.refusal::<A>(caller, &answer))
    }

    fn refusal<A: Action>(&self, caller: &Caller, answer: &cedar_policy::Response) -> Refusal {
        // A forbid speaks for itself, and a plain one goes before "sign in again",
        // which would only lead to the next refusal.
        let mut spoken: Vec<(RefusalCode, String)> = answer
            .diagnostics()
            .reason()
            .filter_map(|id| {
                let code = match self.set.annotation(id, "code") {
                    Some("step_up_required") => RefusalCode::StepUpRequired,
                    _ => RefusalCode::Forbidden,
                };
                Some((code, self.set.annotation(id, "reason")?.to_owned()))
            })
            .collect();
        spoken.sort();
        if let Some((code, reason)) = spoken.into_iter().next() {
            return Refusal::new(code, reason);
        }
        let roles: Vec<_> = caller.person.job_roles.iter().map(|r| r.as_str()).collect();
        let standing = if roles.is_empty() {
            "you have no job role".to_owned()
        } else {
            format!("as {} here you are not entitled to", roles.join(" and "))
        };
        Refusal::new(
            RefusalCode::Forbidden,
            format!("You may not {}: {standing}.", A::WORDS),
        )
    }

    fn ask(
        &self,
        caller: &Caller,
        action: &str,
        resource: &Resource,
        stepped_up: bool,
    ) -> Result<cedar_policy::Response, String> {
        let principal = uid("Person", &caller.person.id.to_string())?;
        let action = uid("Action", action)?;
        let target = uid(resource.kind, &resource.id)?;
        let person = person(&principal, &caller.person)?;
        let mut attributes = HashMap::new();
        if let Some(team) = &resource.team {
            attributes.insert("team".to_owned(), Expr::new_string(team.to_string()));
        }
        if let Some(environment) = &resource.environment {
            attributes.insert(
                "environment".to_owned(),
                Expr::new_string(environment.to_string()),
            );
        }
        attributes.insert("protected".to_owned(), Expr::new_bool(resource.protected));
        if let Some(kind) = resource.change {
            attributes.insert("kind".to_owned(), Expr::new_string(kind.to_string()));
        }
        if let Some(owner) = resource.owner {
            attributes.insert(
                "owner".to_owned(),
                Expr::new_entity_uid(uid("Person", &owner.to_string())?),
            );
        }
        let mut all = vec![person];
        // A person may be asked about themselves; then one entity stands for both.
        if target != principal {
            all.push(match &resource.person {
                Some(about) => self::person(&target, about)?,
                None => Entity::new(target.clone(), attributes, HashSet::new())
                    .map_err(|e| e.to_string())?,
            });
        }
        let entities = Entities::from_entities(all, None).map_err(|e| e.to_string())?;
        let context = Context::from_pairs([
            (
                "door".to_owned(),
                Expr::new_string(caller.kind.as_str().to_owned()),
            ),
            ("stepped_up".to_owned(), Expr::new_bool(stepped_up)),
        ])
        .map_err(|e| e.to_string())?;
        let request = Request::new(principal, action, target, context, Some(&self.schema))
            .map_err(|e| e.to_string())?;
        Ok(self
            .authorizer
            .is_authorized(&request, &self.set, &entities))
    }
}

/// The policy under the name its author gave it, so that explanations can name it.
fn named(policy: &Policy) -> Option<Policy> {
    let id = policy.annotation("id")?;
    Some(policy.new_id(PolicyId::new(id)))
}

fn person(uid: &EntityUid, person: &Person) -> Result<Entity, String> {
    let strings =
        |items: Vec<&str>| Expr::new_set(items.into_iter().map(|s| Expr::new_string(s.to_owned())));
    let roles = person.job_roles.iter().map(|r| r.as_str()).collect();
    let teams = person.teams.iter().map(TeamName::as_str).collect();
    let attributes = HashMap::from([
        ("roles".to_owned(), strings(roles)),
        ("teams".to_owned(), strings(teams)),
    ]);
    Entity::new(uid.clone(), attributes, HashSet::new()).map_err(|e| e.to_string())
}

fn uid(kind: &str, id: &str) -> Result<EntityUid, String> {
    let kind = EntityTypeName::from_str(kind).map_err(|e| e.to_string())?;
    Ok(EntityUid::from_type_name_and_id(kind, EntityId::new(id)))
}

#[cfg(test)]
#[path = "engine_tests.rs"]
mod tests;
