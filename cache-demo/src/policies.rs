//! The functions that have attributes, as a table.

use resilient_runtime::{Layer, Origin, Site};

/// A line for each layer: its function, where that stands, what the layer is, and its settings; behind those that do
/// not come from the code, where they do come from.
pub fn table(sites: &[&'static Site]) -> Vec<String> {
    let head = ["FUNCTION", "LAYER", "SETTINGS"].map(str::to_owned);
    let rows = sites.iter().flat_map(|site| {
        let layers = site.layers().iter().enumerate();
        layers.map(|(at, layer)| {
            let name = if at == 0 { site.name() } else { "" };
            [name.to_owned(), layer.kind().to_string(), settings(*layer)]
        })
    });
    let rows: Vec<_> = std::iter::once(head).chain(rows).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let (first, second) = (width(0).unwrap_or(0), width(1).unwrap_or(0));
    let line = |[name, layer, settings]: &[String; 3]| {
        format!("{name:<first$}  {layer:<second$}  {settings}")
            .trim_end()
            .to_owned()
    };
    rows.iter().map(line).collect()
}

fn settings(layer: &dyn Layer) -> String {
    if layer.is_shared() {
        return "(a state that several share)".to_owned();
    }
    let off = match (layer.is_enabled(), layer.enabled_by()) {
        (true, _) => None,
        (false, origin) => Some(format!("switched off{}", from(origin))),
    };
    let settings = layer.settings().into_iter().filter_map(|setting| {
        let value = setting.value?;
        Some(format!("{} {value}{}", setting.knob, from(setting.origin)))
    });
    off.into_iter()
        .chain(settings)
        .collect::<Vec<_>>()
        .join(", ")
}

fn from(origin: Origin) -> String {
    match origin {
        Origin::Code => String::new(),
        elsewhere => format!(" ({elsewhere})"),
    }
}
