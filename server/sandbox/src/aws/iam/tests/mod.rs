//! The evaluator against the rules that AWS documents, in tables.
mod conditions;
mod decisions;
mod grammar;

use super::{Policy, Principal, Request};

const CLUSTER: &str = "arn:aws:eks:eu-west-1:200000000002:cluster/shop-dev";

fn policy(statements: &str) -> Policy {
    let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
    Policy::parse(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn trust(statements: &str) -> Policy {
    let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
    Policy::parse_trust(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn describe() -> Request {
    Request::new(
        Principal::session("200000000002", "developer", "step-1"),
        "eks:DescribeCluster",
        CLUSTER,
    )
}
