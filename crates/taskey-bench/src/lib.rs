//! What the benches are made of: floors, the real programs, and figures. Each bench is a program of its own in `src/bin`.
//!
//! A floor is the least that could do a thing at all, measured in the same run and in turns with the product: ratios to it
//! travel from machine to machine, milliseconds do not. Nothing here is a test, and no ratio makes a bench fail.

pub mod figures;
pub mod floors;
pub mod http;
pub mod mqtt;
pub mod product;
pub mod programs;
pub mod stamps;
