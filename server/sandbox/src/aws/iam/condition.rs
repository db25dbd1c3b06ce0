//! Condition blocks: operators, quantifiers and what a missing key means.
use std::net::IpAddr;

use jiff::Timestamp;
use serde_json::Value;

use super::document::{Malformed, texts};
use super::pattern;
use super::request::Context;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    StringEquals,
    StringEqualsIgnoreCase,
    StringLike,
    Arn,
    Bool,
    Null,
    Numeric(Order),
    Date(Order),
    IpAddress,
    Binary,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Equals,
    Less,
    LessEquals,
    Greater,
    GreaterEquals,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quantifier {
    None,
    All,
    Any,
}

/// One key under one operator.
#[derive(Debug, Clone)]
pub(super) struct Condition {
    operator: Operator,
    negated: bool,
    if_exists: bool,
    quantifier: Quantifier,
    key: String,
    values: Vec<String>,
}

impl Condition {
    pub(super) fn parse(block: Value) -> Result<Vec<Self>, Malformed> {
        let Value::Object(block) = block else {
            return Err(Malformed("Syntax errors in policy.".into()));
        };
        let mut all = Vec::new();
        for (operator, keys) in block {
            let Some((quantifier, parsed, negated, if_exists)) = operator_of(&operator) else {
                return Err(Malformed(format!("Invalid Condition type : {operator}")));
            };
            let Value::Object(keys) = keys else {
                return Err(Malformed("Syntax errors in policy.".into()));
            };
            for (key, values) in keys {
                let named = key
                    .split_once(':')
                    .is_some_and(|(vendor, name)| !vendor.is_empty() && !name.is_empty());
                if !named {
                    return Err(Malformed(format!(
                        "Condition key {key} is not valid: it must be prefaced by a vendor"
                    )));
                }
                let condition = Self {
                    operator: parsed,
                    negated,
                    if_exists,
                    quantifier,
                    values: texts(scalars(values))?,
                    key,
                };
                condition.check_values()?;
                all.push(condition);
            }
        }
        Ok(all)
    }

    fn check_values(&self) -> Result<(), Malformed> {
        let wrong = |value: &&String| match self.operator {
            // A variable stands for a value that only the request knows.
            _ if value.contains("${") => false,
            Operator::Bool | Operator::Null => bool_of(value).is_none(),
            Operator::Numeric(_) => value.parse::<f64>().is_err(),
            Operator::Date(_) => date(value).is_none(),
            Operator::IpAddress => Network::parse(value).is_none(),
            _ => false,
        };
        match self.values.iter().find(wrong) {
            Some(value) => Err(Malformed(format!(
                "The value {value} for condition key {} is not valid.",
                self.key
            ))),
            None => Ok(()),
        }
    }

    /// Whether the condition holds for this request.
    pub(super) fn holds(&self, context: &Context, variables: bool) -> bool {
        let given = context.get(&self.key);
        if self.operator == Operator::Null {
            // Presence is all that counts; a key without values counts as absent.
            let absent = given.is_none_or(<[String]>::is_empty);
            return self
                .values
                .iter()
                .any(|value| bool_of(value) == Some(absent));
        }
        let Some(given) = given.filter(|given| !given.is_empty()) else {
            return match self.quantifier {
                _ if self.if_exists => true,
                Quantifier::All => true,
                Quantifier::Any => false,
                Quantifier::None => self.negated,
            };
        };
        let one = |given: &String| {
            let hit = self
                .values
                .iter()
                .any(|want| self.compare(want, given, context, variables));
            hit != self.negated
        };
        match self.quantifier {
            Quantifier::All => given.iter().all(one),
            Quantifier::None if self.negated => given.iter().all(one),
            Quantifier::Any | Quantifier::None => given.iter().any(one),
        }
    }

    fn compare(&self, want: &str, given: &str, context: &Context, variables: bool) -> bool {
        let Some(tokens) = pattern::resolve(want, context, variables) else {
            return false;
        };
        let text = || pattern::literal(&tokens);
        match self.operator {
            Operator::StringEquals | Operator::Binary => text() == given,
            Operator::StringEqualsIgnoreCase => text().to_lowercase() == given.to_lowercase(),
            Operator::StringLike => pattern::matches(&tokens, given),
            Operator::Arn => pattern::arn_matches(&tokens, given),
            Operator::Bool => bool_of(&text()).is_some_and(|want| bool_of(given) == Some(want)),
            Operator::Numeric(order) => match (given.parse::<f64>(), text().parse::<f64>()) {
                (Ok(given), Ok(want)) => order.holds(given.partial_cmp(&want)),
                _ => false,
            },
            Operator::Date(order) => match (date(given), date(&text())) {
                (Some(given), Some(want)) => order.holds(given.partial_cmp(&want)),
                _ => false,
            },
            Operator::IpAddress => match (given.parse(), Network::parse(&text())) {
                (Ok(given), Some(network)) => network.contains(given),
                _ => false,
            },
            Operator::Null => false,
        }
    }
}

