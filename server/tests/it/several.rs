//! Several changes decided on at once: each is judged on its own, and what fails does not take the others with it.

use sqlx::PgPool;

use crate::harness::{
    World,
    shop::{FOREIGN, OWN, id},
};

#[sqlx::test(migrator = "control::MIGRATOR")]
async fn one_that_cannot_be_decided_leaves_the_others_decided(pool: PgPool) {
    let world = World::start(pool).await.with_shop().await;
    let mut colleague = world.signed_in("developer").await;
    let (good, other, foreign) = (
        world.waiting(OWN, "staging").await,
        world.waiting(OWN, "staging").await,
        world.waiting(FOREIGN, "staging").await,
    );
    let digest =
        |of: &serde_json::Value| of["evidence_digest"].as_str().expect("a digest").to_owned();
    let chosen = [
        format!("{}:{}", id(&good), digest(&good)),
        // The evidence of another change: what was looked at is not what would be approved.
        format!("{}:{}", id(&other), "0".repeat(64)),
        format!("{}:{}", id(&foreign), digest(&foreign)),
    ];
    let mut fields = vec![("decision", "approve"), ("comment", "all of them")];
    fields.extend(chosen.iter().map(|one| ("change", one.as_str())));
    let answer = colleague.post_form("/approvals", &fields).await;
    assert!(answer.status < 500, "{} {}", answer.status, answer.text);

    let mut approvals = vec![];
    for one in [&good, &other, &foreign] {
        let given: i64 =
            sqlx::query_scalar("SELECT count(*) FROM approval WHERE change_id = $1::uuid")
                .bind(id(one))
                .fetch_one(&world.pool)
                .await
                .expect("a number");
        approvals.push(given);
    }
    assert_eq!(approvals, [1, 0, 0], "{}", answer.text);
    let told = &answer.text;
    assert_eq!(answer.status, 200);
    // Of another team's change it is said by its id alone that there is none.
    assert!(told.contains(&format!("Change {}", id(&foreign))), "{told}");
    assert!(
        told.contains("all of them"),
        "the comment is kept for what is left: {told}"
    );
}
