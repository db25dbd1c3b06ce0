//! A change as it happens: nothing is lost, nothing comes twice, and nobody listens who may not.

use std::time::Duration;

use futures::StreamExt as _;
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::time::timeout;

use super::{Script, Shop, send};

/// One event of a stream.
#[derive(Debug)]
struct Event {
    name: String,
    id: String,
    data: Value,
}

/// An open stream.
struct Stream {
    bytes: futures::stream::BoxStream<'static, reqwest::Result<Vec<u8>>>,
    text: String,
}

impl Stream {
    async fn open(script: &Script, path: &str, last: Option<&str>) -> Self {
        let mut request = script.request("GET", path);
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status().as_u16(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let bytes = response
            .bytes_stream()
            .map(|chunk| chunk.map(|c| c.to_vec()))
            .boxed();
        Self {
            bytes,
            text: String::new(),
        }
    }

    /// The next event; none at the end of the stream.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    event
                        .lines()
                        .find_map(|l| l.strip_prefix(name))
                        .unwrap_or_default()
                        .trim()
                        .to_owned()
                };
                let (name, id, data) = (field("event:"), field("id:"), field("data:"));
                self.text = rest.to_owned();
                if !name.is_empty() {
                    return Some(Event {
                        name,
                        id,
                        data: serde_json::from_str(&data).expect("json"),
                    });
                }
                continue;
            }
            let chunk = timeout(Duration::from_secs(20), self.bytes.next())
                .await
                .expect("in time")?;
            self.text
                .push_str(std::str::from_utf8(&chunk.expect("bytes")).expect("text"));
        }
    }

    /// Everything up to the event with this name.
    async fn until(&mut self, name: &str) -> Vec<Event> {
        let mut all = vec![];
        loop {
            let event = self
                .next()
                .await
                .unwrap_or_else(|| panic!("the stream ended before {name}: {all:?}"));
            let last = event.name == name;
            all.push(event);
            if last {
                return all;
            }
        }
    }
}

/// The text of the log lines in these events.
fn lines(events: &[Event]) -> Vec<String> {
    let logs = events
        .iter()
        .filter(|e| e.name == "log")
        .flat_map(|e| e.data.as_array().expect("lines"));
    logs.map(|line| line["text"].as_str().expect("text").to_owned())
        .collect()
}

/// A change that runs, though nobody works on it.
async fn running(shop: &Shop) -> String {
    let change = shop.change("dev").await;
    let path = format!("/changes/{}", change["id"].as_str().expect("an id"));
    shop.as_("developer")
        .made(&format!("{path}/start"), &json!({}), 202)
        .await;
    path
}

async fn write(shop: &Shop, from: i64, to: i64) {
    sqlx::query(
        "INSERT INTO run_log (run_id, seq, step_id, at, text)
         SELECT r.id, n, (SELECT id FROM step WHERE run_id = r.id AND position = 0), now(), 'line ' || n || E' \\x1b[31m <b>'
         FROM run r, generate_series($1, $2) AS n",
    )
    .bind(from)
    .bind(to)
    .execute(&shop.world.pool)
    .await
    .expect("written");
}

