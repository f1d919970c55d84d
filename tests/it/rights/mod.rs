//! Who may do what: rights by role, what they are judged before, and what becomes of the rights of
//! somebody who leaves.

mod giving;
