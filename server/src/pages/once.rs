//! A form sent twice, by a double click or a reload, is done once: each form that makes something
//! carries a key of its own, which counts as the API's `Idempotency-Key` does.

use std::time::Duration;

use app::Params;
use control::{
    Control, Error, Result,
    idempotency::{Answer, Begun, KeyedRequest},
};
use domain::{Caller, Refusal, RefusalCode, canonical};
use tokio::time::{Instant, sleep};

/// So long the second of two waits for what the first made.
const PATIENCE: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(100);

/// Does `work`, which answers with the address to go on to, unless this very form was already done.
pub(super) async fn once<F>(
    control: &Control,
    caller: &Caller,
    route: &str,
    fields: &Params,
    work: F,
) -> Result<String>
where
    F: Future<Output = Result<String>>,
{
    let Some(key) = fields.get("once") else {
        return work.await;
    };
    let hash = canonical::sha256(&said(fields));
    let request = KeyedRequest::new(caller, key, format!("POST {route}"), hash)?;
    let give_up = Instant::now() + PATIENCE;
    loop {
        match control.begin_keyed(&request).await? {
            Begun::First => break,
            Begun::Again(answer) => return String::from_utf8(answer.body).map_err(Error::fault),
            // The first of a double click: nobody sees its answer, so this one waits for it.
            Begun::UnderWay if Instant::now() < give_up => sleep(LOOK).await,
            Begun::UnderWay => {
                return Err(Refusal::new(
                    RefusalCode::Conflict,
                    "This form was sent before and is being worked on still. Look at what it made before you send it again.",
                )
                .into());
            }
        }
    }
    let made = work.await;
    match &made {
        Ok(to) => {
            let answer = Answer {
                status: 303,
                content_type: "text/plain".to_owned(),
                location: None,
                body: to.clone().into_bytes(),
            };
            control.finish_keyed(&request, &answer).await?;
        }
        Err(Error::Refused(_)) => control.abandon_keyed(&request).await?,
        // It may have come after the deed: the key is spent.
        Err(Error::Fault(_)) => {}
    }
    made
}

/// What the form says, without what is new for every page.
fn said(fields: &Params) -> String {
    let mut text = String::new();
    for (key, value) in fields
        .pairs()
        .filter(|(k, _)| !matches!(*k, "csrf" | "once"))
    {
        text.push_str(key);
        text.push('\u{1f}');
        text.push_str(value);
        text.push('\u{1e}');
    }
    text
}
