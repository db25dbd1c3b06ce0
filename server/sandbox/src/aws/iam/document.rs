//! The grammar of policy documents. What AWS refuses is refused here, in its words where they are known.
use serde_json::{Map, Value};

use super::condition::Condition;

/// Why a document is no policy: the message of AWS's `MalformedPolicyDocument`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed(pub String);

impl std::fmt::Display for Malformed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Malformed {}

fn malformed<T>(message: impl Into<String>) -> Result<T, Malformed> {
    Err(Malformed(message.into()))
}

/// What a statement does when it applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Allows.
    Allow,
    /// Denies, whatever else allows.
    Deny,
}

/// `Action`/`NotAction` and `Resource`/`NotResource`.
#[derive(Debug, Clone)]
pub(super) enum Set {
    In(Vec<String>),
    NotIn(Vec<String>),
}

/// `Principal` of a trust policy.
#[derive(Debug, Clone)]
pub(super) enum Named {
    /// `*` or `{"AWS": "*"}`.
    Everyone,
    /// Account id or root ARN: whoever that account lets.
    Account(String),
    /// A user, a role or a role session.
    Arn(String),
    /// A service or federated principal: never a caller who signs.
    Other,
}

#[derive(Debug, Clone)]
pub(super) struct Statement {
    pub(super) sid: Option<String>,
    pub(super) effect: Effect,
    /// Principals, and whether they are excluded (`NotPrincipal`).
    pub(super) principals: Option<(Vec<Named>, bool)>,
    pub(super) actions: Set,
    pub(super) resources: Option<Set>,
    pub(super) conditions: Vec<Condition>,
}

/// A parsed policy document.
#[derive(Debug, Clone)]
pub struct Policy {
    pub(super) variables: bool,
    pub(super) statements: Vec<Statement>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Grammar {
    Identity,
    Trust,
}

impl Policy {
    /// Parses an identity policy, a permissions boundary or a session policy.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        parse(text, Grammar::Identity)
    }

    /// Parses a role's trust policy.
    pub fn parse_trust(text: &str) -> Result<Self, Malformed> {
        parse(text, Grammar::Trust)
    }
}

fn parse(text: &str, grammar: Grammar) -> Result<Policy, Malformed> {
    let Ok(value) = serde_json::from_str::<Value>(text) else {
        return malformed("This policy contains invalid Json");
    };
    let Value::Object(mut document) = value else {
        return malformed("Syntax errors in policy.");
    };
    let variables = match document.remove("Version") {
        Some(Value::String(version)) if version == "2012-10-17" => true,
        Some(Value::String(version)) if version == "2008-10-17" => false,
        None => false,
        Some(_) => return malformed("The policy must contain a valid version string"),
    };
    if let Some(id) = document.remove("Id")
        && !id.is_string()
    {
        return malformed("Syntax errors in policy.");
    }
    let statements = match document.remove("Statement") {
        Some(Value::Array(list)) if !list.is_empty() => list,
        Some(one @ Value::Object(_)) => vec![one],
        _ => return malformed("Syntax errors in policy."),
    };
    if let Some(unknown) = document.keys().next() {
        return malformed(format!(
            "Syntax errors in policy: unknown element {unknown}."
        ));
    }
    let statements = statements
        .into_iter()
        .map(|value| statement(value, grammar))
        .collect::<Result<Vec<_>, _>>()?;
    let mut sids: Vec<_> = statements
        .iter()
        .filter_map(|statement| statement.sid.as_deref())
        .collect();
    sids.sort_unstable();
    if sids.windows(2).any(|pair| pair[0] == pair[1]) {
        return malformed("Statement IDs (SID) in a single policy must be unique.");
    }
    Ok(Policy {
        variables,
        statements,
    })
}

fn statement(value: Value, grammar: Grammar) -> Result<Statement, Malformed> {
    let Value::Object(mut fields) = value else {
        return malformed("Syntax errors in policy.");
    };
    let sid = match fields.remove("Sid") {
        None => None,
        Some(Value::String(sid))
            if sid.bytes().all(|b| b.is_ascii_alphanumeric()) || grammar == Grammar::Trust =>
        {
            Some(sid).filter(|sid| !sid.is_empty())
        }
        Some(_) => return malformed("Statement IDs (SID) should be alpha-numeric."),
    };
    let effect = match fields.remove("Effect").as_ref().and_then(Value::as_str) {
        Some("Allow") => Effect::Allow,
        Some("Deny") => Effect::Deny,
        Some(other) => return malformed(format!("Invalid effect: {other}")),
        None => return malformed("Missing required field Effect"),
    };
    let Some(actions) = set(&mut fields, "Action", "NotAction")? else {
        return malformed("Policy statement must contain actions.");
    };
    for action in actions.members() {
        check_action(action, grammar)?;
    }
    let resources = set(&mut fields, "Resource", "NotResource")?;
    match (grammar, &resources) {
        (Grammar::Identity, None) => return malformed("Policy statement must contain resources."),
        (Grammar::Trust, Some(_)) => return malformed("Has prohibited field Resource"),
        _ => {}
    }
    for resource in resources.iter().flat_map(Set::members) {
        if resource != "*"
            && !(resource.starts_with("arn:") && resource.splitn(6, ':').count() == 6)
        {
            return malformed(format!(
                "Resource {resource} must be in ARN format or \"*\"."
            ));
        }
    }
    let principals = principals(&mut fields)?;
    match (grammar, &principals) {
        (Grammar::Identity, Some(_)) => {
            return malformed("Policy document should not specify a principal.");
        }
        (Grammar::Trust, None) => return malformed("Missing required field Principal"),
        (Grammar::Trust, Some((_, true))) if effect == Effect::Allow => {
            return malformed("Allow with NotPrincipal is not allowed.");
        }
        _ => {}
    }
    let conditions = match fields.remove("Condition") {
        None => Vec::new(),
        Some(value) => Condition::parse(value)?,
    };
    if let Some(unknown) = fields.keys().next() {
        return malformed(format!(
            "Syntax errors in policy: unknown element {unknown}."
        ));
    }
    Ok(Statement {
        sid,
        effect,
        principals,
        actions,
        resources,
        conditions,
    })
}

