//! The input of both operations, held to what CloudWatch takes.
use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::metrics::{Datum, Metrics, Named, Place};
use crate::aws::error::AwsError;
use crate::aws::page;

/// Most data points of one answer.
const MOST_POINTS: usize = 100_800;
/// What is finer than a minute is kept this long, seconds.
const FINE_KEPT_S: i64 = 3 * 3_600;

type Object = Map<String, Value>;
type Read<T> = Result<T, AwsError>;

/// One query of `GetMetricData`.
struct Query {
    id: String,
    named: Named,
    statistic: String,
    period: i64,
}

/// The input of `GetMetricData`.
pub(crate) struct Get {
    queries: Vec<Query>,
    from: i64,
    to: i64,
    descending: bool,
    most: usize,
    token: Option<String>,
}

impl Get {
    pub(crate) fn read(input: &Object, now: Timestamp) -> Read<Self> {
        known(
            input,
            &[
                "MetricDataQueries",
                "StartTime",
                "EndTime",
                "ScanBy",
                "MaxDatapoints",
                "NextToken",
            ],
        )?;
        let list = match input.get("MetricDataQueries") {
            Some(Value::Array(list)) => list,
            None | Some(Value::Null) => return Err(missing("MetricDataQueries")),
            Some(_) => return Err(wrong_type()),
        };
        if list.is_empty() || list.len() > 500 {
            return Err(validation(
                "The collection MetricDataQueries must have a size of 1 to 500.",
            ));
        }
        let (from, to) = (time(input, "StartTime")?, time(input, "EndTime")?);
        let (from, to) = (
            from.ok_or_else(|| missing("StartTime"))?,
            to.ok_or_else(|| missing("EndTime"))?,
        );
        if from >= to {
            return Err(validation(
                "The parameter StartTime must be less than the parameter EndTime.",
            ));
        }
        let queries = list.iter().map(query).collect::<Read<Vec<_>>>()?;
        let ids: BTreeSet<_> = queries.iter().map(|query| &query.id).collect();
        if ids.len() < queries.len() {
            return Err(validation(
                "The values for parameter id in MetricDataQueries are not unique.",
            ));
        }
        if queries.iter().any(|q| q.period < 60) && now.as_second() - from > FINE_KEPT_S {
            return Err(validation(
                "A period of less than a minute takes a StartTime of at most three hours ago.",
            ));
        }
        let points: i64 = queries.iter().map(|q| (to - from) / q.period).sum();
        if usize::try_from(points).is_ok_and(|points| points > MOST_POINTS) {
            return Err(validation(
                "You have requested up to more than 100,800 datapoints; reduce the time range or increase the period.",
            ));
        }
        let most = match input.get("MaxDatapoints") {
            None | Some(Value::Null) => MOST_POINTS,
            Some(n) => n
                .as_u64()
                .and_then(|n| usize::try_from(n).ok())
                .filter(|n| (1..=MOST_POINTS).contains(n))
                .ok_or_else(|| validation("MaxDatapoints must be between 1 and 100800."))?,
        };
        let descending = match text(input, "ScanBy")?.as_deref() {
            None | Some("TimestampDescending") => true,
            Some("TimestampAscending") => false,
            Some(_) => return Err(validation("ScanBy is no member of its enumeration.")),
        };
        Ok(Self {
            queries,
            from,
            to,
            descending,
            most,
            token: text(input, "NextToken")?,
        })
    }

    pub(crate) fn answer(&self, metrics: &Metrics, place: &Place) -> Read<Value> {
        let mut points: Vec<(usize, i64, f64)> = vec![];
        for (n, query) in self.queries.iter().enumerate() {
            let mut of = metrics.statistic(
                place,
                &query.named,
                &query.statistic,
                query.period,
                (self.from, self.to),
            );
            if self.descending {
                of.reverse();
            }
            points.extend(of.into_iter().map(|(at, value)| (n, at, value)));
        }
        let invalid = || AwsError::new(400, "InvalidNextToken", "The next token is not valid.");
        let (shown, next) =
            page::cut(&points, self.most, self.token.as_deref()).ok_or_else(invalid)?;
        let last = shown.last().map(|(n, ..)| *n);
        let results: Vec<Value> = self
            .queries
            .iter()
            .enumerate()
            .map(|(n, query)| {
                let of = || shown.iter().filter(|(of, ..)| *of == n);
                let more = next.is_some() && last.is_none_or(|last| n >= last);
                json!({
                    "Id": query.id, "Label": query.named.metric,
                    "StatusCode": if more { "PartialData" } else { "Complete" },
                    "Timestamps": of().map(|(_, at, _)| *at).collect::<Vec<_>>(),
                    "Values": of().map(|(.., value)| *value).collect::<Vec<_>>(),
                })
            })
            .collect();
        let mut answer = json!({"MetricDataResults": results, "Messages": []});
        if let Some(next) = next {
            answer["NextToken"] = json!(next);
        }
        Ok(answer)
    }
}

