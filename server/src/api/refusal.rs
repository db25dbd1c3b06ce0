//! A permission, or why there is none: the very decision that the enforcer takes.

use domain::Refusal;
use serde::Serialize;
use utoipa::ToSchema;

/// Whether the caller may do something now.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Permission {
    allowed: bool,
    /// The code of the problem that the call would be refused with; null when it is allowed.
    #[schema(example = "step_up_required")]
    code: Option<String>,
    /// Why not, and what to do; null when it is allowed.
    detail: Option<String>,
}

impl From<Result<(), Refusal>> for Permission {
    fn from(decided: Result<(), Refusal>) -> Self {
        let refusal = decided.err();
        Self {
            allowed: refusal.is_none(),
            code: refusal.as_ref().map(|r| r.code.as_str().to_owned()),
            detail: refusal.map(|r| r.detail),
        }
    }
}
