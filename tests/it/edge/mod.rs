//! What stands before every dialect: who is believed to come from where, what every answer carries,
//! who is refused before an operation sees the request, and how long anybody may take.

mod proxies;
