//! The part of `taskey` that reads what people write. It stands apart from the program so that others can feed it: the fuzzer does.

pub mod definitions;
pub mod schedule_file;
pub mod task_file;
