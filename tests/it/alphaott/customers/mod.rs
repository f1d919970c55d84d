//! Customers, operations 3-9: reference sections 1.3, 1.4, 2.2 and 5.3.

mod changing;
mod creating;
mod emails;
mod fields;
mod lists;
mod passwords;
mod removing;

const NAMES: [&str; 6] = [
    "title",
    "firstName",
    "lastName",
    "middleName",
    "prefix",
    "suffix",
];

const PASSWORD_CHANGED: &str = "Password has been successfully changed";
