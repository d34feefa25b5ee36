mod killed;
mod places;
mod policies;
mod reviews;
mod wrongful;
