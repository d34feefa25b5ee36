//! Delivery against a service that loses answers, forgets and is away; over real connections.

mod appeal;
mod delivery;
mod service;
