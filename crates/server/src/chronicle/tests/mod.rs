mod killed;
mod places;