fn query(value: &Value) -> Read<Query> {
    let input = value.as_object().ok_or_else(wrong_type)?;
    known(input, &["Id", "MetricStat", "Label", "ReturnData"])?;
    let id = text(input, "Id")?.ok_or_else(|| missing("MetricDataQueries.member.Id"))?;
    let rest = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if !id.starts_with(|c: char| c.is_ascii_lowercase()) || !id.chars().all(rest) || id.len() > 255
    {
        return Err(validation(
            "The value for parameter MetricDataQueries.member.Id must start with a lower-case letter and have letters, digits and underscores.",
        ));
    }
    let Some(Value::Object(stat)) = input.get("MetricStat") else {
        return Err(missing("MetricDataQueries.member.MetricStat"));
    };
    known(stat, &["Metric", "Period", "Stat"])?;
    let Some(Value::Object(metric)) = stat.get("Metric") else {
        return Err(missing("MetricStat.Metric"));
    };
    let namespace =
        text(metric, "Namespace")?.ok_or_else(|| missing("MetricStat.Metric.Namespace"))?;
    let period = stat
        .get("Period")
        .ok_or_else(|| missing("MetricStat.Period"))?;
    let period = period.as_i64().ok_or_else(wrong_type)?;
    if !matches!(period, 1 | 5 | 10 | 20 | 30) && (period < 60 || period % 60 != 0) {
        return Err(validation(&format!(
            "The value {period} for parameter Period is not valid: 1, 5, 10, 20, 30 or a multiple of 60."
        )));
    }
    let statistic = text(stat, "Stat")?.ok_or_else(|| missing("MetricStat.Stat"))?;
    if !is_statistic(&statistic) {
        return Err(validation(&format!(
            "The value {statistic} for parameter MetricStat.Stat is not supported."
        )));
    }
    Ok(Query {
        id,
        named: named(namespace, metric)?,
        statistic,
        period,
    })
}

fn is_statistic(text: &str) -> bool {
    let percentile = |rank: &str| {
        rank.starts_with(|c: char| c.is_ascii_digit())
            && rank
                .parse::<f64>()
                .is_ok_and(|rank| (0.0..=100.0).contains(&rank))
    };
    ["SampleCount", "Average", "Sum", "Minimum", "Maximum"].contains(&text)
        || text.strip_prefix('p').is_some_and(percentile)
}

/// The data of `PutMetricData`.
pub(crate) fn put(input: &Object, now: Timestamp) -> Read<Vec<(Named, Datum)>> {
    known(input, &["Namespace", "MetricData"])?;
    let namespace = text(input, "Namespace")?.ok_or_else(|| missing("Namespace"))?;
    if namespace.starts_with("AWS/") {
        return Err(value(
            "The value AWS/ for parameter Namespace is invalid: it is reserved.",
        ));
    }
    let Some(Value::Array(list)) = input.get("MetricData") else {
        return Err(missing("MetricData"));
    };
    if list.is_empty() || list.len() > 1_000 {
        return Err(validation(
            "The collection MetricData must have a size of 1 to 1000.",
        ));
    }
    let mut all = vec![];
    for one in list {
        let one = one.as_object().ok_or_else(wrong_type)?;
        known(
            one,
            &[
                "MetricName",
                "Dimensions",
                "Timestamp",
                "Value",
                "Values",
                "Counts",
                "Unit",
                "StorageResolution",
            ],
        )?;
        let named = named(namespace.clone(), one)?;
        let at = time(one, "Timestamp")?.unwrap_or(now.as_second());
        let age = now.as_second() - at;
        if !(-7_200..=14 * 86_400).contains(&age) {
            return Err(value(
                "The parameter MetricData.member.Timestamp must be within two weeks past and two hours ahead.",
            ));
        }
        let at = match one.get("StorageResolution").map(Value::as_i64) {
            Some(Some(1)) => at,
            None | Some(Some(60)) => at.div_euclid(60) * 60,
            _ => return Err(value("StorageResolution is 1 or 60.")),
        };
        for (value, count) in values(one)? {
            all.push((named.clone(), Datum { at, value, count }));
        }
    }
    Ok(all)
}

