//! IAM policies: their grammar and their evaluation, as AWS documents them.
//!
//! [`Policy::parse`] checks the grammar and refuses in the words of AWS; [`evaluate`] decides one [`Request`] against the
//! [`Policies`] in force and says which statement decided. Nothing here knows HTTP or the state of the world, so a test
//! can put any rendered policy through it:
//!
//! ```
//! use portolan_sandbox::aws::iam::{Policies, Policy, Principal, Request, evaluate};
//!
//! let policy = Policy::parse(
//!     r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "eks:Describe*", "Resource": "*",
//!         "Condition": {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}}}"#,
//! )?;
//! let principal = Principal::session("200000000002", "portolan-job-developer", "step-1");
//! let request = Request::new(principal, "eks:DescribeCluster", "arn:aws:eks:eu-west-1:200000000002:cluster/shop-dev");
//! let policies = Policies { identity: &[policy], ..Policies::default() };
//!
//! assert!(evaluate(&request.clone().with("aws:RequestedRegion", "eu-west-1"), &policies).is_allowed());
//! let denied = evaluate(&request, &policies);
//! assert!(denied.message(&request).is_some_and(|words| words.ends_with(
//!     "because no identity-based policy allows the eks:DescribeCluster action"
//! )));
//! # Ok::<(), portolan_sandbox::aws::iam::Malformed>(())
//! ```
mod condition;
mod document;
mod evaluate;
mod pattern;
mod request;
#[cfg(test)]
mod tests;

pub use document::{Effect, Malformed, Policy};
pub use evaluate::{Because, Decision, Layer, Policies, evaluate};
pub use request::{Context, Principal, Request};
