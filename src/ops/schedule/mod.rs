//! When what is due is worked: now, under the guard, or as the test clock is moved.

pub mod clock;
pub mod work;
