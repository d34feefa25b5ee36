mod incoming;
mod places;
mod pure;
mod recorded;
mod stage;
mod tables;
