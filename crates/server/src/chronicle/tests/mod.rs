mod killed;
mod places;
mod policies;
mod wrongful;
