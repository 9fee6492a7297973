//! Many items in one request: a JSON object a line in, what became of each a line out.

use serde_json::Value;
use taskey_proto::id::ItemId;
use taskey_proto::items::{BULK_MAX, BulkLine, CreateItem};
use taskey_proto::problem::{Code, FieldError, located, pointer};

use super::create;
use crate::app::App;
use crate::features::accounts::Permit;
use crate::platform::http::ApiError;
use crate::platform::http::problem::ApiResult;

/// Posts line after line, so that of two with one external id the first makes the item; one that is refused does not hold up the others.
pub async fn create_items(app: &App, permit: &Permit, text: &str) -> ApiResult<Vec<BulkLine>> {
    let lines: Vec<(u64, &str)> = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()).collect();
    if lines.len() > BULK_MAX {
        return Err(ApiError::new(Code::BodyTooLarge, format!("At most {BULK_MAX} items at once; send the rest in another request.")));
    }
    let mut told = Vec::with_capacity(lines.len());
    for (number, line) in lines {
        told.push(create_line(app, permit, number, line).await);
    }
    Ok(told)
}

async fn create_line(app: &App, permit: &Permit, number: u64, line: &str) -> BulkLine {
    let made = async {
        let create = read(line)?;
        create::create_item(app, permit, create, None).await
    };
    match made.await {
        Ok(answer) => {
            let item: Value = serde_json::from_str(&answer.body).unwrap_or_default();
            let id = item["id"].as_str().and_then(|id| id.parse::<ItemId>().ok());
            BulkLine { line: number, status: answer.status, id, code: None, detail: None, errors: Vec::new() }
        }
        Err(error) => BulkLine {
            line: number,
            status: error.code.status(),
            id: None,
            code: Some(error.code.word().to_owned()),
            detail: Some(error.detail),
            errors: error.errors,
        },
    }
}

fn read(line: &str) -> ApiResult<CreateItem> {
    let mut json = serde_json::Deserializer::from_str(line);
    serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let place = pointer(error.path());
        let (pointer, detail) = located(&place, &error.into_inner().to_string());
        ApiError::invalid(vec![FieldError::new(pointer, detail)])
    })
}
