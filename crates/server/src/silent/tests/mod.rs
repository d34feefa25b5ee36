mod incoming;
mod places;
mod pure;
mod recorded;
mod retention;
mod stage;
mod tables;
