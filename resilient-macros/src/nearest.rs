//! "Did you mean ..?"

/// The name that was most likely meant, if one is near enough to be a slip of the fingers.
pub(crate) fn nearest<'a>(
    written: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    known
        .into_iter()
        .map(|name| (distance(written, name), name))
        .filter(|(distance, name)| *distance <= name.len().max(written.len()).div_ceil(3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// Edit distance in which two neighbours swapped count once, as `cuont` for `count`.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    let mut last_a = None;
    for (i, ca) in a.chars().enumerate() {
        let mut row = vec![i + 1];
        let mut last_b = None;
        for (j, &cb) in b.iter().enumerate() {
            let cell = |row: &[usize], at: usize| row.get(at).copied().unwrap_or(usize::MAX - 1);
            let mut best = (cell(&above, j) + usize::from(ca != cb))
                .min(cell(&above, j + 1) + 1)
                .min(cell(&row, j) + 1);
            if j > 0 && last_a == Some(cb) && last_b == Some(ca) {
                best = best.min(cell(&before, j - 1) + 1);
            }
            row.push(best);
            last_b = Some(cb);
        }
        before = std::mem::replace(&mut above, row);
        last_a = Some(ca);
    }
    above.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{distance, nearest};

    #[test]
    fn a_swap_counts_once() {
        assert_eq!(distance("cuont", "count"), 1);
        assert_eq!(distance("delya", "delay"), 1);
        assert_eq!(distance("xab", "xba"), 1);
        assert_eq!(distance("ac", "ba"), 2, "one of two is no swap");
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
    }

    #[test]
    fn only_a_near_name_is_offered() {
        assert_eq!(nearest("cout", ["count", "delay"]), Some("count"));
        assert_eq!(nearest("colour", ["count", "delay"]), None);
    }
}
