//! CloudWatch, right and wrong, by the Rust SDK.

use aws_sdk_cloudwatch::{
    Client,
    operation::get_metric_data::builders::GetMetricDataFluentBuilder,
    primitives::DateTime,
    types::{Dimension, Metric, MetricDataQuery, MetricDatum, MetricStat, ScanBy, StatusCode},
};

use super::*;

fn dimension(value: &str) -> Dimension {
    Dimension::builder().name("Service").value(value).build()
}

fn datum(at: i64, value: f64) -> MetricDatum {
    MetricDatum::builder()
        .metric_name("Errors")
        .dimensions(dimension("cart"))
        .timestamp(DateTime::from_secs(at))
        .storage_resolution(1)
        .value(value)
        .build()
}

fn query(id: &str, statistic: &str, period: i32, of: &str) -> MetricDataQuery {
    let metric = Metric::builder()
        .namespace("Shop")
        .metric_name("Errors")
        .dimensions(dimension(of))
        .build();
    let stat = MetricStat::builder()
        .metric(metric)
        .period(period)
        .stat(statistic)
        .build();
    MetricDataQuery::builder().id(id).metric_stat(stat).build()
}

fn get(client: &Client, from: i64, to: i64) -> GetMetricDataFluentBuilder {
    client
        .get_metric_data()
        .start_time(DateTime::from_secs(from))
        .end_time(DateTime::from_secs(to))
        .scan_by(ScanBy::TimestampAscending)
}

