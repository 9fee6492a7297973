//! Queries on pieces (`output_chunk`), on streams and their contents, and on the columns of `execution` that tell which it is:
//!
//! | `fold` | its output is |
//! |---|---|
//! | `open` | in pieces; more may come |
//! | `due` | in pieces, all of them; a job folds them |
//! | `sweep` | in contents; the pieces are still to be deleted |
//! | `done` | in contents |

use taskey_proto::id::{ExecutionId, OrganizationId};
use taskey_proto::line::Chunk;
use taskey_proto::runs::Stream;

use super::layout::Piece;
use crate::platform::db::{Db, DbError, FromCol, Row, Source, Tx};
use crate::{args, sql};

impl FromCol for Stream {
    fn from_col(row: &Row, column: &str) -> Result<Self, DbError> {
        let word: String = row.get(column)?;
        Stream::from_word(&word).ok_or_else(|| DbError::Column { column: column.to_owned(), detail: format!("`{word}` is no stream") })
    }
}

/// Whether the output is in contents, by the column `fold`.
pub fn is_folded(row: &Row) -> Result<bool, DbError> {
    Ok(matches!(row.get::<String>("fold")?.as_str(), "sweep" | "done"))
}

/// Stores a piece; the same piece again changes nothing. True when it was new.
pub async fn insert_chunk(tx: &mut Tx<'_>, execution: ExecutionId, chunk: &Chunk) -> Result<bool, DbError> {
    let sql = sql!(
        "INSERT INTO output_chunk (execution_id, seq, position, stream, bytes) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (execution_id, seq) DO NOTHING"
    );
    Ok(tx.execute(sql, args![execution, chunk.seq, chunk.action, chunk.stream.word(), &chunk.data]).await? > 0)
}

pub async fn add_output_len(tx: &mut Tx<'_>, execution: ExecutionId, bytes: u64) -> Result<(), DbError> {
    tx.later(sql!("UPDATE execution SET output_len = output_len + $2 WHERE id = $1"), args![execution, bytes]).await
}

fn chunk(row: &Row) -> Result<Chunk, DbError> {
    Ok(Chunk { seq: row.get("seq")?, action: row.get("position")?, stream: row.get("stream")?, data: row.get("bytes")? })
}

/// Pieces of an execution after `after`, in order.
pub async fn chunks_after(db: &Db, execution: ExecutionId, after: u64, limit: usize) -> Result<Vec<Chunk>, DbError> {
    let sql = sql!("SELECT seq, position, stream, bytes FROM output_chunk WHERE execution_id = $1 AND seq > $2 ORDER BY seq LIMIT $3");
    let rows = db.rows(sql, args![execution, after, limit]).await?;
    rows.iter().map(chunk).collect()
}

/// All pieces of an execution that has few.
pub async fn chunks_of(tx: &mut Tx<'_>, execution: ExecutionId) -> Result<Vec<Chunk>, DbError> {
    let sql = sql!("SELECT seq, position, stream, bytes FROM output_chunk WHERE execution_id = $1 ORDER BY seq");
    let rows = tx.rows(sql, args![execution]).await?;
    rows.iter().map(chunk).collect()
}

/// The number of the first piece that is not there, whatever is there behind it.
pub async fn next_missing(source: &mut impl Source, execution: ExecutionId) -> Result<u64, DbError> {
    let sql = sql!(
        "SELECT CASE WHEN EXISTS (SELECT 1 FROM output_chunk f WHERE f.execution_id = $1 AND f.seq = 1) \
         THEN min(c.seq) ELSE 0 END AS last FROM output_chunk c WHERE c.execution_id = $1 \
         AND NOT EXISTS (SELECT 1 FROM output_chunk n WHERE n.execution_id = $1 AND n.seq = c.seq + 1)"
    );
    let last: Option<i64> = match source.row(sql, args![execution]).await? {
        Some(row) => row.get("last")?,
        None => None,
    };
    Ok(last.unwrap_or(0) as u64 + 1)
}

/// The pieces of an execution without their bytes, in order.
pub async fn pieces_of(db: &Db, execution: ExecutionId) -> Result<Vec<Piece>, DbError> {
    let sql = sql!("SELECT position, stream, CAST(length(bytes) AS BIGINT) AS len FROM output_chunk WHERE execution_id = $1 ORDER BY seq");
    let rows = db.rows(sql, args![execution]).await?;
    rows.iter().map(|row| Ok(Piece { position: row.get("position")?, stream: row.get("stream")?, len: row.get("len")? })).collect()
}