impl Order {
    fn holds(self, given_to_want: Option<std::cmp::Ordering>) -> bool {
        given_to_want.is_some_and(|ordering| match self {
            Self::Equals => ordering.is_eq(),
            Self::Less => ordering.is_lt(),
            Self::LessEquals => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterEquals => ordering.is_ge(),
        })
    }
}

/// Booleans and numbers may be written bare in a condition.
fn scalars(value: Value) -> Value {
    match value {
        Value::Bool(flag) => Value::String(flag.to_string()),
        Value::Number(number) => Value::String(number.to_string()),
        Value::Array(list) => Value::Array(list.into_iter().map(scalars).collect()),
        other => other,
    }
}

fn operator_of(name: &str) -> Option<(Quantifier, Operator, bool, bool)> {
    let (quantifier, rest) = match name.split_once(':') {
        Some(("ForAllValues", rest)) => (Quantifier::All, rest),
        Some(("ForAnyValue", rest)) => (Quantifier::Any, rest),
        Some(_) => return None,
        None => (Quantifier::None, name),
    };
    let (rest, if_exists) = match rest.strip_suffix("IfExists") {
        Some(rest) => (rest, true),
        None => (rest, false),
    };
    let (operator, negated) = match rest {
        "StringEquals" => (Operator::StringEquals, false),
        "StringNotEquals" => (Operator::StringEquals, true),
        "StringEqualsIgnoreCase" => (Operator::StringEqualsIgnoreCase, false),
        "StringNotEqualsIgnoreCase" => (Operator::StringEqualsIgnoreCase, true),
        "StringLike" => (Operator::StringLike, false),
        "StringNotLike" => (Operator::StringLike, true),
        "ArnEquals" | "ArnLike" => (Operator::Arn, false),
        "ArnNotEquals" | "ArnNotLike" => (Operator::Arn, true),
        "Bool" => (Operator::Bool, false),
        "Null" if !if_exists => (Operator::Null, false),
        "NumericEquals" => (Operator::Numeric(Order::Equals), false),
        "NumericNotEquals" => (Operator::Numeric(Order::Equals), true),
        "NumericLessThan" => (Operator::Numeric(Order::Less), false),
        "NumericLessThanEquals" => (Operator::Numeric(Order::LessEquals), false),
        "NumericGreaterThan" => (Operator::Numeric(Order::Greater), false),
        "NumericGreaterThanEquals" => (Operator::Numeric(Order::GreaterEquals), false),
        "DateEquals" => (Operator::Date(Order::Equals), false),
        "DateNotEquals" => (Operator::Date(Order::Equals), true),
        "DateLessThan" => (Operator::Date(Order::Less), false),
        "DateLessThanEquals" => (Operator::Date(Order::LessEquals), false),
        "DateGreaterThan" => (Operator::Date(Order::Greater), false),
        "DateGreaterThanEquals" => (Operator::Date(Order::GreaterEquals), false),
        "IpAddress" => (Operator::IpAddress, false),
        "NotIpAddress" => (Operator::IpAddress, true),
        "BinaryEquals" => (Operator::Binary, false),
        _ => return None,
    };
    Some((quantifier, operator, negated, if_exists))
}

fn bool_of(text: &str) -> Option<bool> {
    match text {
        _ if text.eq_ignore_ascii_case("true") => Some(true),
        _ if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// ISO 8601, a bare date, or seconds since 1970.
fn date(text: &str) -> Option<Timestamp> {
    if let Ok(seconds) = text.parse::<i64>() {
        return Timestamp::from_second(seconds).ok();
    }
    let midnight = || format!("{text}T00:00:00Z").parse().ok();
    text.parse().ok().or_else(midnight)
}

struct Network {
    address: IpAddr,
    bits: u32,
}

impl Network {
    fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address.parse().ok()?, Some(bits.parse().ok()?)),
            None => (text.parse().ok()?, None),
        };
        let most = if matches!(address, IpAddr::V4(_)) {
            32
        } else {
            128
        };
        let bits = bits.unwrap_or(most);
        (bits <= most).then_some(Self { address, bits })
    }

    fn contains(&self, given: IpAddr) -> bool {
        match (self.address, given) {
            (IpAddr::V4(mine), IpAddr::V4(given)) => {
                let mask = u32::MAX.checked_shl(32 - self.bits).unwrap_or(0);
                mine.to_bits() & mask == given.to_bits() & mask
            }
            (IpAddr::V6(mine), IpAddr::V6(given)) => {
                let mask = u128::MAX.checked_shl(128 - self.bits).unwrap_or(0);
                mine.to_bits() & mask == given.to_bits() & mask
            }
            _ => false,
        }
    }
}