pub(super) async fn cloudwatch(sandbox: &Sandbox) {
    let client = Client::new(&sdk(sandbox, workloads(sandbox).await, IRELAND, 1).await);
    // Where periods of one and of two minutes begin.
    let from = (sandbox.world().now().as_second() - 600) / 120 * 120;
    // In pieces: the SDK compresses a body of ten kilobytes, which is not served.
    for piece in 0..4 {
        let data =
            (piece * 30..piece * 30 + 30).map(|n| datum(from + n, if n < 60 { 1.0 } else { 3.5 }));
        let put = client
            .put_metric_data()
            .namespace("Shop")
            .set_metric_data(Some(data.collect()));
        put.send().await.expect("taken");
    }

    let answer = get(&client, from, from + 180)
        .metric_data_queries(query("a", "Average", 60, "cart"))
        .metric_data_queries(query("s", "Sum", 120, "cart"))
        .metric_data_queries(query("p", "p50", 60, "cart"))
        .metric_data_queries(query("none", "Maximum", 60, "payment"));
    let answer = answer.send().await.expect("answered");
    let told: Vec<_> = answer
        .metric_data_results()
        .iter()
        .map(|result| {
            let at: Vec<_> = result
                .timestamps()
                .iter()
                .map(|at| at.secs() - from)
                .collect();
            assert_eq!(result.status_code(), Some(&StatusCode::Complete));
            (
                result.id().unwrap_or_default(),
                at,
                result.values().to_vec(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("a", vec![0, 60], vec![1.0, 3.5]),
            ("s", vec![0], vec![270.0]),
            ("p", vec![0, 60], vec![1.0, 3.5]),
            ("none", vec![], vec![]),
        ]
    );
    // A region knows its own only, and so does an account.
    for (credentials, region) in [(workloads(sandbox).await, FRANKFURT), (root(), IRELAND)] {
        let other = Client::new(&sdk(sandbox, credentials, region, 1).await);
        let answer =
            get(&other, from, from + 180).metric_data_queries(query("a", "Sum", 60, "cart"));
        let answer = answer.send().await.expect("answered");
        assert_eq!(answer.metric_data_results()[0].values(), &[] as &[f64]);
    }
    let mut pages = get(&client, from, from + 100)
        .metric_data_queries(query("a", "Sum", 1, "cart"))
        .max_datapoints(30)
        .into_paginator()
        .send();
    let (mut sizes, mut states) = (vec![], vec![]);
    while let Some(page) = pages.next().await {
        let page = page.expect("a page");
        let result = &page.metric_data_results()[0];
        sizes.push(result.values().len());
        states.push(result.status_code().cloned());
    }
    assert_eq!(sizes, [30, 30, 30, 10]);
    assert_eq!(
        states[..2],
        [Some(StatusCode::PartialData), Some(StatusCode::PartialData)]
    );
    assert_eq!(states[3], Some(StatusCode::Complete));

    let wrong = [
        (
            "MissingParameter",
            client
                .get_metric_data()
                .metric_data_queries(query("a", "Sum", 60, "cart")),
        ),
        ("MissingParameter", get(&client, from, from + 60)),
        (
            "ValidationError",
            get(&client, from, from).metric_data_queries(query("a", "Sum", 60, "cart")),
        ),
        (
            "ValidationError",
            get(&client, from, from + 60).metric_data_queries(query("a", "Sum", 45, "cart")),
        ),
        (
            "ValidationError",
            get(&client, from, from + 60).metric_data_queries(query("a", "Sum", 90, "cart")),
        ),
        (
            "ValidationError",
            get(&client, from, from + 60).metric_data_queries(query("A", "Sum", 60, "cart")),
        ),
        (
            "ValidationError",
            get(&client, from, from + 60).metric_data_queries(query("a", "Mean", 60, "cart")),
        ),
        (
            "ValidationError",
            get(&client, from - 86_400, from).metric_data_queries(query("a", "Sum", 1, "cart")),
        ),
        (
            "ValidationError",
            get(&client, from, from + 60).set_metric_data_queries(Some(vec![
                query(
                    "a", "Sum", 60, "cart"
                );
                2
            ])),
        ),
        (
            "ValidationError",
            get(&client, from, from + 60).set_metric_data_queries(Some(
                (0..501)
                    .map(|n| query(&format!("m{n}"), "Sum", 60, "cart"))
                    .collect(),
            )),
        ),
        (
            "InvalidParameterValue",
            get(&client, from, from + 60).metric_data_queries(query("a", "Sum", 60, "")),
        ),
        (
            "InvalidNextToken",
            get(&client, from, from + 60)
                .metric_data_queries(query("a", "Sum", 60, "cart"))
                .next_token("made up"),
        ),
    ];
    for (n, (want, request)) in wrong.into_iter().enumerate() {
        assert_eq!(code(request.send().await).0, want, "case {n}");
    }
    let expression = MetricDataQuery::builder()
        .id("e")
        .expression("1 + 1")
        .build();
    let expression = get(&client, from, from + 60).metric_data_queries(expression);
    assert_eq!(code(expression.send().await).0, "NotImplemented");
    for (want, namespace, datum) in [
        ("InvalidParameterValue", "AWS/Mine", datum(from, 1.0)),
        (
            "InvalidParameterValue",
            "Shop",
            datum(from - 15 * 86_400, 1.0),
        ),
        ("InvalidParameterValue", "Shop", datum(from, f64::NAN)),
        ("InvalidParameterValue", "Shop", datum(from, f64::MAX)),
    ] {
        let put = client
            .put_metric_data()
            .namespace(namespace)
            .metric_data(datum);
        assert_eq!(code(put.send().await).0, want, "{namespace}");
    }
    let powerless = Credentials::new(
        "AKIAI44QH8DHBEXAMPLE",
        "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY",
        None,
        None,
        "test",
    );
    let powerless = Client::new(&sdk(sandbox, powerless, IRELAND, 1).await);
    let denied =
        get(&powerless, from, from + 60).metric_data_queries(query("a", "Sum", 60, "cart"));
    let (denied, why) = code(denied.send().await);
    assert_eq!(denied, "AccessDenied");
    assert!(
        why.contains("because no identity-based policy allows the cloudwatch:GetMetricData action"),
        "{why}"
    );
    let wrong = Credentials::new(super::super::ROOT.0, "wrong", None, None, "test");
    let wrong = Client::new(&sdk(sandbox, wrong, IRELAND, 1).await);
    let wrong = get(&wrong, from, from + 60).metric_data_queries(query("a", "Sum", 60, "cart"));
    assert_eq!(code(wrong.send().await).0, "InvalidSignatureException");
}
