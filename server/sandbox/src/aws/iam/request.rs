//! What is asked: who, which action, on what, under which circumstances.
use std::collections::BTreeMap;

use jiff::Timestamp;

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// ARN of the caller itself (a role session, a user).
    pub arn: String,
    /// Account of the caller.
    pub account: String,
    /// ARN of the role, when the caller is a role session.
    pub role_arn: Option<String>,
}

impl Principal {
    /// A role session; its ARN is built from role and session name.
    pub fn session(account: &str, role: &str, session: &str) -> Self {
        Self {
            arn: format!("arn:aws:sts::{account}:assumed-role/{role}/{session}"),
            account: account.to_owned(),
            role_arn: Some(format!("arn:aws:iam::{account}:role/{role}")),
        }
    }

    /// A user.
    pub fn user(account: &str, name: &str) -> Self {
        Self {
            arn: format!("arn:aws:iam::{account}:user/{name}"),
            account: account.to_owned(),
            role_arn: None,
        }
    }
}

/// One question to IAM.
#[derive(Debug, Clone)]
pub struct Request {
    /// Who asks.
    pub principal: Principal,
    /// `service:Action`.
    pub action: String,
    /// ARN of the resource, or `*` for actions without one.
    pub resource: String,
    /// Condition keys and their values.
    pub context: Context,
}

impl Request {
    /// A request with `aws:PrincipalArn` and `aws:PrincipalAccount` filled in.
    pub fn new(principal: Principal, action: &str, resource: &str) -> Self {
        let mut context = Context::default();
        let arn = principal.role_arn.as_ref().unwrap_or(&principal.arn);
        context.set("aws:PrincipalArn", arn);
        context.set("aws:PrincipalAccount", &principal.account);
        Self {
            principal,
            action: action.to_owned(),
            resource: resource.to_owned(),
            context,
        }
    }

    /// Adds a condition key.
    #[must_use]
    pub fn with(mut self, key: &str, value: &str) -> Self {
        self.context.set(key, value);
        self
    }

    /// Adds a multivalued condition key such as `aws:TagKeys`.
    #[must_use]
    pub fn with_many(mut self, key: &str, values: &[&str]) -> Self {
        self.context
            .set_many(key, values.iter().map(|value| (*value).to_owned()));
        self
    }

    /// Account in the resource's ARN, empty if it has none.
    pub fn resource_account(&self) -> &str {
        self.resource.split(':').nth(4).unwrap_or_default()
    }
}

/// Condition keys of a request. Keys ignore case, values do not.
#[derive(Debug, Clone, Default)]
pub struct Context {
    keys: BTreeMap<String, Vec<String>>,
}

impl Context {
    /// Sets a single-valued key.
    pub fn set(&mut self, key: &str, value: impl Into<String>) {
        self.keys
            .insert(key.to_ascii_lowercase(), vec![value.into()]);
    }

    /// Sets a multivalued key; without values the key is present and empty.
    pub fn set_many(&mut self, key: &str, values: impl IntoIterator<Item = String>) {
        self.keys
            .insert(key.to_ascii_lowercase(), values.into_iter().collect());
    }

    /// Sets `aws:CurrentTime` and `aws:EpochTime`.
    pub fn set_time(&mut self, now: Timestamp) {
        self.set("aws:CurrentTime", now.to_string());
        self.set("aws:EpochTime", now.as_second().to_string());
    }

    /// Values of a key, `None` if the request does not carry it.
    pub fn get(&self, key: &str) -> Option<&[String]> {
        self.keys.get(&key.to_ascii_lowercase()).map(Vec::as_slice)
    }
}
