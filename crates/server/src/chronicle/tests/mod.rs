mod beside;
mod killed;
mod places;
mod policies;
mod reviews;
mod whole_year;
mod wrongful;
