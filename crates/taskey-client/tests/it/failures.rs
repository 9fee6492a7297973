//! What goes wrong, as the caller sees it.

use taskey_client::{Client, ClientError, Trouble};
use taskey_proto::problem::Code;

use crate::scripted::{self, Reply, Scripted};

#[tokio::test]
async fn a_problem_keeps_its_code_and_its_help_page_can_be_opened() {
    let server = Scripted::start([scripted::problem(404, "not_found")]).await;
    let error = server.client.show_me().await.unwrap_err();
    assert!(error.has_code(Code::NotFound));
    let ClientError::Problem(problem) = error else { panic!("no problem") };
    assert_eq!(problem.kind, format!("{}/errors/not_found", server.client.server()));
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_says_where_it_leads() {
    let server = Scripted::start([Reply::Answer(308, "location: https://elsewhere.example/\r\n", String::new())]).await;
    let error = server.client.clone().with_key("tky_1").unwrap().show_me().await.unwrap_err();
    assert!(
        matches!(error, ClientError::Unexpected { status: 308, .. }) && error.to_string().contains("https://elsewhere.example/"),
        "{error}"
    );
}

#[tokio::test]
async fn an_answer_that_is_not_ours_is_told_from_a_problem() {
    let server = Scripted::start([Reply::Answer(502, "", "<html>Bad gateway</html>".to_owned())]).await;
    assert!(matches!(server.client.show_me().await, Err(ClientError::Unexpected { status: 502, .. })));
}

#[tokio::test]
async fn nothing_listening_is_told_from_a_broken_connection() {
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let error = Client::new(&format!("http://{free}")).unwrap().show_me().await.unwrap_err();
    assert!(matches!(error, ClientError::Unreachable { trouble: Trouble::Refused, .. }), "{error}");

    let server = Scripted::start([Reply::HangUp, Reply::HangUp, Reply::HangUp]).await;
    let error = server.client.show_me().await.unwrap_err();
    assert!(matches!(error, ClientError::Unreachable { trouble: Trouble::Broken, .. }), "{error}");
}

#[tokio::test]
async fn a_server_that_does_not_speak_tls_is_told() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            tokio::io::AsyncWriteExt::write_all(&mut connection, b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        }
    });
    let error = Client::new(&url).unwrap().show_me().await.unwrap_err();
    assert!(matches!(error, ClientError::Unreachable { trouble: Trouble::Tls, .. }), "{error:?}");
}

#[test]
fn what_is_no_address_is_refused_at_once() {
    for address in ["127.0.0.1:8080", "ftp://x", "", "http://", "mailto:x"] {
        assert!(matches!(Client::new(address), Err(ClientError::InvalidServer(_))), "{address}");
    }
    assert_eq!(Client::new("https://example.org/taskey/").unwrap().server(), "https://example.org/taskey");
}
