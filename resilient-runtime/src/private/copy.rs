//! Arguments of which each attempt gets its own.

/// A value of which there can be one more.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is needed once for each attempt, and cannot be cloned",
    label = "each attempt needs one of its own",
    note = "derive `Clone` for it, or take the argument by reference or without `mut`"
)]
pub trait Copied: Sized {
    /// One more.
    #[must_use]
    fn copied(&self) -> Self;
}

#[diagnostic::do_not_recommend]
impl<T: Clone> Copied for T {
    #[inline]
    fn copied(&self) -> Self {
        self.clone()
    }
}

/// One more of a value, while the original stays.
#[inline]
pub fn copy<T: Copied>(value: &T) -> T {
    value.copied()
}

/// What leads to a state that is there already.
#[diagnostic::on_unimplemented(
    message = "this makes a new `{Self}` for each call, which then shares it with no other",
    label = "make it a `static` or a field, and name that"
)]
pub trait Elsewhere {}

#[diagnostic::do_not_recommend]
impl<D: std::ops::Deref> Elsewhere for D {}

/// What leads to a state that is there already, and no new one.
#[inline]
pub fn elsewhere<D: Elsewhere>(there: D) -> D {
    there
}
