//! The name that was most likely meant.

/// One of few short names, if it is near enough to be a slip of the fingers.
pub(super) fn nearest<'a>(
    written: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    known
        .into_iter()
        .map(|name| (strsim::osa_distance(written, name), name))
        .filter(|(distance, name)| *distance <= name.len().max(written.len()).div_ceil(3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// One of many long names, of whose parts only some may have been written, if it has anything in common with that.
pub(super) fn most_alike<T: AsRef<str>>(
    written: &str,
    known: impl IntoIterator<Item = T>,
    between: &str,
) -> Option<T> {
    let written = written.replace('*', "");
    let distance = |name: &str| {
        let parts = runs(name, between).into_iter();
        let distances = parts.map(|part| strsim::osa_distance(&written, part));
        distances.min().unwrap_or(usize::MAX)
    };
    known
        .into_iter()
        .map(|name| (distance(name.as_ref()), name))
        .filter(|(distance, _)| *distance < written.chars().count())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// Every part of `name`, and those that stand side by side as one.
fn runs<'n>(name: &'n str, between: &str) -> Vec<&'n str> {
    let ends = name.match_indices(between).map(|(at, _)| at);
    let ends: Vec<_> = ends.chain([name.len()]).collect();
    let after = |end: &usize| end + between.len();
    let starts = [0].into_iter().chain(ends.iter().map(after));
    let from = |start| ends.iter().filter_map(move |&end| name.get(start..end));
    starts.flat_map(from).collect()
}

/// As they stand in a sentence.
pub(super) fn listed<T: AsRef<str>>(names: impl IntoIterator<Item = T>) -> String {
    let quoted = names.into_iter().map(|name| format!("`{}`", name.as_ref()));
    quoted.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_near_name_is_offered() {
        assert_eq!(nearest("conut", ["count", "delay"]), Some("count"));
        assert_eq!(nearest("delya", ["count", "delay"]), Some("delay"));
        assert_eq!(nearest("colour", ["count", "delay"]), None);
        assert_eq!(nearest("", ["count"]), None);
        assert_eq!(nearest("count", []), None);
    }

    #[test]
    fn some_parts_of_a_long_name_are_enough() {
        let known = ["get_it", "shop::stock::put", "shop::stock::get", "b::set"];
        for (written, nearest) in [
            ("get", Some("shop::stock::get")),
            ("stock::got", Some("shop::stock::get")),
            ("shop::stok::*", Some("shop::stock::put")),
            ("b::st", Some("b::set")),
            ("*", None),
            ("xyz", None),
            ("", None),
        ] {
            assert_eq!(most_alike(written, known, "::"), nearest, "{written}");
        }
        assert_eq!(runs("a_b_c", "_"), ["a", "a_b", "a_b_c", "b", "b_c", "c"]);
        assert_eq!(runs("", "_"), [""]);
    }

    #[test]
    fn names_are_listed_in_quotes() {
        assert_eq!(listed(["count", "delay"]), "`count`, `delay`");
    }
}
