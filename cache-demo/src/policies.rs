//! The functions that have attributes, as a table.

use resilient_runtime::{Layer, Origin, Site};

/// A line for each layer, and for the budget of a retry: the function, and below it where that stands; what a
/// configuration calls the layer; and its settings, with where they come from if not from the code.
pub fn table(sites: &[&'static Site]) -> Vec<String> {
    let head = ["FUNCTION", "LAYER", "SETTINGS"].map(str::to_owned);
    let rows: Vec<_> = std::iter::once(head)
        .chain(sites.iter().flat_map(|site| rows(site)))
        .collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let (first, second) = (width(0).unwrap_or(0), width(1).unwrap_or(0));
    let line = |[name, layer, settings]: &[String; 3]| {
        format!("{name:<first$}  {layer:<second$}  {settings}")
            .trim_end()
            .to_owned()
    };
    rows.iter().map(line).collect()
}

fn rows(site: &'static Site) -> Vec<[String; 3]> {
    let mut rows = Vec::new();
    for (address, layer) in site.addressed() {
        rows.push([String::new(), address.to_string(), settings(layer)]);
        if let Some(budget) = layer.budget() {
            let name = format!("{address}.budget");
            rows.push([String::new(), name, settings(budget)]);
        }
    }
    let place = format!("  {}:{}", site.file(), site.line());
    for (at, told) in [site.name().to_owned(), place].into_iter().enumerate() {
        match rows.get_mut(at) {
            Some([first, ..]) => *first = told,
            None => rows.push([told, String::new(), String::new()]),
        }
    }
    rows
}

fn settings(layer: &dyn Layer) -> String {
    if layer.is_shared() {
        return "(a state that several share)".to_owned();
    }
    let keys = layer
        .keys()
        .map(|keys| format!("for each key ({} so far)", keys.len()));
    let off = match (layer.is_enabled(), layer.enabled_by()) {
        (true, _) => None,
        (false, origin) => Some(format!("switched off{}", from(origin))),
    };
    let settings = layer.settings().into_iter().filter_map(|setting| {
        let value = setting.value?;
        Some(format!("{} {value}{}", setting.knob, from(setting.origin)))
    });
    let all = off.into_iter().chain(keys).chain(settings);
    all.collect::<Vec<_>>().join(", ")
}

fn from(origin: Origin) -> String {
    match origin {
        Origin::Code => String::new(),
        elsewhere => format!(" ({elsewhere})"),
    }
}
