//! Item types as people read them.

use taskey_proto::item_types::{ItemType, ItemTypeSpec, ItemTypeVersion, LeftItem};

use crate::relative::{now, relative};
use crate::table::Table;

pub fn types(item_types: &[ItemType]) -> Table {
    let now = now();
    let mut table = Table::new(&["NAME", "VERSION", "OPEN", "RESOLUTIONS", "UPDATED", "BY"]);
    for item_type in item_types {
        table.row([
            item_type.name.as_str().into(),
            format!("v{}", item_type.version).into(),
            item_type.open_count.to_string().into(),
            item_type.spec.resolutions.names().collect::<Vec<_>>().join(", ").into(),
            relative(item_type.updated_at, now).into(),
            item_type.updated_by.as_str().into(),
        ]);
    }
    table
}

pub fn item_type(item_type: &ItemType) -> Table {
    let now = now();
    let mut table = Table::of_fields();
    table.field("id", item_type.id.to_string());
    table.field("name", item_type.name.as_str());
    table.field("version", format!("v{}, {} by {}", item_type.version, relative(item_type.updated_at, now), item_type.updated_by));
    table.field("open", item_type.open_count.to_string());
    table.field("created", relative(item_type.created_at, now));
    table.field("you may", item_type.role.title());
    with_lines(table, &item_type.spec)
}

pub fn version(version: &ItemTypeVersion) -> Table {
    let mut table = Table::of_fields();
    table.field("version", format!("v{}", version.version));
    table.field("written", relative(version.created_at, now()));
    table.field("by", version.created_by.as_str());
    table.field("open", version.open_count.to_string());
    with_lines(table, &version.spec)
}

pub fn versions(versions: &[ItemTypeVersion]) -> Table {
    let now = now();
    let mut table = Table::new(&["VERSION", "WRITTEN", "BY", "OPEN"]);
    for version in versions {
        table.row([
            format!("v{}", version.version).into(),
            relative(version.created_at, now).into(),
            version.created_by.as_str().into(),
            version.open_count.to_string().into(),
        ]);
    }
    table
}

/// Items that do not fit the newest version, each with what is in the way.
pub fn left(items: &[LeftItem]) -> Table {
    let mut table = Table::new(&["ITEM", "VERSION", "TITLE", "WHY"]);
    for item in items {
        let errors = item.errors.iter().map(|error| format!("{}: {}", error.pointer, error.detail));
        table.row([
            item.id.to_string().into(),
            format!("v{}", item.version).into(),
            item.title.as_str().into(),
            errors.collect::<Vec<_>>().join("; ").into(),
        ]);
    }
    table
}

/// A type as it is written.
pub fn canonical(spec: &ItemTypeSpec) -> String {
    serde_saphyr::to_string(spec).unwrap_or_else(|_| format!("{spec:#?}"))
}

fn with_lines(mut table: Table, spec: &ItemTypeSpec) -> Table {
    canonical(spec).lines().for_each(|line| table.field("", line));
    table
}
