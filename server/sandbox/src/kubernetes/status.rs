//! Refusals as `Status` objects, in the API server's own words.

use serde_json::{Value, json};

use super::address::Address;

/// A refusal.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) code: u16,
    pub(crate) reason: &'static str,
    pub(crate) message: String,
    details: Value,
}

impl Refusal {
    fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            reason,
            message: message.into(),
            details: Value::Null,
        }
    }

    fn about(mut self, address: &Address) -> Self {
        self.details =
            json!({"name": address.name, "group": address.group, "kind": address.resource});
        self
    }

    /// 401: no token, or one that proves nobody.
    pub(crate) fn unauthorized() -> Self {
        Self::new(401, "Unauthorized", "Unauthorized")
    }

    /// 403: nobody gave this user that verb.
    pub(crate) fn forbidden(user: &str, verb: &str, address: &Address) -> Self {
        if address.resource.is_empty() {
            let text = format!(
                "forbidden: User \"{user}\" cannot {verb} path \"{}\"",
                address.path
            );
            return Self::new(403, "Forbidden", text);
        }
        let whole = address.qualified_resource();
        let subject = address
            .name
            .as_ref()
            .map_or_else(|| whole.clone(), |name| format!("{whole} \"{name}\""));
        let place = match &address.namespace {
            Some(namespace) => format!("in the namespace \"{namespace}\""),
            None => "at the cluster scope".to_owned(),
        };
        let resource = match &address.subresource {
            Some(sub) => format!("{}/{sub}", address.resource),
            None => address.resource.clone(),
        };
        let text = format!(
            "{subject} is forbidden: User \"{user}\" cannot {verb} resource \"{resource}\" in API group \"{}\" {place}",
            address.group
        );
        Self::new(403, "Forbidden", text).about(address)
    }

    /// 403 of an admission policy that is in force: who may call it at all, may not do this with it.
    pub(crate) fn denied(address: &Address, policy: &str, why: &str) -> Self {
        let name = address.name.as_deref().unwrap_or_default();
        let text = format!(
            "{} \"{name}\" is forbidden: ValidatingAdmissionPolicy '{policy}' with binding '{policy}' denied request: {why}",
            address.qualified_resource()
        );
        Self::new(403, "Forbidden", text).about(address)
    }

    /// 404 of an object.
    pub(crate) fn not_found(address: &Address) -> Self {
        let name = address.name.as_deref().unwrap_or_default();
        let text = format!("{} \"{name}\" not found", address.qualified_resource());
        Self::new(404, "NotFound", text).about(address)
    }

    /// 404 of an address.
    pub(crate) fn no_such_path() -> Self {
        Self::new(
            404,
            "NotFound",
            "the server could not find the requested resource",
        )
    }

    /// 405.
    pub(crate) fn method_not_allowed() -> Self {
        Self::new(
            405,
            "MethodNotAllowed",
            "the server does not allow this method on the requested resource",
        )
    }

    /// 409: the object has moved on.
    pub(crate) fn conflict(address: &Address) -> Self {
        let text = format!(
            "Operation cannot be fulfilled on {} \"{}\": the object has been modified; please apply your changes to the latest version and try again",
            address.qualified_resource(),
            address.name.as_deref().unwrap_or_default()
        );
        Self::new(409, "Conflict", text).about(address)
    }

    /// 409: there is one of this name.
    pub(crate) fn already_exists(address: &Address) -> Self {
        let name = address.name.as_deref().unwrap_or_default();
        let text = format!("{} \"{name}\" already exists", address.qualified_resource());
        Self::new(409, "AlreadyExists", text).about(address)
    }

    /// 409: the object is not the one that was meant.
    pub(crate) fn precondition(address: &Address, what: &str, wanted: &str, is: &str) -> Self {
        let text = format!(
            "Operation cannot be fulfilled on {} \"{}\": Precondition failed: {what} in precondition: {wanted}, {what} in object meta: {is}",
            address.qualified_resource(),
            address.name.as_deref().unwrap_or_default()
        );
        Self::new(409, "Conflict", text).about(address)
    }

    /// 410: what the caller wants to continue from is forgotten.
    pub(crate) fn expired(message: impl Into<String>) -> Self {
        Self::new(410, "Expired", message)
    }

    /// 413.
    pub(crate) fn too_large() -> Self {
        Self::new(
            413,
            "RequestEntityTooLarge",
            "Request entity too large: limit is 3145728",
        )
    }

    /// 415.
    pub(crate) fn unsupported_media_type() -> Self {
        Self::new(
            415,
            "UnsupportedMediaType",
            "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json",
        )
    }

    /// 415 where an object is sent and not a patch.
    pub(crate) fn no_object_type() -> Self {
        Self::new(
            415,
            "UnsupportedMediaType",
            "the body of the request was in an unknown format - accepted media types include: application/json",
        )
    }

    /// 422: the object would not be valid.
    pub(crate) fn invalid(address: &Address, kind: &str, field: &str, why: &str) -> Self {
        let qualified = if address.group.is_empty() {
            kind.to_owned()
        } else {
            format!("{kind}.{}", address.group)
        };
        let name = address.name.as_deref().unwrap_or_default();
        let text = format!("{qualified} \"{name}\" is invalid: {field}: {why}");
        let mut refusal = Self::new(422, "Invalid", text);
        refusal.details = json!({
            "name": name, "group": address.group, "kind": kind,
            "causes": [{"reason": "FieldValueInvalid", "message": why, "field": field}],
        });
        refusal
    }

    /// 500.
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(500, "InternalError", message)
    }

    /// 400.
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// As the API server sends it.
    pub(crate) fn json(&self) -> Value {
        let mut status = json!({
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
            "code": self.code,
        });
        if !self.details.is_null() {
            status["details"] = self.details.clone();
        }
        status
    }
}
