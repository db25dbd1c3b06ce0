//! ID tokens that must not be believed.

use serde_json::{Map, Value, json};
use sqlx::PgPool;

use super::lie;
use crate::harness::{
    Op,
    keys::{Key, Signing},
    op::{CLIENT_SECRET, now, object},
};

/// Changes the claims of a right token.
fn claims(change: fn(&mut Map<String, Value>)) -> impl FnOnce(&Op) {
    move |op| op.claims(change)
}

fn claim(name: &'static str, value: Value) -> impl FnOnce(&Op) {
    move |op| op.claims(move |c| drop(c.insert(name.into(), value.clone())))
}

fn without(name: &'static str) -> impl FnOnce(&Op) {
    move |op| op.claims(move |c| drop(c.remove(name)))
}

fn header(name: &'static str, value: Value) -> impl FnOnce(&Op) {
    move |op| {
        op.script(|s| {
            s.header = Some(Box::new(move |h| {
                drop(h.insert(name.into(), value.clone()))
            }))
        })
    }
}

fn signed(signing: Signing) -> impl FnOnce(&Op) {
    move |op| op.script(|s| s.signing = signing)
}

/// What the token endpoint answers, changed.
fn answer(change: fn(&mut Value)) -> impl FnOnce(&Op) {
    move |op| op.script(|s| s.tokens = Some(Box::new(change)))
}

macro_rules! refused {
    ($($name:ident: $twist:expr;)*) => {$(
        #[sqlx::test(migrator = "control::MIGRATOR")]
        async fn $name(pool: PgPool) {
            lie(pool, $twist).await;
        }
    )*};
}

refused! {
    another_issuer: claim("iss", json!("https://evil.test"));
    the_issuer_with_a_slash: claims(|c| { let iss = format!("{}/", c["iss"].as_str().expect("text")); c.insert("iss".into(), iss.into()); });
    no_issuer: without("iss");
    another_audience: claim("aud", json!("another-client"));
    audiences_without_us: claim("aud", json!(["one", "two"]));
    a_further_audience: claim("aud", json!(["portolan", "evil"]));
    no_audience: without("aud");
    made_for_another_party: claim("azp", json!("evil"));
    a_party_that_is_no_text: claim("azp", json!(["portolan"]));
    no_subject: without("sub");
    an_empty_subject: claim("sub", json!(""));
    a_blank_subject: claim("sub", json!(" \t "));
    a_subject_that_is_a_number: claim("sub", json!(1));
    a_subject_of_control_characters: claim("sub", json!("a\u{0}b"));
    a_subject_too_long: claim("sub", json!("s".repeat(300)));
    no_time_of_issue: without("iat");
    issued_in_the_future: claims(|c| { c.insert("iat".into(), (now() + 600).into()); });
    issued_an_hour_ago: claims(|c| { c.insert("iat".into(), (now() - 3_600).into()); });
    expired: claims(|c| { c.insert("exp".into(), (now() - 120).into()); });
    no_expiry: without("exp");
    not_valid_yet: claims(|c| { c.insert("nbf".into(), (now() + 600).into()); });
    another_nonce: claim("nonce", json!("another"));
    no_nonce: without("nonce");
    signed_in_in_the_future: claims(|c| { c.insert("auth_time".into(), (now() + 600).into()); });
    a_time_that_is_no_time: claim("auth_time", json!("yesterday"));
    no_name_to_sign_in_with: without("preferred_username");
    a_blank_name: claim("preferred_username", json!("  "));
    a_name_that_sts_would_refuse: claim("preferred_username", json!("a b/c"));
    groups_kept_elsewhere: claims(|c| {
        c.remove("groups");
        c.insert("_claim_names".into(), json!({"groups": "src1"}));
        c.insert("_claim_sources".into(), json!({"src1": {"endpoint": "https://graph.test/groups"}}));
    });
    groups_too_many_to_say: claims(|c| { c.remove("groups"); c.insert("hasgroups".into(), json!(true)); });
    groups_as_one_text: claim("groups", json!("portolan-administrators"));
    groups_that_are_no_texts: claim("groups", json!([1, 2]));

    without_a_signature: signed(Signing::None);
    signed_with_the_client_secret: signed(Signing::Hmac(CLIENT_SECRET.as_bytes().to_vec()));
    signed_with_the_public_key_as_a_secret: signed(Signing::PublicKey);
    a_corrupt_signature: signed(Signing::Corrupt);
    claims_swapped_after_signing: signed(Signing::Swapped);
    a_strangers_key_under_the_right_name: signed(Signing::Stranger);
    a_key_nobody_published: header("kid", json!("unknown"));
    no_key_name_and_two_keys: |op: &Op| op.script(|s| {
        let other = Key::es256();
        s.header = Some(Box::new(|h| drop(h.remove("kid"))));
        s.keys = Some(Box::new(move |k| k["keys"].as_array_mut().expect("keys").push(other.jwk("key-2"))));
    });
    no_keys_at_all: |op: &Op| op.script(|s| s.keys = Some(Box::new(|k| k["keys"] = json!([]))));
    a_key_that_is_not_for_signing: |op: &Op| op.script(|s| s.keys = Some(Box::new(|k| k["keys"][0]["use"] = json!("enc"))));
    another_algorithm_than_the_keys: header("alg", json!("RS256"));
    an_algorithm_nobody_knows: header("alg", json!("XX999"));
    a_critical_extension: header("crit", json!(["b64"]));
    a_logout_token_instead: header("typ", json!("logout+jwt"));
    a_nested_token: header("cty", json!("JWT"));

    the_hash_of_another_access_token: claim("at_hash", json!("AAAAAAAAAAAAAAAAAAAAAA"));
    another_access_token: answer(|a| a["access_token"] = json!("another"));
    no_id_token: answer(|a| drop(a.as_object_mut().expect("an object").remove("id_token")));
    an_id_token_that_is_none: answer(|a| a["id_token"] = json!("rubbish"));
    an_answer_of_another_form: answer(|a| *a = json!(["no", "tokens"]));
    an_answer_that_is_no_json: |op: &Op| op.script(|s| s.token_status = Some(200));
    a_provider_that_fails: |op: &Op| op.script(|s| s.token_status = Some(500));
    a_provider_that_redirects: |op: &Op| op.script(|s| s.token_status = Some(307));
}

/// The tests above say something only if the same token without a lie is taken.
#[sqlx::test(migrator = "control::MIGRATOR")]
async fn the_same_without_a_lie_is_taken(pool: PgPool) {
    let world = crate::harness::World::start(pool).await;
    world
        .op
        .claims(|c| drop(c.insert("azp".into(), json!("portolan"))));
    let mut browser = world.browser();
    let answer = world.op.sign_in(&mut browser, "developer").await;
    assert_eq!(
        (answer.status, answer.location()),
        (303, "/services"),
        "{}",
        answer.text
    );
    assert!(browser.is_signed_in().await);
    assert_eq!(world.kinds().await, ["session.signed_in"]);
    let event = &world.events("session.signed_in").await[0];
    assert_eq!(event["login"], "developer");
    assert_eq!(object(event["data"].clone())["teams"], json!(["checkout"]));
}
