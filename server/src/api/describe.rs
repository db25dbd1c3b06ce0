//! The description of the API, `OpenAPI` 3.1: what the handlers say, and what all of them have in common.

mod links;

use std::sync::OnceLock;

use axum::response::{IntoResponse, Response};
use domain::RefusalCode;
use utoipa::{
    OpenApi as _, PartialSchema as _, ToSchema as _,
    openapi::{
        Components, Content, Header, OpenApi, PathItem, Ref, RefOr, Required, ResponseBuilder,
        Type,
        path::{Operation, Parameter, ParameterBuilder, ParameterIn},
        schema::{ObjectBuilder, Schema},
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use super::{answer::Known, asking::Plain, problem::Problem, words};
use crate::edge::Refused;

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Portolan",
        description = "The control plane for microservices on Amazon EKS in two AWS regions.\n\n\
            Times are RFC 3339 in UTC, ids are UUIDv7. Lists answer `{items, next_cursor}`: send the cursor back to read on. \
            Unknown fields and parameters are refused. Errors are RFC 9457 problems with a stable `code`; an address or method \
            that is not described here answers 404 or 405. What one may not know of is not found. A POST takes an \
            `Idempotency-Key`: the same request with the same key is done once, and its answer given again for 24 hours."
    ),
    servers((url = "/api/v1")),
    security(("token" = []), ("session" = [])),
    tags(
        (name = "catalogue", description = "Services and their releases"),
        (name = "places", description = "Environments, regions and the rules in force"),
        (name = "changes", description = "Requests to alter the world, and all that comes of them"),
        (name = "schedule", description = "When changes may start: windows, freezes, and stopping the line"),
        (name = "pipelines", description = "What build jobs call"),
        (name = "audit", description = "What happened"),
        (name = "people", description = "Who asks, and with which tokens"),
        (name = "description", description = "This document")
    )
)]
struct Preface;

/// What stands before the operations.
pub(super) fn preface() -> OpenApi {
    Preface::openapi()
}

/// The whole description.
pub fn description() -> OpenApi {
    let (_, mut api) = super::routes().split_for_parts();
    let components = api.components.get_or_insert_with(Components::new);
    words::add(components);
    components
        .schemas
        .insert(Problem::name().into_owned(), Problem::schema());
    add_security(components);
    for item in api.paths.paths.values_mut() {
        let PathItem {
            get, post, delete, ..
        } = item;
        for operation in get.iter_mut() {
            complete(operation, Kind::Get);
        }
        for operation in post.iter_mut() {
            complete(operation, Kind::Post);
        }
        for operation in delete.iter_mut() {
            complete(operation, Kind::Delete);
        }
    }
    links::add(&mut api);
    api
}

fn add_security(components: &mut Components) {
    let token = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("ptl_…")
        .description(Some("An API token: its power is its scopes within its owner's rights of today. It carries no second factor."));
    let session = ApiKeyValue::with_description(
        "__Host-portolan",
        "A signed-in browser. What changes something also needs the header `x-csrf-token` and a request of the same origin. \
         Without TLS, on one machine, the cookie is called `portolan`.",
    );
    components.add_security_scheme("token", SecurityScheme::Http(token.build()));
    components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(session)));
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Get,
    Post,
    Delete,
}

/// Operations whose answer carries an `ETag`.
const TAGGED: [&str; 8] = [
    "get_service",
    "get_environment",
    "get_change",
    "get_evidence",
    "explain_change",
    "get_audit_event",
    "list_rules",
    "get_description",
];

/// Operations whose body may be left out.
const EMPTY: [&str; 2] = ["start_change", "import_catalogue"];

/// Adds what every operation of its kind has: its key, its tag, and the problems it may answer.
fn complete(operation: &mut Operation, kind: Kind) {
    let id = operation.operation_id.clone().unwrap_or_default();
    let open = operation.security.is_some();
    let parameters = operation.parameters.get_or_insert_default();
    let in_path = parameters
        .iter()
        .any(|p| matches!(p, RefOr::T(p) if p.parameter_in == ParameterIn::Path));
    if kind == Kind::Post && !open {
        parameters.push(
            header(
                "Idempotency-Key",
                Ref::from_schema_name("IdempotencyKey").into(),
            )
            .into(),
        );
    }
    if TAGGED.contains(&id.as_str()) {
        let text = ObjectBuilder::new().schema_type(Type::String);
        let about = "Tags of what the client has already, as the header ETag gave them.";
        parameters.push(
            header(
                "If-None-Match",
                text.description(Some(about)).build().into(),
            )
            .into(),
        );
        let unaltered = ResponseBuilder::new()
            .description("The client has it already.")
            .build();
        operation
            .responses
            .responses
            .insert("304".to_owned(), unaltered.into());
        if let Some(RefOr::T(response)) = operation.responses.responses.get_mut("200") {
            let tag =
                Header::builder().schema(Some(ObjectBuilder::new().schema_type(Type::String)));
            response
                .headers
                .insert("ETag".to_owned(), tag.build().into());
        }
    }
    if let Some(RefOr::T(body)) = operation
        .request_body
        .as_mut()
        .filter(|_| EMPTY.contains(&id.as_str()))
    {
        body.required = Some(Required::False);
    }
    let mut problems = vec![400, 422, 503];
    if !open {
        problems.extend([401, 403, 429]);
    }
    if in_path {
        problems.push(404);
    }
    if kind == Kind::Post {
        problems.extend([403, 409, 413, 415, 429]);
    }
    // What has ended is not ended again.
    if kind == Kind::Delete && id.starts_with("end_") {
        problems.push(409);
    }
    if id == "redeem_ticket" {
        problems.push(502);
    }
    for status in problems {
        operation
            .responses
            .responses
            .insert(status.to_string(), problem(status).into());
    }
}

fn header(name: &str, schema: RefOr<Schema>) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .schema(Some(schema))
        .build()
}

/// What a problem of this status can be.
fn problem(status: u16) -> utoipa::openapi::Response {
    let codes: Vec<String> = RefusalCode::ALL
        .iter()
        .filter(|code| code.status() == status)
        .map(|code| format!("`{}`: {}.", code.as_str(), code.title()))
        .collect();
    let mut response = ResponseBuilder::new().description(codes.join(" ")).content(
        "application/problem+json",
        Content::new(Some(Ref::from_schema_name("Problem"))),
    );
    if matches!(status, 429 | 503) {
        let seconds = ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(1))
            .description(Some("Seconds."));
        response = response.header(
            "Retry-After",
            Header::builder().schema(Some(seconds)).build(),
        );
    }
    response.build()
}

/// This description
#[utoipa::path(get, path = "/openapi.json", operation_id = "get_description", tag = "description", security(()),
    responses((status = 200, body = serde_json::Value, description = "OpenAPI 3.1.")))]
pub(super) async fn show(_: Plain, known: Known) -> Result<Response, Refused> {
    static TEXT: OnceLock<serde_json::Value> = OnceLock::new();
    let value = match TEXT.get() {
        Some(value) => value,
        None => {
            let made = serde_json::to_value(description()).map_err(control::Error::from)?;
            TEXT.get_or_init(|| made)
        }
    };
    Ok(known.answer(value)?.into_response())
}
