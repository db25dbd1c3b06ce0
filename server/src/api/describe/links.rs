//! Which answer leads to which further call: for readers of the description, and for tools that walk along it.

use utoipa::openapi::{OpenApi, PathItem, RefOr, link::Link, path::Operation};

/// (operation, status of its answer, where the value is, operation it leads to, parameter it is for)
const LINKS: &[(&str, &str, &str, &str, &str)] = &[
    (
        "list_services",
        "200",
        "$response.body#/items/0/name",
        "get_service",
        "name",
    ),
    (
        "list_services",
        "200",
        "$response.body#/items/0/name",
        "list_releases",
        "name",
    ),
    (
        "list_services",
        "200",
        "$response.body#/items/0/name",
        "register_release",
        "name",
    ),
    (
        "list_services",
        "200",
        "$response.body#/next_cursor",
        "list_services",
        "cursor",
    ),
    (
        "list_environments",
        "200",
        "$response.body#/items/0/name",
        "get_environment",
        "name",
    ),
    (
        "list_changes",
        "200",
        "$response.body#/next_cursor",
        "list_changes",
        "cursor",
    ),
    (
        "list_changes",
        "200",
        "$response.body#/items/0/id",
        "get_change",
        "id",
    ),
    (
        "list_changes",
        "200",
        "$response.body#/items/0/id",
        "get_evidence",
        "id",
    ),
    (
        "list_changes",
        "200",
        "$response.body#/items/0/id",
        "explain_change",
        "id",
    ),
    (
        "list_changes",
        "200",
        "$response.body#/items/0/id",
        "list_runs",
        "id",
    ),
    (
        "list_changes",
        "200",
        "$response.body#/items/0/id",
        "get_log",
        "id",
    ),
    (
        "list_changes",
        "200",
        "$response.body#/items/0/id",
        "decide_change",
        "id",
    ),
    (
        "list_changes",
        "200",
        "$response.body#/items/0/id",
        "start_change",
        "id",
    ),
    (
        "list_changes",
        "200",
        "$response.body#/items/0/id",
        "cancel_change",
        "id",
    ),
    (
        "list_changes",
        "200",
        "$response.body#/items/0/id",
        "retry_change",
        "id",
    ),
    (
        "request_change",
        "202",
        "$response.body#/id",
        "get_change",
        "id",
    ),
    (
        "request_change",
        "202",
        "$response.body#/id",
        "decide_change",
        "id",
    ),
    (
        "request_change",
        "202",
        "$response.body#/id",
        "start_change",
        "id",
    ),
    (
        "request_change",
        "202",
        "$response.body#/id",
        "cancel_change",
        "id",
    ),
    (
        "request_change",
        "202",
        "$response.body#/id",
        "follow_change",
        "id",
    ),
    (
        "list_audit_events",
        "200",
        "$response.body#/items/0/id",
        "get_audit_event",
        "id",
    ),
    (
        "list_audit_events",
        "200",
        "$response.body#/next_cursor",
        "list_audit_events",
        "cursor",
    ),
    (
        "list_people",
        "200",
        "$response.body#/next_cursor",
        "list_people",
        "cursor",
    ),
    (
        "list_people",
        "200",
        "$response.body#/items/0/id",
        "disable_person",
        "id",
    ),
    (
        "list_people",
        "200",
        "$response.body#/items/0/id",
        "enable_person",
        "id",
    ),
    (
        "create_freeze",
        "201",
        "$response.body#/id",
        "end_freeze",
        "id",
    ),
    (
        "create_window",
        "201",
        "$response.body#/id",
        "end_window",
        "id",
    ),
    ("create_stop", "201", "$response.body#/id", "end_stop", "id"),
    (
        "list_freezes",
        "200",
        "$response.body#/next_cursor",
        "list_freezes",
        "cursor",
    ),
    (
        "list_windows",
        "200",
        "$response.body#/next_cursor",
        "list_windows",
        "cursor",
    ),
    (
        "list_stops",
        "200",
        "$response.body#/next_cursor",
        "list_stops",
        "cursor",
    ),
    (
        "request_change",
        "202",
        "$response.body#/id",
        "ask_override",
        "id",
    ),
    (
        "create_token",
        "201",
        "$response.body#/id",
        "revoke_token",
        "id",
    ),
];

pub(super) fn add(api: &mut OpenApi) {
    for item in api.paths.paths.values_mut() {
        let PathItem {
            get, post, delete, ..
        } = item;
        for operation in [get, post, delete].into_iter().flatten() {
            add_to(operation);
        }
    }
}

fn add_to(operation: &mut Operation) {
    let id = operation.operation_id.clone().unwrap_or_default();
    for (_, status, value, to, parameter) in LINKS.iter().filter(|(from, ..)| *from == id) {
        if let Some(RefOr::T(response)) = operation.responses.responses.get_mut(*status) {
            let link = Link::builder()
                .operation_id(*to)
                .parameter(*parameter, *value)
                .build();
            response
                .links
                .insert(format!("{to} by {parameter}"), link.into());
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_link_leads_from_somewhere_to_somewhere() {
        let api = serde_json::to_value(super::super::description()).expect("json");
        let text = api.to_string();
        for (from, status, _, to, parameter) in super::LINKS {
            for id in [from, to] {
                assert!(text.contains(&format!("\"operationId\":\"{id}\"")), "{id}");
            }
            let paths = api["paths"].as_object().expect("paths");
            let mut operations = paths
                .values()
                .flat_map(|item| item.as_object().expect("an item").values());
            let found = operations
                .find(|o| o["operationId"] == *from)
                .expect("the operation");
            let name = format!("{to} by {parameter}");
            assert_eq!(
                found["responses"][status]["links"][&name]["operationId"], *to,
                "{from}"
            );
        }
    }
}
