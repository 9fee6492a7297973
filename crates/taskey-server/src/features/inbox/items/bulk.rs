//! Many items in one request: a JSON object a line in, what became of each a line out.

use http::StatusCode;
use taskey_proto::id::ItemId;
use taskey_proto::items::{BULK_MAX, BulkLine, CreateItem};
use taskey_proto::problem::{Code, FieldError, located, pointer};

use super::create;
use crate::app::App;
use crate::features::accounts::Permit;
use crate::platform::http::ApiError;
use crate::platform::http::problem::ApiResult;

/// Lines that are written together.
const AT_ONCE: usize = 32;

/// Posts line after line, so that of two with one external id the first makes the item; one that is refused does not hold up the others.
pub async fn create_items(app: &App, permit: &Permit, text: &str) -> ApiResult<Vec<BulkLine>> {
    let lines: Vec<(u64, &str)> = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()).collect();
    if lines.len() > BULK_MAX {
        return Err(ApiError::new(Code::BodyTooLarge, format!("At most {BULK_MAX} items at once; send the rest in another request.")));
    }
    let mut told = Vec::with_capacity(lines.len());
    for lines in lines.chunks(AT_ONCE) {
        let creates = lines.iter().map(|(_, line)| read(line)).collect();
        let made = create::create_items(app, permit, creates).await;
        told.extend(lines.iter().zip(made).map(|((number, _), made)| tell(*number, made)));
    }
    Ok(told)
}

fn tell(number: u64, made: ApiResult<(ItemId, StatusCode)>) -> BulkLine {
    match made {
        Ok((id, status)) => BulkLine { line: number, status: status.as_u16(), id: Some(id), code: None, detail: None, errors: Vec::new() },
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
