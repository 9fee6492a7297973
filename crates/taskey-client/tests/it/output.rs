//! Live output over a line that breaks.

use taskey_client::OutputUpdate;

use crate::scripted::{self, Reply, Scripted};

fn piece(seq: u64, base64: &str) -> String {
    let data = serde_json::json!({"seq": seq, "action": 0, "stream": "output", "data": base64});
    format!("event: output\nid: {seq}\ndata: {data}\n\n")
}

async fn read_all(server: &Scripted) -> Vec<u8> {
    let mut follower = server.client.follow_output("exe_00000000000000000000000000".parse().unwrap());
    let mut bytes = Vec::new();
    while let Some(update) = follower.next().await.unwrap() {
        if let OutputUpdate::Output(output) = update {
            bytes.extend(output.data);
        }
    }
    bytes
}

#[tokio::test]
async fn a_broken_line_is_taken_up_where_it_broke_and_nothing_comes_twice() {
    let rest = format!("{}{}event: end\ndata: {{}}\n\n", piece(2, "Yg=="), piece(3, "Yw=="));
    let script = [scripted::events(&(piece(1, "YQ==") + &piece(2, "Yg=="))), Reply::HangUp, scripted::events(&rest)];
    let server = Scripted::start(script).await;
    assert_eq!(read_all(&server).await, b"abc");
    let requests = server.requests();
    assert!(!requests[0].contains("last-event-id"));
    assert!(requests[1].contains("\r\nlast-event-id: 2\r\n") && requests[2].contains("\r\nlast-event-id: 2\r\n"));
}

#[tokio::test]
async fn a_problem_ends_it() {
    let server = Scripted::start([scripted::problem(404, "not_found")]).await;
    let mut follower = server.client.follow_output("exe_00000000000000000000000000".parse().unwrap());
    assert!(follower.next().await.is_err());
}
