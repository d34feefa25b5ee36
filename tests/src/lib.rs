//! Whole journeys: real footage to certificate, through the real service, program, window and browser.
//!
//! This library starts and stops the real parts: [`service`], [`program`], [`display`], [`window`]; [`people`] are in the
//! demo register. Everything runs on free ports of 127.0.0.1, in a folder of its own, and is stopped by its own process id.

pub mod attacks;
pub mod by_data;
pub mod claims;
pub mod clear;
pub mod database;
pub mod display;
pub mod doctored;
pub mod fed;
pub mod footage;
pub mod people;
pub mod places;
pub mod program;
pub mod rehearsal;
pub mod sealed;
pub mod service;
pub mod submissions;
pub mod trials;
pub mod walk;
pub mod window;
pub mod year;