/// Pieces of one stream after `after`, in order.
pub async fn chunks_of_stream_after(
    db: &Db,
    execution: ExecutionId,
    position: u32,
    stream: Stream,
    after: u64,
    limit: usize,
) -> Result<Vec<Chunk>, DbError> {
    let sql = sql!(
        "SELECT seq, position, stream, bytes FROM output_chunk WHERE execution_id = $1 AND position = $2 AND stream = $3 AND seq > $4 \
         ORDER BY seq LIMIT $5"
    );
    let rows = db.rows(sql, args![execution, position, stream.word(), after, limit]).await?;
    rows.iter().map(chunk).collect()
}

/// Deletes a bounded number of an execution's pieces; tells how many.
pub async fn delete_chunks(tx: &mut Tx<'_>, execution: ExecutionId, limit: usize) -> Result<u64, DbError> {
    let sql = sql!(
        "DELETE FROM output_chunk WHERE execution_id = $1 \
         AND seq IN (SELECT seq FROM output_chunk WHERE execution_id = $1 ORDER BY seq LIMIT $2)"
    );
    tx.execute(sql, args![execution, limit]).await
}

/// Stores the bytes of a stream; where the organization has the same bytes already, these serve.
pub async fn insert_content(tx: &mut Tx<'_>, organization: OrganizationId, digest: &str, bytes: &[u8]) -> Result<(), DbError> {
    let sql = sql!(
        "INSERT INTO output_content (organization_id, digest, bytes) VALUES ($1, $2, $3) ON CONFLICT (organization_id, digest) DO NOTHING"
    );
    tx.later(sql, args![organization, digest, bytes]).await
}

/// What one action wrote to one stream, without its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredStream {
    pub position: u32,
    pub stream: Stream,
    pub digest: String,
    /// Bytes.
    pub len: u64,
}

pub async fn insert_stream(tx: &mut Tx<'_>, execution: ExecutionId, stored: &StoredStream) -> Result<(), DbError> {
    let sql = sql!(
        "INSERT INTO output_stream (execution_id, position, stream, digest, len) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (execution_id, position, stream) DO NOTHING"
    );
    tx.later(sql, args![execution, stored.position, stored.stream.word(), &stored.digest, stored.len]).await
}

pub async fn streams_of(db: &Db, execution: ExecutionId) -> Result<Vec<StoredStream>, DbError> {
    let sql = sql!("SELECT position, stream, digest, len FROM output_stream WHERE execution_id = $1 ORDER BY position, stream");
    let rows = db.rows(sql, args![execution]).await?;
    let stored = |row: &Row| {
        Ok(StoredStream { position: row.get("position")?, stream: row.get("stream")?, digest: row.get("digest")?, len: row.get("len")? })
    };
    rows.iter().map(stored).collect()
}

pub async fn content(db: &Db, organization: OrganizationId, digest: &str) -> Result<Vec<u8>, DbError> {
    let sql = sql!("SELECT bytes FROM output_content WHERE organization_id = $1 AND digest = $2");
    db.row(sql, args![organization, digest]).await?.map(|row| row.get("bytes")).transpose().map(Option::unwrap_or_default)
}

/// The order of the pieces of an execution whose output is folded.
pub async fn layout_of(db: &Db, execution: ExecutionId) -> Result<Option<String>, DbError> {
    let sql = sql!("SELECT layout FROM execution WHERE id = $1 AND fold IN ('sweep', 'done')");
    match db.row(sql, args![execution]).await? {
        Some(row) => row.get("layout"),
        None => Ok(None),
    }
}

/// The job has folded the output; its pieces are still to be deleted. False when somebody else has folded it.
pub async fn set_folded(tx: &mut Tx<'_>, execution: ExecutionId, layout: &str, output_len: u64, outcome: &str) -> Result<bool, DbError> {
    let sql = sql!("UPDATE execution SET fold = 'sweep', layout = $2, output_len = $3, outcome = $4 WHERE id = $1 AND fold = 'due'");
    Ok(tx.execute(sql, args![execution, layout, output_len, outcome]).await? > 0)
}

pub async fn set_swept(tx: &mut Tx<'_>, execution: ExecutionId) -> Result<(), DbError> {
    tx.execute(sql!("UPDATE execution SET fold = 'done' WHERE id = $1 AND fold = 'sweep'"), args![execution]).await.map(|_| ())
}

/// Executions whose output is to be folded, or whose pieces are to be deleted, oldest first.
pub async fn fold_due(db: &Db, limit: usize) -> Result<Vec<Row>, DbError> {
    let sql =
        sql!("SELECT id, organization_id, run_id, state, outcome, fold FROM execution WHERE fold IN ('due', 'sweep') ORDER BY id LIMIT $1");
    db.rows(sql, args![limit]).await
}
