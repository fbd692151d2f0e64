//! Reading kept versions.
