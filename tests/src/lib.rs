//! Tests of the attributes from outside; see the folders beside this one.
