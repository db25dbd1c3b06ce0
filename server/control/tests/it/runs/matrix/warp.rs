//! The world of the matrix: waves whose wait is over as soon as their metrics were read once, of the region in staging and
//! of a share in dev.

use sqlx::PgPool;

use super::super::{stage::Stage, wave};

/// A canary begins three seconds ago, is looked at again at once, and has been watched for long enough when it was read.
const WARP: &str = "
    CREATE FUNCTION warp_bake() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN NEW.began_at := NEW.began_at - interval '3 s'; RETURN NEW; END $$;
    CREATE TRIGGER warp_bake BEFORE INSERT ON bake FOR EACH ROW EXECUTE FUNCTION warp_bake();
    CREATE FUNCTION warp_due() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN NEW.due_at := least(NEW.due_at, now()); RETURN NEW; END $$;
    CREATE TRIGGER warp_due BEFORE UPDATE ON step FOR EACH ROW
        WHEN (NEW.kind = 'bake' AND NEW.state = 'due') EXECUTE FUNCTION warp_due();
    CREATE FUNCTION warp_end() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
        BEGIN
            UPDATE bake SET ends_at = clock_timestamp() WHERE step_id = NEW.step_id;
            RETURN NEW;
        END $$;
    CREATE TRIGGER warp_end AFTER INSERT ON wave_reading FOR EACH ROW EXECUTE FUNCTION warp_end();";

pub(super) async fn warped(pool: PgPool, lease_ms: u64) -> Stage {
    sqlx::raw_sql(WARP).execute(&pool).await.expect("warped");
    let region = serde_json::json!({"bake": "10m", "every": "10s"});
    let share = serde_json::json!({
        "name": "a share of the checkout", "match": {"kind": "deploy", "environment": "dev", "service": "checkout"},
        "canary": {"share": 25}, "bake": "10m", "every": "10s",
    });
    let rules = wave::rules_with(&[region, share]);
    let stage = Stage::under(pool, rules, |settings| {
        settings.times.lease = std::time::Duration::from_millis(lease_ms);
    })
    .await;
    wave::errors(&stage, 0.0);
    wave::errors_of(&stage, "checkout", "shop-dev", "eu-west-1", 0.0);
    stage
}
