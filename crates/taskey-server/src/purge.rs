//! Removes deleted organizations for good, once their grace is over. It knows the tables of every slice, so it stands beside them.

use std::time::Duration;

use taskey_proto::Time;
use taskey_proto::id::{OrganizationId, RunId};

use crate::app::App;
use crate::features::accounts::due_for_removal;
use crate::platform::db::{DbError, Source as _, Tx};
use crate::{args, sql};

const LOOK_EVERY: Duration = Duration::from_secs(3_600);
/// Rows removed by one statement, of tables that may have many.
const ROWS_AT_ONCE: u64 = 500;
/// Executions of a run removed in one transaction, each with its results and output.
const EXECUTIONS_AT_ONCE: u64 = 100;

/// Looks every hour for an organization whose grace is over, and removes all of it, a bounded number of rows at a time.
pub async fn purge_deleted(app: App) {
    loop {
        // Who looks at an old backup wants to see what was in it.
        let is_quiet = app.quiet.is_on(&app.db).await.unwrap_or(true);
        if !is_quiet && let Err(error) = purge_due(&app).await {
            tracing::error!(%error, "a deleted organization was not removed");
        }
        app.clock.sleep(LOOK_EVERY).await;
    }
}

async fn purge_due(app: &App) -> Result<(), DbError> {
    while let Some(organization) = due_for_removal(&app.db, app.now()).await? {
        while app.db.write((organization, app.now()), |tx, (id, now)| Box::pin(purge_some(tx, *id, *now))).await? {}
        tracing::info!(%organization, "a deleted organization was removed for good");
    }
    Ok(())
}