async fn finish(shop: &Shop) {
    sqlx::query("UPDATE change SET state = 'succeeded', version_no = version_no + 1")
        .execute(&shop.world.pool)
        .await
        .expect("finished");
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_viewer_who_comes_again_goes_on_where_they_were(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let path = running(&shop).await;
    let events = format!("{path}/events");
    let developer = shop.as_("developer");

    let mut stream = Stream::open(developer, &events, None).await;
    let begun = stream.until("change").await;
    assert_eq!(
        begun.iter().filter(|e| e.name == "step").count(),
        5,
        "{begun:?}"
    );
    assert_eq!(begun.last().expect("the change").data["state"], "running");
    write(&shop, 1, 1_200).await;
    let first = stream.until("log").await;
    let second = stream.until("log").await;
    let (mut seen, place) = (lines(&first), second[0].id.clone());
    seen.extend(lines(&second));
    assert_eq!(seen.len(), 1_000, "up to 500 lines in an event");
    drop(stream);

    // What happened in between is not lost, and what was there does not come again.
    write(&shop, 1_201, 1_300).await;
    let mut stream = Stream::open(developer, &events, Some(&place)).await;
    let third = stream.until("log").await;
    assert_eq!(third.len(), 1, "the change has not moved: {third:?}");
    seen.extend(lines(&third));
    finish(&shop).await;
    let rest = stream.until("end").await;
    seen.extend(lines(&rest));
    assert_eq!(rest.last().expect("the end").data["state"], "succeeded");
    assert!(
        stream.next().await.is_none(),
        "the stream ends with the change"
    );
    let wanted: Vec<String> = (1..=1_300)
        .map(|n| format!("line {n} \u{1b}[31m <b>"))
        .collect();
    assert_eq!(seen, wanted);

    // Whoever has it all is told at once that there is no more.
    let last = rest.last().expect("the end").id.clone();
    let mut stream = Stream::open(developer, &events, Some(&last)).await;
    let all = stream.until("end").await;
    assert_eq!(all.len(), 1, "{all:?}");
    // `after` begins in the midst of the log, for who has read it elsewhere.
    let mut stream = Stream::open(developer, &format!("{events}?after=1299"), None).await;
    assert_eq!(lines(&stream.until("end").await).len(), 1);
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn the_log_is_read_in_parts_too(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let path = running(&shop).await;
    write(&shop, 1, 30).await;
    let developer = shop.as_("developer");
    let part = developer
        .read(&format!("{path}/log?limit=10&after=5"))
        .await;
    let numbers: Vec<i64> = part["items"]
        .as_array()
        .expect("lines")
        .iter()
        .map(|l| l["seq"].as_i64().expect("a number"))
        .collect();
    assert_eq!((numbers, &part["last"]), ((6..=15).collect(), &json!(15)));
    for bad in ["limit=0", "limit=5001", "after=-1", "cursor=1"] {
        assert_eq!(
            developer.get(&format!("{path}/log?{bad}")).await.status,
            422,
            "{bad}"
        );
    }
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_stream_ends_with_the_portal(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let path = running(&shop).await;
    let mut stream = Stream::open(shop.as_("developer"), &format!("{path}/events"), None).await;
    stream.until("change").await;
    shop.world.state.stop();
    assert!(stream.next().await.is_none());
}

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn a_place_that_is_none_is_refused(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let path = running(&shop).await;
    for bad in ["1", "x.y", "1.2.3", "-1.2", ""] {
        let request = shop
            .as_("developer")
            .request("GET", &format!("{path}/events"));
        let answer = send(request.header("last-event-id", bad)).await;
        assert_eq!(answer.status, 422, "{bad}");
        assert!(
            answer.json()["errors"]["Last-Event-ID"].is_string(),
            "{bad}"
        );
    }
}

/// What a stream asks now and then, since its request was allowed long ago.
#[sqlx::test(migrator = "control::MIGRATOR")]
async fn who_lost_their_standing_is_noticed(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let control = shop.world.state.control();
    let secret = secrecy::SecretString::from(shop.as_("developer").token.clone().expect("a token"));
    let id = domain::RequestId(uuid::Uuid::now_v7());
    let caller = control
        .token_caller(&secret, id, None)
        .await
        .expect("a caller");
    let now = control
        .still(&caller)
        .await
        .expect("asked")
        .expect("still the same");
    assert_eq!(now, caller);
    let pool = &shop.world.pool;
    let change = |sql: &'static str| async move {
        sqlx::query(sql)
            .execute(pool)
            .await
            .map(|_| ())
            .expect("changed")
    };
    change("UPDATE person SET teams = '{catalog}' WHERE login = 'developer'").await;
    let moved = control
        .still(&caller)
        .await
        .expect("asked")
        .expect("still there");
    assert_ne!(
        moved.person.teams, caller.person.teams,
        "with the rights of today"
    );
    change("UPDATE person SET disabled_at = now() WHERE login = 'developer'").await;
    assert_eq!(control.still(&caller).await.expect("asked"), None);
    change("UPDATE person SET disabled_at = NULL").await;
    change("UPDATE api_token SET revoked_at = now()").await;
    assert_eq!(control.still(&caller).await.expect("asked"), None);
}
