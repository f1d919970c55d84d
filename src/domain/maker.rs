//! Who made a credential, so that it can be ended with its maker's own rights.
