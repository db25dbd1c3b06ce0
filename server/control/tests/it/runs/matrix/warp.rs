//! The world of the matrix: a wave in staging whose wait is over as soon as its metrics were read once.

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
            UPDATE bake SET ends_at = clock_timestamp() FROM step WHERE step.id = NEW.step_id AND step.run_id = bake.run_id;
            RETURN NEW;
        END $$;
    CREATE TRIGGER warp_end AFTER INSERT ON wave_reading FOR EACH ROW EXECUTE FUNCTION warp_end();";

pub(super) async fn warped(pool: PgPool, lease_ms: u64) -> Stage {
    sqlx::raw_sql(WARP).execute(&pool).await.expect("warped");
    let rules = wave::rules(&serde_json::json!({"bake": "10m", "every": "10s"}));
    let stage = Stage::under(pool, rules, |settings| {
        settings.times.lease = std::time::Duration::from_millis(lease_ms);
    })
    .await;
    wave::errors(&stage, 0.0);
    stage
}
