//! The only way to add a route: with its verb. And how a request proves who it is from.

use axum::Router;
use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;
use http::request::Parts;
use http::{HeaderMap, Method, header};
use taskey_proto::Time;
use taskey_proto::problem::Code;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use super::addresses::allows;
use super::model::{Permit, Principal, Verb, Via, decide};
use super::ops::token_hash;
use super::store::{self, Found, Who};
use crate::app::App;
use crate::platform::db::DbError;
use crate::platform::gather::{Gather, together_or_alone};
use crate::platform::http::ApiError;
use crate::platform::http::guard::{RequestContext, check_same_origin};

pub const SESSION_COOKIE: &str = "taskey_session";
/// A key's last use is stored to the minute.
const TOUCH_AFTER_MS: i64 = 60_000;

/// The API under construction. A handler reaches the world only through one of these doors, and each is listed for the test
/// that walks every route as everyone.
pub struct Api {
    router: OpenApiRouter<App>,
    routes: Vec<Route>,
}

#[derive(Debug, Clone)]
pub struct Route {
    pub method: String,
    pub path: String,
    pub kind: RouteKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RouteKind {
    /// For everyone: what it does must be safe for everyone.
    Public,
    /// For a signed-in principal who may do the verb.
    Permitted(Verb),
    /// For an enrolled device, with its own credential.
    Device,
}

impl Default for Api {
    fn default() -> Self {
        Self { router: OpenApiRouter::new(), routes: Vec::new() }
    }
}

impl Api {
    /// Adds handlers that need leave to do `verb`; they get it as a [`Permit`].
    pub fn route(self, verb: Verb, handlers: UtoipaMethodRouter<App>) -> Self {
        let gated = |methods: MethodRouter<App>| methods.layer(axum::middleware::from_fn(move |request, next| permit(verb, request, next)));
        self.add(RouteKind::Permitted(verb), handlers, gated)
    }

    /// Adds handlers that anyone may call.
    pub fn public(self, handlers: UtoipaMethodRouter<App>) -> Self {
        self.add(RouteKind::Public, handlers, |methods| methods)
    }

    /// Adds handlers that check a device's credential themselves.
    pub fn device(self, handlers: UtoipaMethodRouter<App>) -> Self {
        self.add(RouteKind::Device, handlers, |methods| methods)
    }

    pub fn merge(mut self, other: Api) -> Self {
        self.routes.extend(other.routes);
        self.router = self.router.merge(other.router);
        self
    }

    pub fn into_parts(self) -> (Router<App>, OpenApi, Vec<Route>) {
        let (router, document) = self.router.split_for_parts();
        (router, document, self.routes)
    }

    fn add(
        mut self,
        kind: RouteKind,
        (schemas, mut paths, methods): UtoipaMethodRouter<App>,
        wrap: impl Fn(MethodRouter<App>) -> MethodRouter<App>,
    ) -> Self {
        for (path, item) in &mut paths.paths {
            let operations = [
                ("GET", &mut item.get),
                ("POST", &mut item.post),
                ("PUT", &mut item.put),
                ("PATCH", &mut item.patch),
                ("DELETE", &mut item.delete),
            ];
            for (method, operation) in operations {
                let Some(operation) = operation else { continue };
                operation.security = Some(security(kind));
                self.routes.push(Route { method: method.to_owned(), path: path.clone(), kind });
            }
        }
        self.router = self.router.routes((schemas, paths, wrap(methods)));
        self
    }
}

fn security(kind: RouteKind) -> Vec<utoipa::openapi::SecurityRequirement> {
    use utoipa::openapi::SecurityRequirement;
    let needs = |name: &str| SecurityRequirement::new(name, Vec::<String>::new());
    match kind {
        RouteKind::Public => vec![],
        RouteKind::Permitted(_) => vec![needs("key"), needs("session")],
        RouteKind::Device => vec![needs("device")],
    }
}

async fn permit(verb: Verb, mut request: Request, next: Next) -> Response {
    let Some(app) = request.extensions().get::<App>().cloned() else {
        return ApiError::internal("the app is missing from a request").into_response();
    };
    let Some(context) = request.extensions().get::<RequestContext>().cloned() else {
        return ApiError::internal("the context is missing from a request").into_response();
    };
    let principal = match authenticate(&app, request.method(), request.headers(), &context.address).await {
        Ok(principal) => principal,
        Err(refused) => return refused.into_response(),
    };
    let tried = format!("{} {}", request.method(), request.uri().path());
    let response = match decide(&principal, verb, None, context.id, &context.address) {
        Ok(permit) => {
            request.extensions_mut().insert(permit);
            next.run(request).await
        }
        Err(refused) => refused.into_response(),
    };
    // Whether it was refused here or by the op that knows the thing: what was tried is worth a row.
    if let Some(refused) = response.extensions().get::<ApiError>().filter(|error| error.code == Code::NotAllowed) {
        super::jobs::record_refusal_later(&app, &principal, &context, verb, tried, refused.detail.clone());
    }
    response
}

/// Puts the app where [`permit`] finds it.
pub async fn carry_app(State(app): State<App>, mut request: Request, next: Next) -> Response {
    request.extensions_mut().insert(app);
    next.run(request).await
}

impl<S: Sync> FromRequestParts<S> for Permit {
    type Rejection = ApiError;

