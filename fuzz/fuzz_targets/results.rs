#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| taskey_fuzz::results::run(bytes));