impl Set {
    fn members(&self) -> &[String] {
        match self {
            Self::In(list) | Self::NotIn(list) => list,
        }
    }
}

fn set(
    fields: &mut Map<String, Value>,
    plain: &str,
    negated: &str,
) -> Result<Option<Set>, Malformed> {
    match (fields.remove(plain), fields.remove(negated)) {
        (None, None) => Ok(None),
        (Some(value), None) => texts(value).map(|list| Some(Set::In(list))),
        (None, Some(value)) => texts(value).map(|list| Some(Set::NotIn(list))),
        (Some(_), Some(_)) => malformed(format!(
            "Statement may not contain both {plain} and {negated}."
        )),
    }
}

/// A text or a list of texts, at least one.
pub(super) fn texts(value: Value) -> Result<Vec<String>, Malformed> {
    let text = |value| match value {
        Value::String(text) => Ok(text),
        _ => malformed("Syntax errors in policy."),
    };
    match value {
        Value::Array(list) if !list.is_empty() => list.into_iter().map(text).collect(),
        one @ Value::String(_) => Ok(vec![text(one)?]),
        _ => malformed("Syntax errors in policy."),
    }
}

fn check_action(action: &str, grammar: Grammar) -> Result<(), Malformed> {
    if action == "*" && grammar == Grammar::Identity {
        return Ok(());
    }
    let Some((vendor, name)) = action.split_once(':') else {
        return malformed(
            "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
        );
    };
    if vendor.is_empty()
        || !vendor
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-')
    {
        return malformed(format!("Vendor {vendor} is not valid"));
    }
    if name.is_empty()
        || !name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'*' | b'?' | b'_' | b'-'))
    {
        return malformed(format!("Action {action} is not valid"));
    }
    if grammar == Grammar::Trust && !vendor.eq_ignore_ascii_case("sts") {
        return malformed("AssumeRole policy may only specify STS AssumeRole actions.");
    }
    Ok(())
}

fn principals(fields: &mut Map<String, Value>) -> Result<Option<(Vec<Named>, bool)>, Malformed> {
    let (value, negated) = match (fields.remove("Principal"), fields.remove("NotPrincipal")) {
        (None, None) => return Ok(None),
        (Some(value), None) => (value, false),
        (None, Some(value)) => (value, true),
        (Some(_), Some(_)) => {
            return malformed("Statement may not contain both Principal and NotPrincipal.");
        }
    };
    let kinds = match value {
        Value::String(star) if star == "*" => return Ok(Some((vec![Named::Everyone], negated))),
        Value::Object(kinds) if !kinds.is_empty() => kinds,
        _ => return malformed("Invalid principal in policy"),
    };
    let mut all = Vec::new();
    for (kind, value) in kinds {
        for name in texts(value)? {
            all.push(match kind.as_str() {
                "AWS" => aws_principal(name)?,
                "Service" if name.contains('.') => Named::Other,
                "Federated" | "CanonicalUser" => Named::Other,
                _ => return malformed(format!("Invalid principal in policy: {kind:?}:{name:?}")),
            });
        }
    }
    Ok(Some((all, negated)))
}

fn aws_principal(name: String) -> Result<Named, Malformed> {
    let is_account = |id: &str| id.len() == 12 && id.bytes().all(|b| b.is_ascii_digit());
    if name == "*" {
        return Ok(Named::Everyone);
    }
    if is_account(&name) {
        return Ok(Named::Account(name));
    }
    let parts: Vec<_> = name.splitn(6, ':').collect();
    match parts.as_slice() {
        ["arn", _, "iam", "", account, "root"] if is_account(account) => {
            Ok(Named::Account((*account).to_owned()))
        }
        ["arn", _, "iam" | "sts", "", account, resource]
            if is_account(account) && resource.contains('/') && !resource.contains(['*', '?']) =>
        {
            Ok(Named::Arn(name))
        }
        // A wildcard inside an ARN is refused by AWS too: only "*" alone is one.
        _ => malformed(format!("Invalid principal in policy: \"AWS\":\"{name}\"")),
    }
}
