//! Actions: by whom, from where, and what they do.

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::header::{HOST, ORIGIN};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::routes::Shared;
use crate::{CircuitBreaker, Keyed, Layer, LayerAddress, SettingError, Site, registry};

/// What is asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Act {
    action: Action,
    /// The name of a function; not for what is done to all.
    site: Option<String>,
    /// The address of a layer: `retry`, `timeout#2`, `retry.budget`.
    layer: Option<String>,
    /// One key of it, by its text.
    key: Option<String>,
    knob: Option<String>,
    value: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Action {
    ForceOpen,
    ForceClose,
    Reset,
    Enable,
    Disable,
    /// Takes the hand from `enable` and `disable`.
    Release,
    Set,
    Unset,
    AllOff,
    AllOn,
    AllRelease,
}

/// Why not, as text.
#[derive(Debug)]
pub(super) struct Refusal(StatusCode, String);

impl Refusal {
    fn bad(why: impl Into<String>) -> Self {
        Self(StatusCode::BAD_REQUEST, why.into())
    }

    fn forbidden(why: &str) -> Self {
        Self(StatusCode::FORBIDDEN, why.to_owned())
    }

    pub(super) fn internal(why: &dyn std::error::Error) -> Self {
        Self(StatusCode::INTERNAL_SERVER_ERROR, why.to_string())
    }
}

impl From<SettingError> for Refusal {
    fn from(error: SettingError) -> Self {
        Self::bad(error.to_string())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.0, self.1).into_response()
    }
}

pub(super) async fn act(
    State(shared): State<Shared>,
    request: Parts,
    act: Result<Json<Act>, JsonRejection>,
) -> Result<StatusCode, Refusal> {
    if shared.may_act.is_none() {
        return Err(Refusal::forbidden(
            "this dashboard was mounted without actions",
        ));
    }
    from_its_own_page(&request)?;
    if !shared.may_act(request).await {
        return Err(Refusal::forbidden("not for you"));
    }
    let Json(act) = act.map_err(|why| Refusal::bad(why.body_text()))?;
    act.carry_out()?;
    Ok(StatusCode::NO_CONTENT)
}

/// A page of another site cannot set such a header without being asked first, and nobody says yes here. What a
/// browser tells of where the request comes from is looked at besides.
fn from_its_own_page(request: &Parts) -> Result<(), Refusal> {
    let text = |name: &str| {
        let value = request.headers.get(name);
        value.map(|value| value.to_str().unwrap_or_default())
    };
    if text("x-resilient") != Some("act") {
        return Err(Refusal::forbidden(
            "an action has the header `x-resilient: act`",
        ));
    }
    let own = match (text("sec-fetch-site"), text(ORIGIN.as_str())) {
        (Some(site), _) => site == "same-origin",
        (None, Some(origin)) => {
            let host = host_of(&request.headers, &request.uri);
            host.is_some() && origin.split_once("://").map(|(_, from)| from) == host
        }
        // No browser.
        (None, None) => true,
    };
    own.then_some(())
        .ok_or_else(|| Refusal::forbidden("an action comes from the page itself"))
}

/// Whom a request is for; HTTP/2 says it in the address.
pub(super) fn host_of<'a>(headers: &'a HeaderMap, uri: &'a Uri) -> Option<&'a str> {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    host.or_else(|| uri.authority().map(|authority| authority.as_str()))
}

impl Act {
    fn carry_out(&self) -> Result<(), Refusal> {
        match self.action {
            Action::AllOff => registry().set_enabled(false),
            Action::AllOn => registry().set_enabled(true),
            Action::AllRelease => registry().unset_enabled(),
            Action::Enable => self.layer()?.set_enabled(true),
            Action::Disable => self.layer()?.set_enabled(false),
            Action::Release => self.layer()?.unset_enabled(),
            Action::Set => self.set()?,
            Action::Unset => {
                let (layer, knob) = (self.layer()?, said(&self.knob, "knob")?);
                match &self.key {
                    Some(key) => layer.unset_for(key, knob)?,
                    None => layer.unset(knob)?,
                }
            }
            Action::ForceOpen => {
                self.breaker(CircuitBreaker::force_open, |key| key.force_open())?
            }
            Action::ForceClose => {
                self.breaker(CircuitBreaker::force_close, |key| key.force_close())?;
            }
            Action::Reset => self.breaker(CircuitBreaker::reset, |key| key.reset())?,
        }
        Ok(())
    }

    fn set(&self) -> Result<(), Refusal> {
        let (layer, knob) = (self.layer()?, said(&self.knob, "knob")?);
        let value = layer.parse(knob, said(&self.value, "value")?)?;
        match &self.key {
            Some(key) => layer.set_for(key, knob, value)?,
            None => layer.set(knob, value)?,
        }
        Ok(())
    }

    fn breaker(
        &self,
        one: impl FnOnce(&CircuitBreaker),
        of_key: impl FnOnce(crate::Handle<'_, CircuitBreaker>),
    ) -> Result<(), Refusal> {
        let layer = self.layer()?;
        match &self.key {
            None => one(layer
                .breaker()
                .ok_or_else(|| Refusal::bad("no circuit breaker that this function owns"))?),
            Some(key) => {
                let breakers = layer.state::<Keyed<CircuitBreaker>>();
                let breakers =
                    breakers.ok_or_else(|| Refusal::bad("no circuit breakers by key"))?;
                let found = breakers.find(key);
                of_key(found.ok_or_else(|| Refusal::bad(format!("no key `{key}`")))?);
            }
        }
        Ok(())
    }

    fn layer(&self) -> Result<&'static dyn Layer, Refusal> {
        let name = said(&self.site, "site")?;
        let site = registry().site(name);
        let site = site.ok_or_else(|| Refusal::bad(format!("no function `{name}`")))?;
        find(site, said(&self.layer, "layer")?)
    }
}

fn find(site: &'static Site, text: &str) -> Result<&'static dyn Layer, Refusal> {
    let (name, of_budget) = match text.strip_suffix(".budget") {
        Some(name) => (name, true),
        None => (text, false),
    };
    let address = LayerAddress::parse(name, '#');
    let layer = address.and_then(|address| site.addressed_by(address));
    let layer = match of_budget {
        true => layer.and_then(Layer::budget),
        false => layer,
    };
    layer.ok_or_else(|| Refusal::bad(format!("`{}` has no layer `{text}`", site.name())))
}

fn said<'a>(what: &'a Option<String>, name: &str) -> Result<&'a str, Refusal> {
    let what = what.as_deref();
    what.ok_or_else(|| Refusal::bad(format!("which `{name}`?")))
}
