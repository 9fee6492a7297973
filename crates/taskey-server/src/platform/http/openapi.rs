//! The OpenAPI document's common parts, added to what the handlers say of themselves.

use taskey_proto::problem::{FieldError, Problem};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Components, ContentBuilder, Info, OpenApi, Ref, RefOr, ResponseBuilder};
use utoipa::{PartialSchema as _, ToSchema as _};

/// Completes a document: title, ways to sign in, and the problem that every operation may answer.
pub fn complete(mut document: OpenApi) -> OpenApi {
    document.info = Info::new("taskey", env!("CARGO_PKG_VERSION"));
    document.info.description =
        Some("One self-hosted server for every task a team has to get done. Errors are RFC 9457 problems with a stable code.".to_owned());
    let components = document.components.get_or_insert_with(Components::new);
    components.schemas.insert(Problem::name().into_owned(), Problem::schema());
    components.schemas.insert(FieldError::name().into_owned(), FieldError::schema());
    let bearer = |text| SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(text)).build());
    components.add_security_scheme("key", bearer("An API key"));
    components.add_security_scheme("device", bearer("A device's credential"));
    let cookie = ApiKeyValue::with_description("taskey_session", "The browser's session; only from the server's own pages");
    components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    for item in document.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete];
        for operation in operations.into_iter().flatten() {
            let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
            let response = ResponseBuilder::new().description("A problem").content("application/problem+json", problem).build();
            operation.responses.responses.insert("default".to_owned(), RefOr::T(response));
        }
    }
    document
}
