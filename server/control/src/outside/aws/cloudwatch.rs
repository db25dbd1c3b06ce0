//! `cloudwatch:GetMetricData`.

use aws_sdk_cloudwatch::types::{
    Dimension, Metric, MetricDataQuery, MetricDataResult, MetricStat, ScanBy, StatusCode,
};
use aws_smithy_types::DateTime;
use aws_types::request_id::RequestId;
use jiff::Timestamp;

use super::{answer::Attempted, session::AwsSession};
use crate::outside::{
    Failure, FailureKind,
    metrics::{Answered, Asked},
};

const CALL: &str = "cloudwatch:GetMetricData";
/// An answer in more parts than these is no answer to a handful of metrics.
const MOST_PAGES: usize = 50;

/// The metrics of a session's account and region.
#[derive(Clone, Copy, Debug)]
pub struct CloudWatch;

impl CloudWatch {
    pub(in crate::outside) async fn read(
        &self,
        session: &AwsSession,
        asked: &[Asked],
    ) -> Result<Answered, Failure> {
        let record = session.record();
        let (region, who) = (record.region.as_str(), session.who());
        let attempted = Attempted {
            who: &who,
            call: CALL,
            resource: "*",
            region,
        };
        let unreadable = |why: String| {
            let words = format!("{CALL} in {region}: {why}");
            Failure::new(FailureKind::Unreadable, CALL, words)
        };
        // All in one call: the windows differ, so the widest is asked for and each takes its own part.
        let (Some(from), Some(to)) = (
            asked.iter().map(|one| one.from).min(),
            asked.iter().map(|one| one.to).max(),
        ) else {
            return Ok(Answered::default());
        };
        let queries: Vec<MetricDataQuery> = asked
            .iter()
            .enumerate()
            .map(|(n, one)| query(n, one))
            .collect();
        let client = aws_sdk_cloudwatch::Client::new(session.config());
        let mut answered = Answered {
            points: vec![vec![]; asked.len()],
            request_id: None,
        };
        let mut token: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let page = client
                .get_metric_data()
                .set_metric_data_queries(Some(queries.clone()))
                .start_time(DateTime::from_secs(from.as_second()))
                .end_time(DateTime::from_secs(to.as_second()))
                .scan_by(ScanBy::TimestampAscending)
                .set_next_token(token.take())
                .send()
                .await
                .map_err(|error| attempted.failure(&error))?;
            let id = page.request_id().map(str::to_owned);
            for result in page.metric_data_results() {
                let at = result
                    .id()
                    .and_then(|id| id.strip_prefix('m'))
                    .and_then(|n| n.parse::<usize>().ok())
                    .filter(|n| *n < asked.len());
                let Some(at) = at else {
                    return Err(unreadable(format!("it answers {:?}", result.id())));
                };
                let more = page.next_token().is_some();
                whole(result, more, region)
                    .map_err(|failure| failure.with_request_id(id.as_deref()))?;
                answered.points[at].extend(points(result, &asked[at]).map_err(&unreadable)?);
            }
            answered.request_id = answered.request_id.or(id);
            match page.next_token() {
                None => return Ok(answered),
                Some(next) => token = Some(next.to_owned()),
            }
        }
        Err(unreadable("the answer has no end".to_owned()))
    }
}

fn query(n: usize, one: &Asked) -> MetricDataQuery {
    let dimensions = one
        .dimensions
        .iter()
        .map(|(name, value)| Dimension::builder().name(name).value(value).build());
    let metric = Metric::builder()
        .namespace(&one.namespace)
        .metric_name(&one.metric)
        .set_dimensions(Some(dimensions.collect()));
    let stat = MetricStat::builder()
        .metric(metric.build())
        .period(i32::try_from(one.period_s).unwrap_or(i32::MAX))
        .stat(&one.statistic);
    MetricDataQuery::builder()
        .id(format!("m{n}"))
        .metric_stat(stat.build())
        .build()
}

/// Whether this result is one to go by: a part of one is, where the rest is still to come.
fn whole(result: &MetricDataResult, more: bool, region: &str) -> Result<(), Failure> {
    let said: Vec<&str> = result
        .messages()
        .iter()
        .filter_map(|message| message.value())
        .collect();
    let (kind, what) = match result.status_code() {
        None | Some(StatusCode::Complete) => return Ok(()),
        Some(StatusCode::PartialData) if more => return Ok(()),
        Some(StatusCode::Forbidden) => (FailureKind::Denied, "may not read a metric"),
        Some(_) => (FailureKind::Busy, "could not read a metric"),
    };
    let words = format!("{CALL} in {region} {what}. {}", said.join(" "));
    Err(Failure::new(kind, CALL, words.trim_end()))
}

/// The values inside of what was asked for.
fn points(result: &MetricDataResult, asked: &Asked) -> Result<Vec<f64>, String> {
    let (times, values) = (result.timestamps(), result.values());
    if times.len() != values.len() {
        return Err("times and values do not fit each other".to_owned());
    }
    let mut inside = vec![];
    for (at, value) in times.iter().zip(values) {
        let at = Timestamp::from_second(at.secs()).map_err(|e| e.to_string())?;
        if at >= asked.from && at < asked.to {
            inside.push(*value);
        }
    }
    Ok(inside)
}
