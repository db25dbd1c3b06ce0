//! The admission policy `portolan-canaries` of `terraform/modules/cluster-addons/charts/canaries`: whoever deploys makes and
//! removes canaries and no other Deployment, and turns none into the other.

use serde_json::Value;

use super::address::Address;
use super::objects::text;
use super::rbac::User;
use super::status::Refusal;

const POLICY: &str = "portolan-canaries";
const LABEL: &str = "/labels/portolan.dev~1canary-of";

/// Judges what a user makes (no `before`), alters, or removes (no `after`).
pub(crate) fn review(
    user: &User,
    before: Option<&Value>,
    after: Option<&Value>,
    address: &Address,
) -> Result<(), Refusal> {
    if !user.groups.iter().any(|group| group == "portolan:edit") {
        return Ok(());
    }
    let denied = |why: &str| Err(Refusal::denied(address, POLICY, why));
    let of = |object: &Value| text(object, &format!("/metadata{LABEL}")).to_owned();
    match (before, after) {
        (Some(before), Some(after)) if of(before) != of(after) => {
            denied("the label portolan.dev/canary-of is set when a canary is made and never moved")
        }
        (None, Some(object)) | (Some(object), None) if !is_canary(object, &of(object)) => denied(
            "whoever deploys makes and removes canaries only: Deployments <service>-canary that select pods with the label portolan.dev/canary-of of that service",
        ),
        _ => Ok(()),
    }
}

fn is_canary(object: &Value, of: &str) -> bool {
    let selects = object
        .pointer("/spec/selector/matchLabels/portolan.dev~1canary-of")
        .and_then(Value::as_str);
    !of.is_empty()
        && text(object, "/metadata/name") == format!("{of}-canary")
        && selects == Some(of)
}
