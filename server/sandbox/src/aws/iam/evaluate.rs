//! The decision: explicit deny wins, every layer in force must allow, and the answer says which statement decided.
use super::document::{Effect, Named, Policy, Set, Statement};
use super::pattern;
use super::request::{Principal, Request};

/// Where a policy is attached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layer {
    /// On the role or user.
    Identity,
    /// The permissions boundary of the role or user.
    Boundary,
    /// Passed in when the session was made.
    Session,
    /// The trust policy of the role that is asked for.
    Trust,
}

/// Every policy that has a say.
#[derive(Debug, Clone, Default)]
pub struct Policies<'a> {
    /// Policies of the role or user.
    pub identity: &'a [Policy],
    /// Permissions boundary; absent = no limit.
    pub boundary: Option<&'a Policy>,
    /// Session policies; absent = no limit, present = each request needs one that allows.
    pub session: Option<&'a [Policy]>,
    /// Trust policy of the target role, for `sts:AssumeRole` and its companions.
    pub trust: Option<&'a Policy>,
}

/// The statement that decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Because {
    /// Where its policy is attached.
    pub layer: Layer,
    /// Which policy of that layer, from 0.
    pub policy: usize,
    /// Which statement, from 0.
    pub statement: usize,
    /// Its `Sid`.
    pub sid: Option<String>,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Allowed, by one statement of each layer in force.
    Allowed(Vec<Because>),
    /// Denied by a statement.
    ExplicitlyDenied(Because),
    /// Denied because no statement of this layer allows.
    ImplicitlyDenied(Layer),
}

impl Decision {
    /// Whether the action may be done.
    pub fn is_allowed(&self) -> bool {
        matches!(self, Self::Allowed(_))
    }

    /// The end of AWS's message: `because no session policy allows the eks:DescribeCluster action`. `None` if allowed.
    pub fn reason(&self, action: &str) -> Option<String> {
        match self {
            Self::Allowed(_) => None,
            Self::ExplicitlyDenied(because) => Some(format!(
                "with an explicit deny in {}",
                because.layer.with_article()
            )),
            Self::ImplicitlyDenied(layer) => Some(format!(
                "because no {} allows the {action} action",
                layer.words()
            )),
        }
    }

    /// AWS's `AccessDenied` message for this decision. `None` if allowed.
    pub fn message(&self, request: &Request) -> Option<String> {
        let reason = self.reason(&request.action)?;
        let Request {
            principal,
            action,
            resource,
            ..
        } = request;
        let on = if resource == "*" {
            String::new()
        } else {
            format!(" on resource: {resource}")
        };
        Some(format!(
            "User: {} is not authorized to perform: {action}{on} {reason}",
            principal.arn
        ))
    }
}

impl Layer {
    fn words(self) -> &'static str {
        match self {
            Self::Identity => "identity-based policy",
            Self::Boundary => "permissions boundary",
            Self::Session => "session policy",
            Self::Trust => "role trust policy",
        }
    }

    fn with_article(self) -> &'static str {
        match self {
            Self::Identity => "an identity-based policy",
            Self::Boundary => "a permissions boundary",
            Self::Session => "a session policy",
            Self::Trust => "the role trust policy",
        }
    }
}

/// How far a statement's principals meet the caller.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Meets {
    /// Named itself, or everybody is.
    Directly,
    /// Its account is named: the account's own policies still have to allow.
    ByAccount,
}

/// Decides one request.
pub fn evaluate(request: &Request, policies: &Policies<'_>) -> Decision {
    let identity = Applied::of(Layer::Identity, policies.identity, request);
    let boundary = policies
        .boundary
        .map(|policy| Applied::of(Layer::Boundary, std::slice::from_ref(policy), request));
    let session = policies
        .session
        .map(|policies| Applied::of(Layer::Session, policies, request));
    let trust = policies
        .trust
        .map(|policy| Applied::of(Layer::Trust, std::slice::from_ref(policy), request));

    let layers = [
        Some(&identity),
        boundary.as_ref(),
        session.as_ref(),
        trust.as_ref(),
    ];
    if let Some(deny) = layers
        .iter()
        .flatten()
        .find_map(|applied| applied.deny.clone())
    {
        return Decision::ExplicitlyDenied(deny);
    }
    // In its own account a role that names the caller needs no identity policy to agree.
    let own_account = request.resource_account() == request.principal.account;
    let granted_by_trust = own_account && trust.as_ref().is_some_and(|applied| applied.direct);
    let mut by = Vec::new();
    for (layer, applied) in [
        (
            Layer::Identity,
            Some(&identity).filter(|_| !granted_by_trust),
        ),
        (Layer::Boundary, boundary.as_ref()),
        (Layer::Session, session.as_ref()),
        (Layer::Trust, trust.as_ref()),
    ] {
        match applied {
            None => {}
            Some(Applied {
                allow: Some(because),
                ..
            }) => by.push(because.clone()),
            Some(_) => return Decision::ImplicitlyDenied(layer),
        }
    }
    Decision::Allowed(by)
}

/// What one layer says.
struct Applied {
    allow: Option<Because>,
    deny: Option<Because>,
    direct: bool,
}

impl Applied {
    fn of(layer: Layer, policies: &[Policy], request: &Request) -> Self {
        let mut said = Self {
            allow: None,
            deny: None,
            direct: false,
        };
        for (policy_index, policy) in policies.iter().enumerate() {
            for (index, statement) in policy.statements.iter().enumerate() {
                let Some(meets) = applies(statement, request, policy.variables) else {
                    continue;
                };
                let because = Because {
                    layer,
                    policy: policy_index,
                    statement: index,
                    sid: statement.sid.clone(),
                };
                match statement.effect {
                    Effect::Allow => {
                        said.allow.get_or_insert(because);
                        said.direct |= meets == Meets::Directly;
                    }
                    Effect::Deny => {
                        said.deny.get_or_insert(because);
                    }
                }
            }
        }
        said
    }
}

fn applies(statement: &Statement, request: &Request, variables: bool) -> Option<Meets> {
    let meets = match &statement.principals {
        None => Meets::Directly,
        Some((named, negated)) => match (names(named, &request.principal), negated) {
            (Some(meets), false) => meets,
            (None, true) => Meets::Directly,
            _ => return None,
        },
    };
    let acts = statement
        .actions
        .has(|pattern| pattern::action_matches(pattern, &request.action));
    let reaches = || {
        statement.resources.as_ref().is_none_or(|set| {
            set.has(|pattern| {
                pattern::resolve(pattern, &request.context, variables)
                    .is_some_and(|pattern| pattern::matches(&pattern, &request.resource))
            })
        })
    };
    let holds = || {
        statement
            .conditions
            .iter()
            .all(|condition| condition.holds(&request.context, variables))
    };
    (acts && reaches() && holds()).then_some(meets)
}

impl Set {
    fn has(&self, matches: impl FnMut(&String) -> bool) -> bool {
        match self {
            Self::In(list) => list.iter().any(matches),
            Self::NotIn(list) => !list.iter().any(matches),
        }
    }
}

fn names(named: &[Named], principal: &Principal) -> Option<Meets> {
    let mut by_account = false;
    for name in named {
        match name {
            Named::Everyone => return Some(Meets::Directly),
            Named::Arn(arn)
                if *arn == principal.arn || Some(arn) == principal.role_arn.as_ref() =>
            {
                return Some(Meets::Directly);
            }
            Named::Account(account) => by_account |= *account == principal.account,
            Named::Arn(_) | Named::Other => {}
        }
    }
    by_account.then_some(Meets::ByAccount)
}
