//! Importing the catalogue.

use axum::{
    Json,
    body::Body,
    extract::{Request, State},
};
use control::catalog::{ImportReport, Problem};
use domain::{ImportId, Refusal, RefusalCode};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    asking::{self, Filters},
    checked, words,
};
use crate::{
    AppState,
    edge::{Refused, SignedIn, body},
};

/// What an import did.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Import {
    #[schema(value_type = words::Id)]
    id: ImportId,
    /// Where from.
    #[schema(example = "upload:shop")]
    source: String,
    at: Timestamp,
    /// New or altered entities.
    #[schema(minimum = 0)]
    imported: i32,
    #[schema(minimum = 0)]
    unchanged: i32,
    /// Services of this source that it no longer has; they are kept and shown as orphaned.
    #[schema(minimum = 0)]
    orphaned: i32,
    /// What is wrong; the other entities were imported.
    problems: Vec<CatalogueProblem>,
}

/// Something in a catalogue file that is not as it should be.
#[derive(Debug, Serialize, ToSchema)]
struct CatalogueProblem {
    file: String,
    #[schema(minimum = 1)]
    line: Option<u32>,
    #[schema(example = "spec.owner")]
    field: Option<String>,
    message: String,
}

impl From<ImportReport> for Import {
    fn from(report: ImportReport) -> Self {
        let problem = |p: Problem| CatalogueProblem {
            file: p.file,
            line: p.line,
            field: p.field,
            message: p.message,
        };
        Self {
            id: report.id,
            source: report.source,
            at: report.at,
            imported: report.imported,
            unchanged: report.unchanged,
            orphaned: report.orphaned,
            problems: report.problems.into_iter().map(problem).collect(),
        }
    }
}

/// What the file in the body is called.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ImportNames {
    /// Only with a file in the body; `api` when nothing is said.
    #[param(value_type = Option<words::SourceName>)]
    source: Option<checked::SourceName>,
    /// Only with a file in the body; `catalog-info.yaml` when nothing is said.
    #[param(value_type = Option<words::FileName>)]
    file: Option<checked::FileName>,
}

/// The configured folder.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TheFolder {}

const YAML: [&str; 4] = [
    "application/yaml",
    "application/x-yaml",
    "text/yaml",
    "text/x-yaml",
];

/// Import the catalogue
///
/// With `{}` or without a body: from the configured folder. With YAML: that file, of up to 8 MiB, in the format
/// of Backstage's `catalog-info.yaml`. Services that their source no longer has become orphaned; a file with nothing in
/// it, or an uploaded one with a mistake, lets go of none. A name belongs to the source that has it: from another
/// source it is a problem and changes nothing, until the first lets go. An owner is a Group of the catalogue, where it
/// has any, or a team that the rules name; a Component of another owner is a problem and stays as it was.
#[utoipa::path(post, path = "/services/import", operation_id = "import_catalogue", tag = "catalogue", params(ImportNames),
    request_body(content((TheFolder = "application/json"), (serde_json::Value = "application/yaml"))),
    responses((status = 200, body = Import, description = "What the import did.")))]
pub(super) async fn import(
    State(state): State<AppState>,
    SignedIn(caller): SignedIn,
    Filters(names): Filters<ImportNames>,
    request: Request,
) -> Result<Json<Import>, Refused> {
    let report = match text(request).await? {
        Some(text) => {
            let source = names.source.map_or_else(|| "api".to_owned(), |s| s.0);
            let file = names
                .file
                .map_or_else(|| "catalog-info.yaml".to_owned(), |f| f.0);
            state
                .control()
                .import_text(&caller, &source, &file, text)
                .await?
        }
        None if names.source.is_some() || names.file.is_some() => {
            let named = if names.source.is_some() {
                "source"
            } else {
                "file"
            };
            return Err(Refusal::field(named, "only goes with a YAML file in the body").into());
        }
        None => state.control().import_folder(&caller).await?,
    };
    Ok(Json(report.into()))
}

/// The YAML that was sent; none for the configured folder.
async fn text(request: Request) -> Result<Option<String>, Refused> {
    let (parts, stream) = request.into_parts();
    let kind = asking::media_type(&parts.headers);
    let bytes = body::read(parts.uri.path(), Body::new(stream)).await?;
    match kind.as_deref() {
        None if bytes.is_empty() => Ok(None),
        Some(kind) if asking::is_json(kind) => {
            if !bytes.is_empty() {
                let TheFolder {} = asking::parse(&bytes)?;
            }
            Ok(None)
        }
        Some(kind) if YAML.contains(&kind) => match String::from_utf8(bytes.into()) {
            Ok(text) => Ok(Some(text)),
            Err(_) => Err(Refused::code(
                RefusalCode::Malformed,
                "The file is no UTF-8 text.",
            )),
        },
        _ => Err(Refused::code(
            RefusalCode::UnsupportedMediaType,
            "Send YAML as 'application/yaml', or '{}' as 'application/json' for the configured folder.",
        )),
    }
}
