//! The page: one document, put together from its parts.

use std::hash::{BuildHasher, RandomState};

use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::response::{IntoResponse, Response};

const PAGE: &str = include_str!("page/page.html");
const STYLE: &str = include_str!("page/page.css");
const SCRIPT: &str = concat!(
    include_str!("page/draw.js"),
    include_str!("page/sites.js"),
    include_str!("page/detail.js"),
    include_str!("page/main.js"),
);

/// The page, which may load nothing from elsewhere and stand in no frame.
pub(super) async fn page() -> Response {
    let random = RandomState::new();
    let nonce = format!(
        "{:016x}{:016x}",
        random.hash_one(0_u8),
        random.hash_one(1_u8)
    );
    let policy = format!(
        "default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; connect-src 'self'; \
         img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    let page = PAGE
        .replace("@nonce@", &nonce)
        .replace("@style@", STYLE)
        .replace("@script@", SCRIPT);
    let headers: [(HeaderName, String); 6] = [
        (CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (CONTENT_SECURITY_POLICY, policy),
        (CACHE_CONTROL, "no-store".to_owned()),
        (X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (X_FRAME_OPTIONS, "DENY".to_owned()),
        (REFERRER_POLICY, "no-referrer".to_owned()),
    ];
    (headers, page).into_response()
}
