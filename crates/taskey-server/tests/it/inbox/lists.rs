//! Lists of items: filtered, in their order, page by page, and counted.

use reqwest::Method;
use serde_json::{Value, json};
use taskey_testkit::on_both;
use taskey_testkit::server::{Person, send};

use super::*;

/// As it stands in an address.
fn encoded(text: &str) -> String {
    text.bytes().map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// The orders of the refunds that a query finds, sorted.
async fn orders(person: &Person, query: &str) -> Vec<String> {
    let mut orders = in_order(person, query).await;
    orders.sort();
    orders
}

async fn in_order(person: &Person, query: &str) -> Vec<String> {
    let list = listed(person, query).await;
    list.iter().map(|item| item["fields"]["order"].as_str().unwrap().to_owned()).collect()
}

on_both! {
    async fn lists_are_filtered_by_state_type_and_assignee(engine: Engine) {
        let (_server, ann) = world(engine, refund(json!({"initial": "new", "states": {"new": {}, "checking": {}}}))).await;
        make_type(&ann, refund(json!({"name": "credit"}))).await;
        let bob = member(&ann, "bob", "self-service").await;
        let bob_id = bob.get("/api/v1/me").await.body["user"]["id"].as_str().unwrap().to_owned();
        let mut made = Vec::new();
        for order in ["A", "B", "C", "D", "E"] {
            made.push(post_refund(&ann, order, 1).await);
        }
        let credit = post(&ann, json!({"type": "credit", "fields": {"order": "F", "amount": 1}, "external_id": "f-1", "assignee": "bob"})).await;
        assert_eq!(act(&ann, &made[1], "move", json!({"state": "checking"})).await.status, 200);
        assert_eq!(approve(&ann, &made[2]).await.status, 200);
        assert_eq!(ann.post(&format!("{}/cancel", path(&made[3])), json!({})).await.status, 200);
        assert_eq!(assign(&ann, &made[4], json!({"assignee": "me"})).await.status, 200);
        let type_id = credit["type"]["id"].as_str().unwrap();
        for (query, expected) in [
            ("", "A B E F"),
            ("state=open", "A B E F"),
            ("state=closed", "C D"),
            ("state=all", "A B C D E F"),
            ("state=new", "A E"),
            ("state=checking", "B"),
            ("state=resolved", "C"),
            ("state=cancelled", "D"),
            ("state=timed_out", ""),
            ("type=refund", "A B E"),
            ("type=credit", "F"),
            (&format!("type={type_id}"), "F"),
            ("type=refund&state=closed", "C D"),
            ("assignee=me", "E"),
            ("assignee=bob", "F"),
            (&format!("assignee={bob_id}"), "F"),
            ("assignee=nobody", "A B"),
            ("assignee=nobody&state=all", "A B C D"),
            ("external_id=f-1", "F"),
            ("external_id=f-2", ""),
            ("type=credit&external_id=f-1", "F"),
            ("type=refund&external_id=f-1", ""),
        ] {
            assert_eq!(orders(&ann, query).await.join(" "), expected, "{query}");
        }
        assert_eq!(orders(&bob, "assignee=me").await, ["F"]);
        for query in ["queue=everything", "order=sideways", "limit=x"] {
            let refused = ann.get(&format!("/api/v1/items?{query}")).await;
            assert!(matches!(refused.status, 400 | 422), "{query}: {}", refused.text);
        }
        assert_eq!(ann.get("/api/v1/items?cursor=%00").await.code(), "invalid_cursor");
    }

    async fn queues_and_counts_tell_each_person_what_is_theirs_to_do(engine: Engine) {
        let (server, ann) = world(engine, refund(json!({}))).await;
        make_type(&ann, smallest("question")).await;
        let bob = member(&ann, "bob", "self-service").await;
        let due = server.clock.now().plus_ms(60_000);
        let free = post_refund(&ann, "free", 1).await;
        let mine = post_refund(&ann, "mine", 1).await;
        let his = post_refund(&ann, "his", 1).await;
        let late = post(&ann, json!({"type": "refund", "fields": {"order": "late", "amount": 1}, "due_at": due})).await;
        let asleep = post_refund(&ann, "asleep", 1).await;
        let over = post(&ann, json!({"type": "refund", "fields": {"order": "over", "amount": 1}, "due_at": due})).await;
        assert_eq!(assign(&ann, &mine, json!({"assignee": "me"})).await.status, 200);
        for item in [&his, &asleep] {
            assert_eq!(assign(&ann, item, json!({"assignee": "bob"})).await.status, 200);
        }
        let snoozed = put(&ann, &format!("{}/snooze", path(&asleep)), json!({"until": server.clock.now().plus_ms(86_400_000)})).await;
        assert_eq!(snoozed.status, 200, "{}", snoozed.text);
        assert_eq!(approve(&ann, &over).await.status, 200);
        server.clock.advance(HOUR);
        for (person, queue, expected) in [
            (&ann, "needs_me", &["free", "late", "mine"][..]),
            (&ann, "mine", &["mine"]),
            (&ann, "unassigned", &["free", "late"]),
            (&ann, "overdue", &["late"]),
            (&ann, "snoozed", &["asleep"]),
            (&bob, "needs_me", &["free", "his", "late"]),
            (&bob, "unassigned", &["free", "late"]),
        ] {
            assert_eq!(orders(person, &format!("queue={queue}")).await, expected, "{queue}");
        }
        let counts = ann.get("/api/v1/items/counts").await;
        assert_eq!(counts.body, json!({"needs_me": 3, "mine": 1, "unassigned": 2, "overdue": 1, "snoozed": 1, "open": 5}), "{}", counts.text);
        assert_eq!(bob.get("/api/v1/items/counts").await.body["needs_me"], 3);
        let none = ann.get("/api/v1/items/counts?type=question").await;
        assert_eq!(none.body, json!({"needs_me": 0, "mine": 0, "unassigned": 0, "overdue": 0, "snoozed": 0, "open": 0}));
        assert_eq!(ann.get("/api/v1/items/counts?type=refund").await.body, counts.body);
        assert_eq!(shown(&ann, &late).await["state"], "open", "it is overdue and stays open");
        assert_eq!(approve(&ann, &free).await.status, 200);
        assert_eq!(ann.get("/api/v1/items/counts").await.body["needs_me"], 2);
    }

    async fn items_are_found_by_the_values_of_indexed_fields(engine: Engine) {
        let (_server, ann) = world(engine, refund(json!({}))).await;
        for (order, amount) in [("A1", 5), ("A2", 50), ("A3", 500), ("b 4", 1_000), ("A5", 50)] {
            post_refund(&ann, order, amount).await;
        }
        for (test, expected) in [
            ("order=A1", "A1"),
            ("order=\"b 4\"", "b 4"),
            ("order=a1", ""),
            ("order!=A1", "A2 A3 A5 b 4"),
            ("amount=50", "A2 A5"),
            ("amount!=50", "A1 A3 b 4"),
            ("amount>50", "A3 b 4"),
            ("amount>=50", "A2 A3 A5 b 4"),
            ("amount<50", "A1"),
            ("amount<=50", "A1 A2 A5"),
            ("order in (A1, A3, A9)", "A1 A3"),
            ("order not in (A1, A3)", "A2 A5 b 4"),
            ("amount in (5, 500)", "A1 A3"),
            ("amount>5 and amount<1000", "A2 A3 A5"),
            ("amount=50 and order=A5", "A5"),
            ("amount=5 or order=A3", "A1 A3"),
            ("not amount=50", "A1 A3 b 4"),
            ("(amount=5 or amount=50) and not order=A2", "A1 A5"),
        ] {
            assert_eq!(orders(&ann, &format!("type=refund&where={}", encoded(test))).await.join(" "), expected, "{test}");
        }
        // What is changed is found by what it is now, and what is over only where one asks for it.
        let item = listed(&ann, &format!("type=refund&where={}", encoded("order=A1"))).await[0].clone();
        assert_eq!(update(&ann, &item, json!({"amount": 7})).await.status, 200);
        assert_eq!(orders(&ann, &format!("type=refund&where={}", encoded("amount=7"))).await, ["A1"]);
        assert!(orders(&ann, &format!("type=refund&where={}", encoded("amount=5"))).await.is_empty());
        assert_eq!(approve(&ann, &item).await.status, 200);
        assert!(orders(&ann, &format!("type=refund&where={}", encoded("amount=7"))).await.is_empty());
        assert_eq!(orders(&ann, &format!("type=refund&state=all&where={}", encoded("amount=7"))).await, ["A1"]);
        for wrong in ["order=", "amount>", "and", "amount>much", "(order=A1"] {
            let refused = ann.get(&format!("/api/v1/items?type=refund&where={}", encoded(wrong))).await;
            assert_eq!(refusal(&refused), (422, "invalid", vec!["/where"]), "{wrong}: {}", refused.text);
        }
        assert_eq!(orders(&ann, &format!("where={}", encoded("order=A2"))).await, ["A2"], "of whatever type");
    }

    async fn numbers_are_compared_as_numbers(engine: Engine) {
        let (_server, ann) = world(engine, refund(json!({}))).await;
        for (order, amount) in [("A", json!(5.9)), ("B", json!(5.25)), ("C", json!(10)), ("D", json!(-3)), ("E", json!(1e6)), ("F", json!(5.0))] {
            post(&ann, json!({"type": "refund", "fields": {"order": order, "amount": amount}})).await;
        }
        for (test, expected) in [
            ("amount>5.25", "A C E"),
            ("amount>5.3", "A C E"),
            ("amount>=5.10", "A B C E"),
            ("amount<9", "A B D F"),
            ("amount>9", "C E"),
            ("amount=5", "F"),
            ("amount=1000000", "E"),
        ] {
            assert_eq!(orders(&ann, &format!("type=refund&where={}", encoded(test))).await.join(" "), expected, "{test}");
        }
    }

    async fn a_field_that_is_not_indexed_is_searched_right_or_refused(engine: Engine) {
        let (_server, ann) = world(engine, refund(json!({}))).await;
        for (order, customer) in [("A1", json!("Eve")), ("A2", json!("Bob")), ("A3", json!("Eve"))] {
            post(&ann, json!({"type": "refund", "fields": {"order": order, "amount": 1, "customer": customer}})).await;
        }
        post_refund(&ann, "A4", 1).await;
        for (test, expected) in [
            ("customer=Eve", "A1 A3"),
            ("customer!=Eve", "A2 A4"),
            ("customer in (Eve, Bob)", "A1 A2 A3"),
            ("customer=Eve and order=A3", "A3"),
        ] {
            let query = format!("type=refund&where={}", encoded(test));
            let answer = ann.get(&format!("/api/v1/items?{query}")).await;
            if answer.status == 422 {
                assert_eq!(refusal(&answer).2, ["/where"], "{test}: {}", answer.text);
                assert!(answer.text.contains("customer"), "it is told which field: {}", answer.text);
            } else {
                assert_eq!(orders(&ann, &query).await.join(" "), expected, "{test}");
            }
        }
        let unknown = ann.get(&format!("/api/v1/items?type=refund&where={}", encoded("colour=red"))).await;
        assert_eq!(refusal(&unknown), (422, "invalid", vec!["/where"]), "{}", unknown.text);
    }

    async fn items_are_found_by_words_wherever_they_stand(engine: Engine) {
        let (_server, ann) = world(engine, refund(json!({}))).await;
        make_type(&ann, refund(json!({"name": "credit"}))).await;
        let broken = post(&ann, json!({
            "type": "refund", "fields": {"order": "A1", "amount": 24.5, "note__editable": "Zerbrochene T\u{e4}sse, \u{41f}\u{430}\u{440}\u{438}\u{436} \u{0}"},
        })).await;
        let late = post(&ann, json!({"type": "credit", "fields": {"order": "B2", "amount": 7}, "external_id": "shop/Order-77"})).await;
        comment(&ann, &broken, "The parcel came back").await;
        comment(&ann, &broken, "and went again").await;
        for (query, expected) in [
            ("a1", "A1"),
            ("A", "A1"),
            ("24", "A1"),
            ("24.5 a1", "A1"),
            ("tasse", "A1"),
            ("T\u{c4}SSE zerbr", "A1"),
            ("\u{43f}\u{430}\u{440}\u{418}", "A1"),
            ("PARCEL again", "A1"),
            ("parcel b2", ""),
            ("order 77", "B2"),
            ("shop", "B2"),
            ("asse", ""),
            ("re", "A1 B2"),
            ("OR", "B2"),
            ("a1* OR \"b2", ""),
        ] {
            assert_eq!(orders(&ann, &format!("q={}", encoded(query))).await.join(" "), expected, "{query}");
        }
        for (more, expected) in [("type=credit", "B2"), ("order=due", "A1 B2"), ("order=oldest", "A1 B2"), ("queue=mine", ""), ("state=closed", "")] {
            assert_eq!(orders(&ann, &format!("q=re&{more}")).await.join(" "), expected, "{more}");
        }
        assert_eq!(orders(&ann, &format!("q=re&type=refund&where={}", encoded("amount>20"))).await, ["A1"]);
        let page = ann.get("/api/v1/items?q=re&limit=1").await;
        let next = ann.get(&format!("/api/v1/items?q=re&limit=1&cursor={}", page.body["next"].as_str().unwrap())).await;
        assert_eq!((&items(&page)[0]["id"], &items(&next)[0]["id"]), (&late["id"], &broken["id"]), "newest first");

        assert_eq!(update(&ann, &broken, json!({"note__editable": "another cup"})).await.status, 200);
        assert_eq!(orders(&ann, "q=tasse").await, Vec::<String>::new(), "what it held before is not found");
        assert_eq!(orders(&ann, "q=cup%20parcel").await, ["A1"]);
        assert_eq!(approve(&ann, &broken).await.status, 200);
        assert_eq!(orders(&ann, "q=cup").await, Vec::<String>::new());
        assert_eq!(orders(&ann, "q=cup&state=all").await, ["A1"]);
        for wrong in ["q=", "q=%20-%2A", &format!("q={}", "x".repeat(201))] {
            let refused = ann.get(&format!("/api/v1/items?{wrong}")).await;
            assert_eq!(refusal(&refused), (422, "invalid", vec!["/q"]), "{wrong}: {}", refused.text);
        }
    }

    async fn lists_are_in_the_order_that_one_asks_for(engine: Engine) {
        let (server, ann) = world(engine, refund(json!({}))).await;
        let start = server.clock.now();
        for (order, due) in [("A", Some(300_000)), ("B", None), ("C", Some(100_000)), ("D", Some(200_000))] {
            server.clock.advance(SECOND);
            let due = due.map(|ms| start.plus_ms(ms));
            post(&ann, json!({"type": "refund", "fields": {"order": order, "amount": 1}, "due_at": due})).await;
        }
        assert_eq!(in_order(&ann, "").await, ["D", "C", "B", "A"]);
        assert_eq!(in_order(&ann, "order=newest").await, ["D", "C", "B", "A"]);
        assert_eq!(in_order(&ann, "order=oldest").await, ["A", "B", "C", "D"]);
        assert_eq!(in_order(&ann, "order=due").await, ["C", "D", "A", "B"], "what is never due comes last");
        let open = ann.get("/api/v1/items?order=due").await;
        for place in [0, 3] {
            let end = format!("{}/cancel", path(&items(&open)[place]));
            assert_eq!(ann.post(&end, json!({})).await.status, 200);
        }
        for (state, expected) in [("open", "D A"), ("closed", "C B"), ("all", "C D A B")] {
            assert_eq!(in_order(&ann, &format!("order=due&state={state}")).await.join(" "), expected, "{state}");
            let first = ann.get(&format!("/api/v1/items?order=due&state={state}&limit=1")).await;
            let next = format!("order=due&state={state}&cursor={}", first.body["next"].as_str().unwrap());
            assert_eq!(in_order(&ann, &next).await.join(" "), expected[2..], "{state}, its second page");
        }
    }

    async fn a_long_list_is_paged_without_gap_or_double(engine: Engine) {
        let (server, ann) = world(engine, refund(json!({}))).await;
        let start = server.clock.now();
        // Many have the same time, some the same due time, some none.
        for batch in 0..13 {
            server.clock.advance(SECOND);
            let lines: Vec<String> = (0..10)
                .map(|number| {
                    let due = (number < 8).then(|| start.plus_ms(100_000 + number % 3 * 1_000));
                    let fields = json!({"order": format!("{batch:02}-{number}"), "amount": number});
                    json!({"type": "refund", "fields": fields, "due_at": due}).to_string()
                })
                .collect();
            let request = ann.request(Method::POST, "/api/v1/items/bulk").header("content-type", "application/x-ndjson");
            assert_eq!(send(request.body(lines.join("\n"))).await.status, 200);
        }
        for (query, expected) in [
            ("order=newest", 130),
            ("order=oldest", 130),
            ("order=due", 130),
            ("queue=needs_me&order=due", 130),
            ("type=refund&where=amount%3E6&order=due", 39),
            ("type=refund&where=amount%3E6", 39),
        ] {
            for limit in [7, 50] {
                let (mut seen, mut cursor, mut pages) = (Vec::<Value>::new(), String::new(), 0);
                loop {
                    let page = ann.get(&format!("/api/v1/items?limit={limit}&{query}{cursor}")).await;
                    assert_eq!(page.status, 200, "{}", page.text);
                    assert!(items(&page).len() <= limit);
                    seen.extend(items(&page));
                    pages += 1;
                    if pages == 1 {
                        // What comes and goes while one reads moves nothing.
                        let late = json!({"order": "late", "amount": 0});
                        let made = post(&ann, json!({"type": "refund", "fields": late, "due_at": start.plus_ms(90_000_000)})).await;
                        assert_eq!(ann.post(&format!("{}/cancel", path(&made)), json!({})).await.status, 200);
                    }
                    let Some(next) = page.body["next"].as_str() else { break };
                    cursor = format!("&cursor={next}");
                }
                let mut ids = texts(&seen, "id");
                assert_eq!(ids.len(), expected, "{query} by {limit}");
                ids.sort();
                ids.dedup();
                assert_eq!(ids.len(), expected, "{query} by {limit}: something came twice");
                let times = |field: &str| seen.iter().map(|item| item[field].as_str().unwrap_or("9").to_owned()).collect::<Vec<_>>();
                match query {
                    "order=oldest" => assert!(times("created_at").is_sorted()),
                    query if query.contains("order=due") => assert!(times("due_at").is_sorted(), "{:?}", times("due_at")),
                    _ => assert!(times("created_at").iter().rev().is_sorted()),
                }
            }
        }
    }
}
