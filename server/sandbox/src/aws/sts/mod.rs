//! STS: `AssumeRole` and `GetCallerIdentity`, query protocol, also as a presigned GET.
mod assume_role;
mod parameters;

use serde_json::json;

use super::Asked;
use super::error::{AwsError, escape};
use super::sigv4::Message;
use parameters::Parameters;

/// XML namespace and API version of the answers.
pub(crate) const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";
const VERSION: &str = "2011-06-15";

/// The operation that a request names, before it is read with care.
pub(crate) fn operation(message: &Message<'_>) -> Option<String> {
    let body = std::str::from_utf8(message.body).ok()?;
    let mut pairs = message.query.split('&').chain(body.split('&'));
    let name = pairs.find_map(|pair| pair.strip_prefix("Action="))?;
    Some(
        name.chars()
            .filter(char::is_ascii_alphanumeric)
            .take(64)
            .collect(),
    )
}

pub(crate) fn serve(asked: &mut Asked<'_>) -> Result<String, AwsError> {
    let parameters = Parameters::read(asked)?;
    parameters
        .get("Action")
        .unwrap_or_default()
        .clone_into(&mut asked.operation);
    if asked.operation.is_empty() {
        return Err(AwsError::new(
            400,
            "MissingAction",
            "The request must contain the parameter Action.",
        ));
    }
    if parameters.get("Version") != Some(VERSION) {
        let version = parameters.get("Version").unwrap_or("NO_VERSION_SPECIFIED");
        let message = format!(
            "Could not find operation {} for version {version}",
            asked.operation
        );
        return Err(AwsError::new(400, "InvalidAction", message));
    }
    let result = match asked.operation.as_str() {
        "AssumeRole" => assume_role::serve(asked, &parameters)?,
        "GetCallerIdentity" => caller_identity(asked, &parameters)?,
        other => return Err(AwsError::not_served(format_args!("sts:{other}"))),
    };
    let (operation, id) = (&asked.operation, &asked.request_id);
    Ok(format!(
        "<{operation}Response xmlns=\"{NAMESPACE}\">\n  <{operation}Result>\n{result}  </{operation}Result>\n  <ResponseMetadata>\n    <RequestId>{id}</RequestId>\n  </ResponseMetadata>\n</{operation}Response>\n"
    ))
}

/// Needs no permission: even an explicit deny does not hide from a caller who it is.
fn caller_identity(asked: &mut Asked<'_>, parameters: &Parameters) -> Result<String, AwsError> {
    parameters.only(&[])?;
    let identity = &asked.caller.identity;
    asked.detail = json!({ "presigned": asked.presigned });
    Ok(element(4, "Arn", &identity.arn)
        + &element(4, "UserId", &identity.user_id)
        + &element(4, "Account", &identity.account))
}

/// One line of XML.
fn element(indent: usize, name: &str, text: &str) -> String {
    format!("{:indent$}<{name}>{}</{name}>\n", "", escape(text))
}
