//! `taskey item-types apply`: what a file says becomes what is.

use std::path::PathBuf;

use clap::Args;
use taskey_cli::item_type_file;
use taskey_cli::places::Places;
use taskey_client::{Client, ClientError, Tagged};
use taskey_proto::item_types::{CheckItemType, ItemType, ItemTypeSpec, check_item_type};
use taskey_proto::problem::Code;

use super::tables;
use crate::cli::Global;
use crate::diff::line_diff;
use crate::failure::Failure;
use crate::given_file::GivenFile;
use crate::output::{self, Output};
use crate::session;
use crate::table::Table;

#[derive(Debug, Args)]
pub struct ApplyArgs {
    /// YAML or JSON; `-` reads stdin. Several types are divided by `---`.
    #[arg(short = 'f', long = "file", value_name = "FILE")]
    file: PathBuf,
    /// Show what would change, and change nothing.
    #[arg(long)]
    dry_run: bool,
}

pub async fn run(global: &Global, args: &ApplyArgs, output: Output) -> Result<(), Failure> {
    let file = GivenFile::read(&args.file)?;
    let specs = read(&file)?;
    let places = Places::of(&file.text);
    let client = session::client(global)?;
    for (index, spec) in specs.iter().enumerate() {
        let existing = find(&client, &spec.name).await?;
        let done = if args.dry_run {
            preview(&client, existing.map(|tagged| tagged.value), spec, output).await
        } else {
            store(&client, existing, spec, output).await
        };
        done.map_err(|failure| failure.located(&places, index))?;
    }
    Ok(())
}

/// The types of a file, none of them wrong as far as can be told without the server.
fn read(file: &GivenFile) -> Result<Vec<ItemTypeSpec>, Failure> {
    let specs = item_type_file::parse(&file.text, file.is_json).map_err(|fault| file.wrong(fault))?;
    if specs.is_empty() {
        return Err(Failure::usage(format!("{}: there is no item type in it", file.place)));
    }
    let places = Places::of(&file.text);
    for (index, spec) in specs.iter().enumerate() {
        let errors = check_item_type(spec);
        if !errors.is_empty() {
            let errors = errors.into_iter().map(|error| places.with_line(index, error)).collect();
            return Err(Failure::Fields { place: format!("{}: item type `{}`", file.place, spec.name), errors });
        }
    }
    Ok(specs)
}

async fn find(client: &Client, name: &str) -> Result<Option<Tagged<ItemType>>, ClientError> {
    match client.show_item_type(name).await {
        Ok(item_type) => Ok(Some(item_type)),
        Err(error) if error.has_code(Code::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn store(client: &Client, existing: Option<Tagged<ItemType>>, spec: &ItemTypeSpec, output: Output) -> Result<(), Failure> {
    let (done, item_type) = match existing {
        None => ("created", client.create_item_type(spec).await?),
        Some(existing) => {
            let before = existing.value;
            let etag = existing.etag.ok_or_else(|| Failure::usage("the server did not say which version this is (no ETag)"))?;
            let item_type = client.replace_item_type(&before.id.to_string(), spec, &etag).await?;
            (if item_type.version == before.version { "unchanged" } else { "updated" }, item_type)
        }
    };
    if !output.is_table() {
        return output.thing(&item_type, &item_type.name, Table::of_fields);
    }
    output::line(&format!("{done} {} v{}", item_type.name, item_type.version))?;
    if done == "updated" && item_type.open_count > 0 {
        let name = &item_type.name;
        output::note(&format!(
            "items that are open keep the version they have; `taskey item-types move {name} --dry-run` says what moving them would do"
        ));
    }
    Ok(())
}

/// The server says what it would make of it, since it alone reads templates and schemas; the lines that differ are told here.
async fn preview(client: &Client, existing: Option<ItemType>, spec: &ItemTypeSpec, output: Output) -> Result<(), Failure> {
    let checked = client.check_item_type(&CheckItemType { spec: spec.clone(), fields: None }).await?;
    if !output.is_table() {
        return output.thing(&checked, &spec.name, Table::of_fields);
    }
    output::write_data(would(existing.as_ref(), spec).as_bytes())
}

fn would(existing: Option<&ItemType>, spec: &ItemTypeSpec) -> String {
    let new = tables::canonical(spec);
    let Some(before) = existing else {
        return format!("would create {}\n{}", spec.name, line_diff("", &new));
    };
    match line_diff(&tables::canonical(&before.spec), &new).as_str() {
        "" => format!("unchanged {} v{}\n", before.name, before.version),
        difference => format!("would update {} v{} to v{}\n{difference}", before.name, before.version, before.version + 1),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const REFUND: &str = "name: refund\ntitle: Refund\nfields: {type: object}\nresolutions: {approved: {}, rejected: {refusal: true}}\n";

    fn file(text: &str) -> GivenFile {
        GivenFile { place: "refund.yaml".to_owned(), text: text.to_owned(), is_json: false }
    }

    fn stored(spec: ItemTypeSpec) -> ItemType {
        let at = "2026-01-01T00:00:00.000Z";
        serde_json::from_value(json!({
            "id": "ity_00000000000000000000000000", "name": spec.name, "version": 2, "spec": spec, "open_count": 0,
            "created_at": at, "updated_at": at, "updated_by": "ann", "role": "admin",
        }))
        .unwrap()
    }

    #[test]
    fn what_can_be_told_without_a_server_is_told_by_line_and_key() {
        let text = REFUND.replace("{type: object}", "\n  required: [order]\n  properties:\n    amount__indexed: {type: number}");
        let Err(Failure::Fields { place, errors }) = read(&file(&text)) else { panic!("{text} is right") };
        assert_eq!(place, "refund.yaml: item type `refund`");
        let told: Vec<String> = errors.iter().map(|error| format!("{}: {}", error.pointer, error.detail)).collect();
        assert!(told[0].starts_with("line 4: /fields/required/0: there is no field `order`"), "{told:?}");
        assert!(told[1].starts_with("line 6: /fields/properties/amount__indexed: there is no mark `__indexed`"), "{told:?}");
        assert_eq!(read(&file("")).unwrap_err().to_string(), "refund.yaml: there is no item type in it");
    }

    #[test]
    fn a_preview_tells_the_lines_that_differ_and_the_order_of_buttons_is_one_of_them() {
        let spec = read(&file(REFUND)).unwrap().remove(0);
        assert!(would(None, &spec).starts_with("would create refund\n+ name: refund\n"), "{}", would(None, &spec));
        let before = stored(spec.clone());
        assert_eq!(would(Some(&before), &spec), "unchanged refund v2\n");
        let other = read(&file(&REFUND.replace("{approved: {}, rejected: {refusal: true}}", "{rejected: {refusal: true}, approved: {}}")));
        let told = would(Some(&before), &other.unwrap()[0]);
        assert!(told.starts_with("would update refund v2 to v3\n") && told.contains("+   approved"), "{told}");
    }
}
