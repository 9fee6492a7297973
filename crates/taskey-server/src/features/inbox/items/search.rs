//! SQLite's index of words. One by one it would cost a third of all that posting an item does: items come into it many at once, soon after they
//! are posted and before anybody searches. PostgreSQL does the like by itself.

use std::time::Duration;

use crate::app::App;
use crate::args;
use crate::platform::db::{Db, DbError, Dialect, Source as _, Tx};

/// Woken when items are posted.
pub const TOPIC: &str = "inbox:words";
/// While others are posted, that many more wait for somebody who searches.
const REST: Duration = Duration::from_secs(1);
/// Others write in between.
const AT_ONCE: usize = 256;

/// Brings posted items into the index.
pub async fn index_posted(app: App) {
    if app.db.dialect() == Dialect::Postgres {
        return;
    }
    let mut waker = app.db.hub().subscribe(TOPIC);
    loop {
        if let Err(error) = index_all(&app.db).await {
            tracing::error!(%error, "posted items did not come into the index of words");
        }
        waker.changed().await;
        app.clock.sleep(REST).await;
    }
}

/// After this every item that was there before is found by its words.
pub async fn index_all(db: &Db) -> Result<(), DbError> {
    if db.dialect() == Dialect::Postgres {
        return Ok(());
    }
    let is_behind = "SELECT 1 AS one FROM item WHERE number > (SELECT up_to FROM item_text_progress) LIMIT 1";
    if db.row(is_behind, args![]).await?.is_none() {
        return Ok(());
    }
    while db.write((), |tx, ()| Box::pin(index_some(tx))).await? == AT_ONCE {}
    Ok(())
}

/// How many came into the index.
async fn index_some(tx: &mut Tx<'_>) -> Result<usize, DbError> {
    let next = "SELECT count(*) AS count, MAX(number) AS last FROM \
                (SELECT number FROM item WHERE number > (SELECT up_to FROM item_text_progress) ORDER BY number LIMIT $1) next";
    let Some(row) = tx.row(next, args![AT_ONCE]).await? else { return Ok(0) };
    let Some(last) = row.get::<Option<i64>>("last")? else { return Ok(0) };
    let words = "INSERT INTO item_text (rowid, words, said) SELECT number, words, said FROM item \
                 WHERE number > (SELECT up_to FROM item_text_progress) AND number <= $1";
    tx.later(words, args![last]).await?;
    tx.later("UPDATE item_text_progress SET up_to = $1", args![last]).await?;
    Ok(usize::try_from(row.get::<i64>("count")?).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use sqlx::sqlite::SqliteConnectOptions;
    use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _};

    use super::*;
    use crate::platform::db::migrate;
    use crate::platform::hub::Hub;

    fn item(number: usize, words: &str) -> String {
        format!(
            "INSERT INTO item (id, organization_id, item_type_id, type_version, title, fields, state, is_open, created_at, created_by, \
             updated_at, version, seq, log_hash, words) \
             VALUES ('item_{number}', 'org_one', 'ityp_one', 1, '', '{{}}', 'open', 1, 5, 'ann', 5, 1, 1, '', '{words}')"
        )
    }

    async fn run(db: &Db, sql: String) {
        // Texts of a test, as few as it has lines.
        let sql: &'static str = sql.leak();
        db.write(sql, |tx, sql| Box::pin(async move { tx.execute(sql, args![]).await })).await.unwrap();
    }

    /// The numbers of the items that are found.
    async fn found(db: &Db, query: &'static str) -> Vec<i64> {
        index_all(db).await.unwrap();
        let rows = db.rows("SELECT rowid AS number FROM item_text($1) ORDER BY rowid", args![query]).await.unwrap();
        rows.iter().map(|row| row.get("number").unwrap()).collect()
    }

    #[tokio::test]
    async fn an_item_is_found_by_what_it_holds_whether_it_was_in_the_index_before_it_changed_or_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("taskey.db");
        let mut old = SqliteConnectOptions::new().filename(&path).create_if_missing(true).foreign_keys(false).connect().await.unwrap();
        migrate::sqlite(&mut old, Some(12)).await.unwrap();
        old.execute("INSERT INTO organization (id, name, created_at) VALUES ('org_one', 'Acme', 5)").await.unwrap();
        let kind = "INSERT INTO item_type (id, organization_id, name, version, spec, is_closed, created_at, updated_at, updated_by) \
                    VALUES ('ityp_one', 'org_one', 'refund', 1, '{}', 0, 5, 5, 'ann')";
        old.execute(kind).await.unwrap();
        old.execute(AssertSqlSafe(item(1, "early cup"))).await.unwrap();
        old.close().await.unwrap();

        let db = Db::open_sqlite(&path, Hub::default()).await.unwrap();
        run(&db, item(2, "late cup")).await;
        run(&db, "UPDATE item SET words = 'late tasse' WHERE id = 'item_2'".to_owned()).await;
        run(&db, item(3, "gone cup")).await;
        run(&db, "DELETE FROM item WHERE id = 'item_3'".to_owned()).await;
        assert_eq!(found(&db, "early").await, [1]);
        assert_eq!(found(&db, "cup").await, [1]);
        assert_eq!(found(&db, "tas*").await, [2]);
        run(&db, "UPDATE item SET words = 'late cup', said = 'teller' WHERE id = 'item_2'".to_owned()).await;
        assert_eq!(found(&db, "tas*").await, Vec::<i64>::new());
        assert_eq!(found(&db, "cup AND teller").await, [2]);
        run(&db, "DELETE FROM item WHERE id = 'item_1'".to_owned()).await;
        assert_eq!(found(&db, "cup").await, [2]);
        run(&db, "INSERT INTO item_text (item_text) VALUES ('integrity-check')".to_owned()).await;
        for number in 4..4 + 2 * AT_ONCE {
            run(&db, item(number, "many")).await;
        }
        assert_eq!(found(&db, "many").await.len(), 2 * AT_ONCE);
        run(&db, "INSERT INTO item_text (item_text, rank) VALUES ('integrity-check', 1)".to_owned()).await;
        db.close().await;
    }
}
