//! The audit log as a file: CSV for people, JSON lines for programs.

use axum::{
    body::{Body, Bytes},
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use control::audit::{AuditQuery, AuditRow, Export};
use domain::{ChangeId, EventKind, Login, Outcome, Refusal};
use futures::stream;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::{AuditEvent, filters};
use crate::{
    AppState,
    api::{asking::Filters, checked, words},
    edge::{Refused, SignedIn},
};

/// Which form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::api) enum Form {
    /// RFC 4180, with a line of names.
    Csv,
    /// One JSON object a line.
    Jsonl,
}

/// The form as asked for: one that is planned is told from one that never was.
#[derive(Clone, Debug, Deserialize)]
struct Asked(String);

impl Asked {
    fn form(&self) -> Result<Form, Refusal> {
        match self.0.as_str() {
            "csv" => Ok(Form::Csv),
            "jsonl" => Ok(Form::Jsonl),
            "ocsf" => Err(Refusal::field(
                "format",
                "ocsf is not built yet; csv and jsonl are",
            )),
            _ => Err(Refusal::field("format", "csv or jsonl")),
        }
    }
}

impl Form {
    fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
        }
    }

    fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Jsonl => "application/jsonl",
        }
    }

    fn head(self) -> String {
        match self {
            Self::Csv => format!("{}\r\n", NAMES.join(",")),
            Self::Jsonl => String::new(),
        }
    }

    fn row(self, row: AuditRow) -> Result<String, control::Error> {
        match self {
            Self::Csv => Ok(csv(&row)),
            Self::Jsonl => Ok(serde_json::to_string(&AuditEvent::from(row))? + "\n"),
        }
    }
}

filters! {
    /// Which events, and in which form; absent filters match all.
    ExportFilters {
        #[param(value_type = Form, inline)]
        format: Asked,
    }
    |_| (None, None)
}

const NAMES: [&str; 12] = [
    "id",
    "at",
    "kind",
    "outcome",
    "door",
    "login",
    "subject_kind",
    "subject_id",
    "change",
    "request_id",
    "ip",
    "data",
];

fn csv(row: &AuditRow) -> String {
    let text = |t: Option<&str>| t.unwrap_or_default().to_owned();
    let cells = [
        row.id.to_string(),
        row.at.to_string(),
        row.kind.to_string(),
        row.outcome.to_string(),
        row.door.clone(),
        text(row.login.as_deref()),
        row.subject.kind.clone(),
        row.subject.id.clone(),
        row.change.map(|id| id.to_string()).unwrap_or_default(),
        row.request_id.to_string(),
        text(row.ip.as_deref()),
        row.data.to_string(),
    ];
    let cells: Vec<_> = cells.iter().map(|cell| quoted(cell)).collect();
    cells.join(",") + "\r\n"
}

/// A cell that no spreadsheet takes for a formula: one that could begin as such begins with an apostrophe.
fn quoted(cell: &str) -> String {
    let first = cell.trim_start_matches([' ', '\u{a0}']).chars().next();
    let formula = first.is_some_and(|c| "=+-@\t\r\n|%＝＋－＠".contains(c));
    let guard = if formula { "'" } else { "" };
    format!("\"{guard}{}\"", cell.replace('"', "\"\""))
}

/// The events as a file, newest first, 100,000 at most
///
/// Ask for a larger log in parts, by time. In CSV, a text that a spreadsheet could take for a formula begins with an apostrophe.
/// An export is an event itself. If it breaks off, the connection does too: a file that arrived whole is whole.
#[utoipa::path(get, path = "/audit/export", operation_id = "export_audit", tag = "audit", params(ExportFilters),
    responses((status = 200, description = "The file.", content((String = "text/csv"), (String = "application/jsonl")))))]
pub(in crate::api) async fn export(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    Filters(filters): Filters<ExportFilters>,
) -> Result<Response, Refused> {
    let form = filters.format.form()?;
    let mut export = state
        .control()
        .audit_export(&caller, AuditQuery::from(filters), form.as_str())
        .await?;
    // The first rows before the answer begins, so that what fails at once is told.
    let first = form.head() + &chunk(form, &mut export).await?.unwrap_or_default();
    let name = format!("attachment; filename=\"portolan-audit.{}\"", form.as_str());
    let headers = [
        (header::CONTENT_TYPE, form.content_type().to_owned()),
        (header::CONTENT_DISPOSITION, name),
    ];
    Ok((headers, Body::from_stream(stream(form, first, export))).into_response())
}

fn stream(
    form: Form,
    first: String,
    export: Export,
) -> impl stream::Stream<Item = Result<Bytes, control::Error>> {
    stream::try_unfold(
        (Some(first), export),
        move |(first, mut export)| async move {
            let text = match first {
                Some(text) => Some(text),
                None => chunk(form, &mut export)
                    .await
                    .inspect_err(|error| tracing::error!(%error, "an export broke off"))?,
            };
            Ok(text.map(|text| (Bytes::from(text), (None, export))))
        },
    )
}

/// Some more rows; none at the end.
async fn chunk(form: Form, export: &mut Export) -> Result<Option<String>, control::Error> {
    let rows = export.next().await?;
    if rows.is_empty() {
        return Ok(None);
    }
    rows.into_iter()
        .map(|row| form.row(row))
        .collect::<Result<String, _>>()
        .map(Some)
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_cell_is_never_a_formula() {
        for bad in [
            "=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\r=1", "\n=1", " =1", "＝1", "|cmd", "%1",
        ] {
            assert!(quoted(bad).starts_with("\"'"), "{bad:?}");
        }
        assert_eq!(quoted("a,\"b\"\n"), "\"a,\"\"b\"\"\n\"");
        assert_eq!(quoted("developer"), "\"developer\"");
    }
}
