//! As much of PromQL as it takes to see what a query asks for.

/// What a query asks for.
#[derive(Debug, Default)]
pub(crate) struct Asked<'a> {
    pub(crate) selected: Vec<Selected<'a>>,
    /// The labels of `by`, `without`, `on` and `ignoring`.
    pub(crate) grouped: Vec<&'a str>,
}

#[derive(Debug)]
pub(crate) struct Selected<'a> {
    pub(crate) series: &'a str,
    /// Each label, and the text that it is compared with.
    pub(crate) matchers: Vec<(&'a str, &'a str)>,
}

/// What the query asks of series that are ours.
pub(crate) fn asked(query: &str) -> Asked<'_> {
    let mut asked = Asked::default();
    let mut tokens = tokens(query).into_iter().peekable();
    while let Some(token) = tokens.next() {
        let Token::Word(word) = token else { continue };
        if word.starts_with("resilient_") {
            let mut matchers = Vec::new();
            if tokens.next_if_eq(&Token::Sign('{')).is_some() {
                let mut label = "";
                for token in tokens
                    .by_ref()
                    .take_while(|token| *token != Token::Sign('}'))
                {
                    match token {
                        Token::Word(word) => label = word,
                        Token::Text(text) => matchers.push((label, text)),
                        Token::Sign(_) => {}
                    }
                }
            }
            let series = word;
            asked.selected.push(Selected { series, matchers });
        } else if ["by", "without", "on", "ignoring"].contains(&word) {
            let labels = tokens
                .by_ref()
                .take_while(|token| *token != Token::Sign(')'));
            asked.grouped.extend(labels.filter_map(|token| match token {
                Token::Word(label) => Some(label),
                _ => None,
            }));
        }
    }
    asked
}

#[derive(Debug, PartialEq)]
enum Token<'a> {
    Word(&'a str),
    /// What stands between quotes.
    Text(&'a str),
    Sign(char),
}

fn tokens(query: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = query;
    while let Some(first) = rest.chars().next() {
        let is_of_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if first == '"' {
            let (text, after) = rest[1..].split_once('"').expect("it ends");
            tokens.push(Token::Text(text));
            rest = after;
        } else if is_of_word(first) {
            let end = rest.find(|c| !is_of_word(c)).unwrap_or(rest.len());
            tokens.push(Token::Word(&rest[..end]));
            rest = &rest[end..];
        } else {
            tokens.push(Token::Sign(first));
            rest = &rest[first.len_utf8()..];
        }
    }
    tokens
}
