//! The part of `taskey` that reads what people write. It stands apart from the program so that others can feed it: the fuzzer does.

pub mod definitions;
pub mod item_type_file;
pub mod places;
pub mod schedule_file;
pub mod task_file;
pub mod webhook_file;
