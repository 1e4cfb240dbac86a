//! How names are written in each source.

/// A file has the names of the code, a variable has them in capitals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Notation {
    File,
    Environment,
}

impl Notation {
    /// The name of a layer, a knob or a function.
    pub(super) fn write(self, name: &str) -> String {
        match self {
            Self::File => name.to_owned(),
            Self::Environment => variable_part(name),
        }
    }
}

/// `name` in capitals, each run of what is no letter and no digit as one `_`, and none at the ends.
pub(super) fn variable_part(name: &str) -> String {
    let words = name.split(|c: char| !c.is_alphanumeric());
    let words = words.filter(|word| !word.is_empty());
    words.map(str::to_uppercase).collect::<Vec<_>>().join("_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_becomes_a_part_of_a_variable() {
        for (name, part) in [
            ("cache_demo::client::call_get", "CACHE_DEMO_CLIENT_CALL_GET"),
            ("<my::Client as my::Get>::get", "MY_CLIENT_AS_MY_GET_GET"),
            ("my dear__call!", "MY_DEAR_CALL"),
            ("call#2", "CALL_2"),
            ("timeout#2", "TIMEOUT_2"),
            ("größe", "GRÖSSE"),
            ("::", ""),
        ] {
            assert_eq!(variable_part(name), part);
        }
    }
}