    /// There is a permit only behind [`Api::route`]; anywhere else this refuses.
    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        parts.extensions.get::<Permit>().cloned().ok_or_else(|| ApiError::internal("a route was added without its verb"))
    }
}

impl<S: Sync> FromRequestParts<S> for RequestContext {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        parts.extensions.get::<RequestContext>().cloned().ok_or_else(|| ApiError::internal("a request came past the guard"))
    }
}

/// Who a request is from: by its bearer key where there is one, else by its cookie.
async fn authenticate(app: &App, method: &Method, headers: &HeaderMap, address: &str) -> Result<Principal, ApiError> {
    let now = app.now();
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let key = value.to_str().ok().and_then(|text| text.strip_prefix("Bearer "));
        let key = key.ok_or_else(|| not_signed_in("Send `Authorization: Bearer KEY`."))?;
        return by_key(app, key.trim(), address, now).await;
    }
    let Some(token) = session_cookie(headers) else {
        return Err(not_signed_in("Send an API key as `Authorization: Bearer KEY`, or sign in."));
    };
    check_same_origin(app, method, headers)?;
    by_session(app, token, now).await
}

async fn by_key(app: &App, key: &str, address: &str, now: Time) -> Result<Principal, ApiError> {
    let found = found_by_key(app, key).await?;
    let found = found.ok_or_else(|| not_signed_in("The key is not known here, is expired or was removed."))?;
    if let Via::Key { addresses, .. } = &found.who.via
        && !allows(addresses, address)
    {
        return Err(ApiError::new(Code::NotAllowed, "This key may be used only from the addresses that it was made for."));
    }
    admit(app, found, now).await
}

/// Keys that are asked for at the same time, to be read together: by their hashes.
pub type KeysAsked = Gather<String, Result<Option<Found>, DbError>>;

async fn found_by_key(app: &App, key: &str) -> Result<Option<Found>, ApiError> {
    let reader = app.clone();
    let found = app.keys_asked.ask(token_hash(key), move |hashes| read_keys(reader.clone(), hashes)).await;
    Ok(found.ok_or_else(|| ApiError::internal("what reads keys ended"))??)
}

async fn read_keys(app: App, hashes: Vec<String>) -> Vec<Result<Option<Found>, DbError>> {
    let read = |hashes: Vec<String>| {
        let app = &app;
        async move {
            let found = store::found_by_keys(&app.db, &hashes.iter().cloned().collect(), app.now()).await?;
            Ok(hashes.iter().map(|hash| found.get(hash).cloned()).collect())
        }
    };
    together_or_alone(hashes, read).await
}

async fn by_session(app: &App, token: &str, now: Time) -> Result<Principal, ApiError> {
    let found = store::found_by_session(&app.db, &token_hash(token), now).await?;
    admit(app, found.ok_or_else(|| not_signed_in("The session is over; sign in again."))?, now).await
}

/// Adds what their groups give to who is asking, and notes that they were here.
async fn admit(app: &App, found: Found, now: Time) -> Result<Principal, ApiError> {
    let Found { who, access_revision, last_seen_at } = found;
    let access = app.access.of(&app.db, who.user, access_revision).await?;
    if last_seen_at.is_none_or(|last| now.since_ms(last) >= TOUCH_AFTER_MS) {
        super::jobs::touch_later(app, &who.via, now);
    }
    let Who { organization, organization_name, user, username, name, operator, via } = who;
    Ok(Principal { organization, organization_name, user, username, name, operator, access, revision: access_revision, via })
}

/// The principal behind a token that was just made.
pub(super) async fn principal_of(app: &App, entry: &super::ops::Entry) -> Result<Principal, ApiError> {
    let now = app.now();
    match entry {
        super::ops::Entry::Session { token, .. } => by_session(app, token, now).await,
        super::ops::Entry::Key(key) => {
            let found = found_by_key(app, &key.created.key).await?;
            admit(app, found.ok_or_else(|| not_signed_in("The key was removed."))?, now).await
        }
    }
}

/// A permit as it is now: what let its holder in must still stand, and their groups must still give it. Open streams ask this again
/// and again.
pub async fn renewed(app: &App, permit: &Permit) -> Option<Permit> {
    let (principal, now) = (permit.principal(), app.now());
    let revision = match &principal.via {
        Via::Session { id, .. } => store::standing_of_session(&app.db, *id, now).await,
        Via::Key { id, .. } => store::standing_of_key(&app.db, *id, now).await,
    };
    let revision = revision.ok()??;
    let access = app.access.of(&app.db, principal.user, revision).await.ok()?;
    let principal = Principal { access, revision, ..principal.clone() };
    decide(&principal, permit.verb(), None, permit.request(), permit.address()).ok()
}

fn not_signed_in(detail: &str) -> ApiError {
    ApiError::new(Code::NotSignedIn, detail)
}

fn session_cookie(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == SESSION_COOKIE).map(|(_, value)| value)
}