fn values(one: &Object) -> Read<Vec<(f64, f64)>> {
    let number = |value: &Value| {
        value
            .as_f64()
            .filter(|n| n.abs() <= 2_f64.powi(360))
            .ok_or_else(|| self::value("A value must be a number between -2^360 and 2^360."))
    };
    match (one.get("Value"), one.get("Values")) {
        (Some(value), None) => Ok(vec![(number(value)?, 1.0)]),
        (None, Some(Value::Array(values))) => {
            let counts = one.get("Counts").and_then(Value::as_array);
            if counts.is_some_and(|counts| counts.len() != values.len()) || values.len() > 150 {
                return Err(AwsError::new(
                    400,
                    "InvalidParameterCombination",
                    "Values and Counts must have the same size, of at most 150.",
                ));
            }
            values
                .iter()
                .enumerate()
                .map(|(n, one)| {
                    let count = counts.map_or(Ok(1.0), |counts| number(&counts[n]))?;
                    Ok((number(one)?, count))
                })
                .collect()
        }
        (None, None) => Err(missing("MetricData.member.Value")),
        _ => Err(AwsError::new(
            400,
            "InvalidParameterCombination",
            "At most one of Value and Values may be given.",
        )),
    }
}

fn named(namespace: String, input: &Object) -> Read<Named> {
    if namespace.is_empty() || namespace.len() > 255 || namespace.starts_with(':') {
        return Err(value(
            "The value for parameter Namespace must have 1 to 255 characters and no colon in front.",
        ));
    }
    let metric = text(input, "MetricName")?.ok_or_else(|| missing("MetricName"))?;
    if metric.is_empty() || metric.len() > 255 {
        return Err(value(
            "The value for parameter MetricName must have 1 to 255 characters.",
        ));
    }
    let mut dimensions = BTreeMap::new();
    let list = match input.get("Dimensions") {
        None | Some(Value::Null) => &[][..],
        Some(Value::Array(list)) if list.len() <= 30 => list,
        Some(_) => return Err(validation("Dimensions are a list of at most 30.")),
    };
    for one in list {
        let one = one.as_object().ok_or_else(wrong_type)?;
        let name = text(one, "Name")?.ok_or_else(|| missing("Dimensions.member.Name"))?;
        let of = text(one, "Value")?.ok_or_else(|| missing("Dimensions.member.Value"))?;
        let fits = (1..=255).contains(&name.len()) && (1..=1_024).contains(&of.len());
        if !fits || name.starts_with(':') || !name.is_ascii() || !of.is_ascii() {
            return Err(value(
                "A dimension has a name of 1 to 255 and a value of 1 to 1024 ASCII characters.",
            ));
        }
        if dimensions.insert(name, of).is_some() {
            return Err(value("A dimension stands twice."));
        }
    }
    Ok(Named {
        namespace,
        metric,
        dimensions,
    })
}

/// What is not served says so: a member that is passed over would look like one that was heard.
fn known(input: &Object, members: &[&str]) -> Read<()> {
    match input
        .iter()
        .find(|(name, value)| !value.is_null() && !members.contains(&name.as_str()))
    {
        None => Ok(()),
        Some((name, _)) => Err(AwsError::not_served(format_args!(
            "monitoring: the member {name:?}"
        ))),
    }
}

fn time(input: &Object, name: &str) -> Read<Option<i64>> {
    match input.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(n)) => {
            let since = n
                .as_f64()
                .and_then(|n| SignedDuration::try_from_secs_f64(n).ok());
            let at = since.and_then(|since| Timestamp::UNIX_EPOCH.checked_add(since).ok());
            at.map(|at| Some(at.as_second())).ok_or_else(wrong_type)
        }
        Some(_) => Err(wrong_type()),
    }
}

fn text(input: &Object, name: &str) -> Read<Option<String>> {
    match input.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(wrong_type()),
    }
}

fn wrong_type() -> AwsError {
    AwsError::new(
        400,
        "SerializationException",
        "A member of the input has the wrong type.",
    )
}

fn missing(member: &str) -> AwsError {
    AwsError::new(
        400,
        "MissingParameter",
        format!("The parameter {member} is required."),
    )
}

fn validation(message: &str) -> AwsError {
    AwsError::new(400, "ValidationError", message)
}

fn value(message: &str) -> AwsError {
    AwsError::new(400, "InvalidParameterValue", message)
}