/// Removes some of an organization; false once nothing is left of it, or it was brought back.
async fn purge_some(tx: &mut Tx<'_>, id: OrganizationId, now: Time) -> Result<bool, DbError> {
    let still_due = sql!("SELECT 1 AS one FROM organization WHERE id = $1 AND delete_at <= $2");
    if tx.row(still_due, args![id, now]).await?.is_none() {
        return Ok(false);
    }
    if let Some(row) = tx.row(sql!("SELECT id FROM run WHERE organization_id = $1 LIMIT 1"), args![id]).await? {
        purge_run(tx, row.get("id")?).await?;
        return Ok(true);
    }
    let many = [
        sql!(
            "DELETE FROM output_content WHERE organization_id = $1 AND digest IN (SELECT digest FROM output_content WHERE organization_id = $1 LIMIT 500)"
        ),
        sql!("DELETE FROM event WHERE id IN (SELECT id FROM event WHERE organization_id = $1 LIMIT 500)"),
        sql!("DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE organization_id = $1 AND seq IS NULL LIMIT 500)"),
        sql!("DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE organization_id = $1 AND seq IS NOT NULL LIMIT 500)"),
        sql!("DELETE FROM rejected_message WHERE id IN (SELECT id FROM rejected_message WHERE organization_id = $1 LIMIT 500)"),
        sql!(
            "DELETE FROM idempotency WHERE organization_id = $1 AND idempotency_key IN \
             (SELECT idempotency_key FROM idempotency WHERE organization_id = $1 LIMIT 500)"
        ),
        sql!(
            "DELETE FROM delivery_attempt WHERE (delivery_id, number) IN (SELECT a.delivery_id, a.number FROM delivery_attempt a \
             JOIN delivery d ON d.id = a.delivery_id WHERE d.organization_id = $1 LIMIT 500)"
        ),
        sql!("DELETE FROM delivery WHERE id IN (SELECT id FROM delivery WHERE organization_id = $1 LIMIT 500)"),
        sql!("DELETE FROM item_log WHERE (item_id, seq) IN (SELECT item_id, seq FROM item_log WHERE organization_id = $1 LIMIT 500)"),
        sql!(
            "DELETE FROM item_viewer WHERE item_id IN (SELECT v.item_id FROM item_viewer v JOIN item i ON i.id = v.item_id \
             WHERE i.organization_id = $1 LIMIT 500)"
        ),
        sql!("DELETE FROM item WHERE number IN (SELECT number FROM item WHERE organization_id = $1 LIMIT 500)"),
        sql!(
            "DELETE FROM item_type_version WHERE (item_type_id, version) IN (SELECT v.item_type_id, v.version FROM item_type_version v \
             JOIN item_type t ON t.id = v.item_type_id WHERE t.organization_id = $1 LIMIT 500)"
        ),
        sql!("DELETE FROM session WHERE id IN (SELECT id FROM session WHERE organization_id = $1 LIMIT 500)"),
        sql!(
            "DELETE FROM device_group_member WHERE (device_id, device_group_id) IN (SELECT m.device_id, m.device_group_id \
             FROM device_group_member m JOIN device_group g ON g.id = m.device_group_id WHERE g.organization_id = $1 LIMIT 500)"
        ),
        sql!(
            "DELETE FROM slot WHERE (schedule_id, revision, target, at) IN (SELECT l.schedule_id, l.revision, l.target, l.at FROM slot l \
             JOIN schedule s ON s.id = l.schedule_id WHERE s.organization_id = $1 LIMIT 500)"
        ),
        sql!(
            "DELETE FROM slot_waiting WHERE (schedule_id, at) IN (SELECT w.schedule_id, w.at FROM slot_waiting w \
             JOIN schedule s ON s.id = w.schedule_id WHERE s.organization_id = $1 LIMIT 500)"
        ),
        sql!(
            "DELETE FROM schedule_target WHERE (schedule_id, device_id) IN (SELECT t.schedule_id, t.device_id FROM schedule_target t \
             JOIN schedule s ON s.id = t.schedule_id WHERE s.organization_id = $1 LIMIT 500)"
        ),
        sql!(
            "DELETE FROM schedule_device WHERE (schedule_id, device_id) IN (SELECT d.schedule_id, d.device_id FROM schedule_device d \
             JOIN schedule s ON s.id = d.schedule_id WHERE s.organization_id = $1 LIMIT 500)"
        ),
        sql!(
            "DELETE FROM device_assignment WHERE device_id IN (SELECT a.device_id FROM device_assignment a \
             JOIN device d ON d.id = a.device_id WHERE d.organization_id = $1 LIMIT 500)"
        ),
        sql!(
            "DELETE FROM schedule_revision WHERE (schedule_id, revision) IN (SELECT r.schedule_id, r.revision FROM schedule_revision r \
             JOIN schedule s ON s.id = r.schedule_id WHERE s.organization_id = $1 LIMIT 500)"
        ),
        sql!(
            "DELETE FROM schedule_version WHERE (schedule_id, version) IN (SELECT v.schedule_id, v.version FROM schedule_version v \
             JOIN schedule s ON s.id = v.schedule_id WHERE s.organization_id = $1 LIMIT 500)"
        ),
        sql!(
            "DELETE FROM schedule_calendar WHERE (schedule_id, calendar_id) IN (SELECT l.schedule_id, l.calendar_id FROM schedule_calendar l \
             JOIN calendar c ON c.id = l.calendar_id WHERE c.organization_id = $1 LIMIT 500)"
        ),
        sql!("DELETE FROM calendar WHERE id IN (SELECT id FROM calendar WHERE organization_id = $1 LIMIT 500)"),
        sql!("DELETE FROM schedule WHERE id IN (SELECT id FROM schedule WHERE organization_id = $1 LIMIT 500)"),
        sql!(
            "DELETE FROM task_version WHERE (task_id, version) IN (SELECT v.task_id, v.version FROM task_version v \
             JOIN task t ON t.id = v.task_id WHERE t.organization_id = $1 LIMIT 500)"
        ),
        sql!("DELETE FROM device WHERE id IN (SELECT id FROM device WHERE organization_id = $1 LIMIT 500)"),
    ];
    for sql in many {
        if tx.execute(sql, args![id]).await? >= ROWS_AT_ONCE {
            return Ok(true);
        }
    }
    let few = [
        sql!("DELETE FROM task WHERE organization_id = $1"),
        sql!("DELETE FROM task_document WHERE organization_id = $1"),
        sql!("DELETE FROM secret WHERE organization_id = $1"),
        sql!("DELETE FROM enroll_token WHERE organization_id = $1"),
        sql!("DELETE FROM item_view WHERE organization_id = $1"),
        sql!("DELETE FROM item_type_seer WHERE item_type_id IN (SELECT id FROM item_type WHERE organization_id = $1)"),
        sql!("DELETE FROM item_type WHERE organization_id = $1"),
        sql!("DELETE FROM webhook_key WHERE webhook_id IN (SELECT id FROM webhook WHERE organization_id = $1)"),
        sql!("DELETE FROM webhook WHERE organization_id = $1"),
        sql!("DELETE FROM group_override WHERE group_id IN (SELECT id FROM user_group WHERE organization_id = $1)"),
        sql!("DELETE FROM group_member WHERE group_id IN (SELECT id FROM user_group WHERE organization_id = $1)"),
        sql!("DELETE FROM audit_head WHERE organization_id = $1"),
        sql!("DELETE FROM device_group WHERE organization_id = $1"),
        sql!("DELETE FROM user_group WHERE organization_id = $1"),
        sql!("DELETE FROM api_key WHERE organization_id = $1"),
        sql!("DELETE FROM invitation WHERE organization_id = $1"),
        sql!("DELETE FROM user_account WHERE organization_id = $1"),
        sql!("DELETE FROM organization WHERE id = $1"),
    ];
    for sql in few {
        tx.execute(sql, args![id]).await?;
    }
    Ok(false)
}

async fn purge_run(tx: &mut Tx<'_>, run: RunId) -> Result<(), DbError> {
    let of_some = [
        sql!("DELETE FROM output_chunk WHERE execution_id IN (SELECT id FROM execution WHERE run_id = $1 ORDER BY id LIMIT 100)"),
        sql!("DELETE FROM output_stream WHERE execution_id IN (SELECT id FROM execution WHERE run_id = $1 ORDER BY id LIMIT 100)"),
        sql!("DELETE FROM action_result WHERE execution_id IN (SELECT id FROM execution WHERE run_id = $1 ORDER BY id LIMIT 100)"),
    ];
    for sql in of_some {
        tx.execute(sql, args![run]).await?;
    }
    let executions = sql!("DELETE FROM execution WHERE id IN (SELECT id FROM execution WHERE run_id = $1 ORDER BY id LIMIT 100)");
    if tx.execute(executions, args![run]).await? >= EXECUTIONS_AT_ONCE {
        return Ok(());
    }
    tx.execute(sql!("DELETE FROM run_document WHERE run_id = $1"), args![run]).await?;
    tx.execute(sql!("DELETE FROM run WHERE id = $1"), args![run]).await.map(|_| ())
}
