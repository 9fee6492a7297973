//! Item types: written, checked, changed in versions, and removed; items that are moved to newer versions.

use reqwest::Method;
use serde_json::{Value, json};
use taskey_testkit::server::{Answer, Person, send};
use taskey_testkit::{TestServer, on_both};

use super::*;

async fn check(person: &Person, spec: Value, fields: Value) -> Answer {
    person.post("/api/v1/item-types/check", json!({"spec": spec, "fields": fields})).await
}

async fn move_items(person: &Person, body: Value) -> Answer {
    person.post("/api/v1/item-types/refund/move-items", body).await
}

on_both! {
    async fn the_smallest_type_is_made_and_its_items_are_open(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let create = async || {
            let request = ann.request(Method::POST, "/api/v1/item-types").header("idempotency-key", "k");
            send(request.json(&smallest("question"))).await
        };
        let made = create().await;
        assert_eq!(made.status, 201, "{}", made.text);
        assert!(made.id().starts_with("ity_"));
        assert_eq!(made.header("location"), format!("/api/v1/item-types/{}", made.id()));
        let again = create().await;
        assert_eq!((again.status, &again.body, again.header("idempotency-replayed")), (201, &made.body, "true"));
        let by_name = ann.get("/api/v1/item-types/question").await;
        assert_eq!((by_name.status, &by_name.body, by_name.header("etag")), (200, &made.body, "\"1\""));
        for (field, value) in [
            ("version", json!(1)),
            ("open_count", json!(0)),
            ("role", json!("admin")),
            ("updated_by", json!("ann (test)")),
            ("spec", smallest("question")),
        ] {
            assert_eq!(made.body[field], value, "{field}");
        }
        let item = post(&ann, json!({"type": made.id()})).await;
        assert_eq!((&item["state"], &item["is_open"], &item["title"]), (&json!("open"), &json!(true), &json!("A question")));
        assert_eq!(item["type"], json!({"id": made.id(), "name": "question", "version": 1}));
        assert_eq!(ann.get("/api/v1/item-types/question").await.body["open_count"], 1);
        let taken = ann.post("/api/v1/item-types", smallest("question")).await;
        assert_eq!((taken.status, taken.code()), (409, "name_taken"));
        make_type(&ann, smallest("answer")).await;
        assert_eq!(texts(&items(&ann.get("/api/v1/item-types").await), "name"), ["answer", "question"]);
    }

    async fn every_mistake_in_a_type_is_pointed_at(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let fields = |more: Value| json!({"fields": with(json!({"type": "object"}), more)});
        let resolution = |more: Value| json!({"resolutions": {"done": more}});
        let mistakes = [
            (json!({"name": "a b"}), "/name"),
            (json!({"title": " "}), "/title"),
            (json!({"title": "Refund {{ amount"}), "/title"),
            (json!({"text": "{% if amount %}and no end"}), "/text"),
            (json!({"color": "red"}), "/color"),
            (json!({"fields": {"type": "array"}}), "/fields/type"),
            (fields(json!({"required": ["gone"]})), "/fields/required/0"),
            (fields(json!({"properties": {"x__webook": {}}})), "/fields/properties/x__webook"),
            (fields(json!({"properties": {"x__merge": {}}})), "/fields/properties/x__merge"),
            (json!({"states": {"new": {"to": ["nowhere"]}}}), "/states/new/to/0"),
            (json!({"states": {"resolved": {}}}), "/states/resolved"),
            (json!({"states": {"new": {"may_decide": ["nobody"]}}}), "/states/new/may_decide/0"),
            (json!({"resolutions": {}}), "/resolutions"),
            (json!({"resolutions": {"a b": {}}}), "/resolutions/a b"),
            (resolution(json!({"from": ["void"]})), "/resolutions/done/from/0"),
            (resolution(json!({"reasons": [""]})), "/resolutions/done/reasons/0"),
            (resolution(json!({"label": "{{ }}"})), "/resolutions/done/label"),
            (resolution(json!({"confirm": "{% endif %}"})), "/resolutions/done/confirm"),
            (resolution(json!({"colour": "red"})), "/resolutions/done/colour"),
            (json!({"indexed": ["gone"]}), "/indexed/0"),
            (json!({"due_in": "0s"}), "/due_in"),
            (json!({"due_in": "soon"}), "/due_in"),
            (json!({"on_timeout": "explode"}), "/on_timeout"),
            (json!({"retention": "1s"}), "/retention"),
            (json!({"access": {"may_see": ["nobody"]}}), "/access/may_see/0"),
            (json!({"access": {"may_decide": ["nobody"]}}), "/access/may_decide/0"),
            (json!({"webhook": "nowhere"}), "/webhook"),
        ];
        for (mistake, pointer) in mistakes {
            let spec = with(smallest("wrong"), mistake.clone());
            let refused = ann.post("/api/v1/item-types", spec.clone()).await;
            let (status, code, pointers) = refusal(&refused);
            assert_eq!((status, code), (422, "invalid"), "{mistake}: {}", refused.text);
            assert!(pointers.contains(&pointer), "{mistake}: {pointers:?}");
            let checked = check(&ann, spec, Value::Null).await;
            let (status, _, pointers) = refusal(&checked);
            assert!(status == 422 && pointers.contains(&format!("/spec{pointer}").as_str()), "{mistake}: {}", checked.text);
        }
        for key in ["name", "title", "fields", "resolutions"] {
            let mut spec = smallest("wrong");
            spec.as_object_mut().unwrap().remove(key);
            let refused = ann.post("/api/v1/item-types", spec).await;
            let pointer = format!("/{key}");
            assert_eq!(refusal(&refused), (422, "invalid", vec![pointer.as_str()]), "{}", refused.text);
        }
        assert_eq!(ann.get("/api/v1/item-types").await.body["items"], json!([]), "nothing of it was stored");
    }

    async fn a_schema_that_is_none_or_leads_elsewhere_is_refused(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let somewhere = server.url().to_owned();
        for field in [
            json!({"type": "nomber"}),
            json!({"type": "string", "pattern": "("}),
            json!({"type": "string", "minLength": -1}),
            json!({"$ref": "https://example.org/schema.json"}),
            json!({"$ref": format!("{somewhere}/schemas/item-type.json")}),
            json!({"$ref": "file:///etc/passwd"}),
            json!({"$ref": "#/$defs/nowhere"}),
        ] {
            let schema = json!({"type": "object", "properties": {"x": field}});
            let refused = ann.post("/api/v1/item-types", with(smallest("a"), json!({"fields": schema}))).await;
            assert_eq!((refused.status, refused.code()), (422, "invalid"), "{schema}: {}", refused.text);
            assert!(refusal(&refused).2[0].starts_with("/fields"), "{}", refused.text);
            let refused = ann.post("/api/v1/item-types", with(smallest("a"), json!({"resolutions": {"done": {"form": schema}}}))).await;
            assert_eq!((refused.status, refused.code()), (422, "invalid"), "{schema}: {}", refused.text);
            assert!(refusal(&refused).2[0].starts_with("/resolutions/done/form"), "{}", refused.text);
        }
        let within = json!({"type": "object", "properties": {"x": {"$ref": "#/$defs/money"}}, "$defs": {"money": {"type": "number"}}});
        make_type(&ann, with(smallest("a"), json!({"fields": within}))).await;
        let refused = ann.post("/api/v1/items", json!({"type": "a", "fields": {"x": "much"}})).await;
        assert_eq!(refusal(&refused), (422, "invalid", vec!["/fields/x"]), "a reference within the schema counts");
    }

    async fn a_template_that_could_never_be_rendered_is_refused(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        for template in ["{{ amount | nofilter }}", "{% include 'other' %}", "{{ 'x' * 100000000 }}", "{% set a = amount %}"] {
            let refused = ann.post("/api/v1/item-types", with(smallest("a"), json!({"title": template}))).await;
            assert_eq!(refusal(&refused), (422, "invalid", vec!["/title"]), "{template}: {}", refused.text);
        }
        let endless = format!("{}x{}", "{% for a in [0,1,2,3,4,5,6,7,8,9] %}".repeat(6), "{% endfor %}".repeat(6));
        let tried = check(&ann, with(smallest("a"), json!({"text": endless})), json!({})).await;
        assert_eq!(tried.status, 422, "{}", tried.text);
    }

    async fn the_same_type_again_changes_nothing_and_another_is_a_version_that_old_items_do_not_get(engine: Engine) {
        let (_server, ann) = world(engine, refund(json!({}))).await;
        let old = post_refund(&ann, "A1", 10).await;
        let same = put_type(&ann, "refund", "\"1\"", refund(json!({}))).await;
        assert_eq!((same.status, &same.body["version"], same.header("etag")), (200, &json!(1), "\"1\""));
        let changed = refund(json!({"title": "Pay {{ amount }} back", "resolutions": {"paid": {}}}));
        let blind = send(ann.request(Method::PUT, "/api/v1/item-types/refund").json(&changed)).await;
        assert_eq!((blind.status, blind.code()), (428, "precondition_required"));
        let done = put_type(&ann, "refund", "\"1\"", changed.clone()).await;
        assert_eq!((done.status, &done.body["version"], done.header("etag")), (200, &json!(2), "\"2\""), "{}", done.text);
        let late = put_type(&ann, "refund", "\"1\"", refund(json!({}))).await;
        assert_eq!((late.status, late.code()), (412, "precondition_failed"));
        let wrong = put_type(&ann, "refund", "*", refund(json!({"title": "{{"}))).await;
        assert_eq!(refusal(&wrong), (422, "invalid", vec!["/title"]));

        let kept = shown(&ann, &old).await;
        assert_eq!((&kept["type"]["version"], &kept["title"]), (&json!(1), &json!("Refund 10 for A1")));
        assert_eq!((&kept["sheet"]["newest_version"], &kept["sheet"]["choices"][0]["name"]), (&json!(2), &json!("approved")));
        let refused = act(&ann, &old, "resolve", json!({"resolution": "paid"})).await;
        assert_eq!(refusal(&refused), (422, "invalid", vec!["/resolution"]), "it is resolved as its own version says");
        let new = post_refund(&ann, "A2", 20).await;
        assert_eq!((&new["type"]["version"], &new["title"]), (&json!(2), &json!("Pay 20 back")));

        let versions = items(&ann.get("/api/v1/item-types/refund/versions").await);
        let told: Vec<_> = versions.iter().map(|version| (version["version"].as_u64(), version["open_count"].as_u64())).collect();
        assert_eq!(told, [(Some(2), Some(1)), (Some(1), Some(1))], "the newest is first");
        let first = ann.get("/api/v1/item-types/refund/versions/1").await;
        assert_eq!((first.status, &first.body["spec"]["title"]), (200, &json!("Refund {{ amount }} for {{ order }}")));
        assert_eq!(first.body, versions[1]);
        assert_eq!(ann.get("/api/v1/item-types/refund/versions/3").await.status, 404);
        assert_eq!(ann.get("/api/v1/item-types/refund").await.body["open_count"], 2);
    }

    async fn a_check_tells_how_an_item_would_read_and_what_storing_would_do(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let fields = json!({"order": "A1", "amount": 10});
        let spec = refund(json!({"text": "{{ order }}{{ customer }}: {{ amount }} back"}));
        let checked = check(&ann, spec.clone(), fields.clone()).await;
        assert_eq!((checked.status, &checked.body["outcome"]), (200, &json!("created")), "{}", checked.text);
        assert_eq!(checked.body["title"], "Refund 10 for A1");
        assert_eq!(checked.body["text"], "A1: 10 back", "a field that is not there is nothing");
        assert_eq!(checked.body["labels"], json!({"approved": "Refund 10", "partly": "Refund a part", "rejected": "Decline"}));
        assert_eq!(ann.get("/api/v1/item-types").await.body["items"], json!([]), "nothing is stored");
        make_type(&ann, spec.clone()).await;
        assert_eq!(check(&ann, spec.clone(), fields.clone()).await.body["outcome"], "unchanged");
        let untried = check(&ann, refund(json!({})), Value::Null).await;
        assert_eq!((&untried.body["outcome"], &untried.body["title"], &untried.body["text"]), (&json!("changed"), &Value::Null, &Value::Null));
        let wrong = check(&ann, spec, json!({"amount": "much"})).await;
        let (status, code, mut pointers) = refusal(&wrong);
        pointers.sort();
        assert_eq!((status, code, pointers), (422, "invalid", vec!["/fields/amount", "/fields/order"]), "{}", wrong.text);
        assert_eq!(ann.get("/api/v1/item-types/refund").await.body["version"], 1);
    }

    async fn titles_texts_and_labels_are_made_of_the_fields_as_plain_text(engine: Engine) {
        let spec = json!({
            "name": "post",
            "title": "{% if urgent %}Now: {% endif %}{{ author }}",
            "text": "{% for tag in tags %}[{{ tag }}]{% endfor %} {{ photo }} {{ missing }}",
            "fields": {"type": "object", "properties": {"author": {}, "urgent": {}, "tags": {}, "photo__preview": {}}},
            "resolutions": {"keep": {"label": "Keep what {{ author }} wrote", "confirm": "{{ author }} is told. Go on?"}},
        });
        let (_server, ann) = world(engine, spec).await;
        let fields = json!({"author": "<b>Eve & co</b>", "urgent": true, "tags": ["a", "b"], "photo__preview": "https://example.org/1.png"});
        let item = post(&ann, json!({"type": "post", "fields": fields})).await;
        assert_eq!(item["title"], "Now: <b>Eve & co</b>", "it is no HTML, so nothing of it is escaped");
        let sheet = &shown(&ann, &item).await["sheet"];
        assert_eq!(sheet["text"].as_str().unwrap().trim(), "[a][b] https://example.org/1.png");
        let choice = &sheet["choices"][0];
        assert_eq!(choice["label"], "Keep what <b>Eve & co</b> wrote");
        assert_eq!(choice["confirm"], "<b>Eve & co</b> is told. Go on?");
        let long = post(&ann, json!({"type": "post", "fields": {"author": format!("two\nlines{}", "é".repeat(500))}})).await;
        let title = long["title"].as_str().unwrap();
        assert!(title.starts_with("two") && !title.contains('\n') && title.chars().count() <= 200, "{title}");
    }

    async fn buttons_and_fields_stay_in_the_order_in_which_they_were_written(engine: Engine) {
        let server = TestServer::start(engine).await;
        let ann = server.set_up().await;
        let text = r#"{"name": "a", "title": "A", "fields": {"type": "object", "properties": {"z": {}, "m": {}, "a": {}}},
            "states": {"zeroth": {}, "mid": {}, "again": {}}, "resolutions": {"yes": {}, "maybe": {}, "no": {}}}"#;
        let request = ann.request(Method::POST, "/api/v1/item-types").header("content-type", "application/json").body(text);
        assert_eq!(send(request).await.status, 201);
        let item = post(&ann, json!({"type": "a"})).await;
        assert_eq!(item["state"], "zeroth");
        let answer = ann.get(&path(&item)).await;
        let names = |list: &Value| texts(list.as_array().unwrap(), "name");
        assert_eq!(names(&answer.body["sheet"]["choices"]), ["yes", "maybe", "no"]);
        assert_eq!(names(&answer.body["sheet"]["moves"]), ["mid", "again"]);
        let schema = &answer.text[answer.text.find("\"properties\"").unwrap()..];
        let places = ["\"z\"", "\"m\"", "\"a\""].map(|name| schema.find(name).unwrap());
        assert!(places.is_sorted(), "{schema}");
    }

    async fn a_type_is_removed_once_no_item_of_it_is_open_and_what_is_over_stays(engine: Engine) {
        let (_server, ann) = world(engine, refund(json!({}))).await;
        let item = post_refund(&ann, "A1", 10).await;
        let refused = ann.delete("/api/v1/item-types/refund").await;
        assert_eq!((refused.status, refused.code()), (409, "in_use"), "{}", refused.text);
        assert_eq!(approve(&ann, &item).await.status, 200);
        assert_eq!(ann.delete("/api/v1/item-types/refund").await.status, 204);
        assert_eq!(ann.get("/api/v1/item-types/refund").await.status, 404);
        assert_eq!(ann.delete("/api/v1/item-types/refund").await.status, 404);
        let over = shown(&ann, &item).await;
        assert_eq!((&over["state"], &over["title"]), (&json!("resolved"), &json!("Refund 10 for A1")));
        assert_eq!(actions(&log(&ann, &item).await), ["created", "resolved"]);
        let refused = ann.post("/api/v1/items", json!({"type": "refund", "fields": {"order": "A2", "amount": 1}})).await;
        assert_eq!(refusal(&refused), (422, "invalid", vec!["/type"]));
        let made = make_type(&ann, refund(json!({}))).await;
        assert_eq!((&made["version"], &made["open_count"]), (&json!(1), &json!(0)), "the name is free again");
    }

    async fn the_schema_of_the_file_takes_what_the_server_takes(engine: Engine) {
        let server = TestServer::start(engine).await;
        let answer = server.anonymous().get("/schemas/item-type.json").await;
        assert_eq!(answer.status, 200);
        assert!(answer.header("content-type").contains("json"), "{}", answer.header("content-type"));
        let schema = jsonschema::validator_for(&answer.body).unwrap();
        let everything = refund(json!({
            "description": "Money back",
            "text": "{{ order }}",
            "initial": "new", "states": {"new": {"label": "New", "to": ["checking"]}, "checking": {"may_decide": ["leads"]}},
            "due_in": "1h30m",
            "on_timeout": "deny",
            "retention": "30d",
            "access": {"may_see": ["staff"], "may_decide": ["leads"]},
            "webhook": "shop",
        }));
        for spec in [smallest("a"), refund(json!({})), everything] {
            let errors: Vec<String> = schema.iter_errors(&spec).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{spec}: {errors:?}");
            for key in ["name", "title", "fields", "resolutions"] {
                let mut without = spec.clone();
                without.as_object_mut().unwrap().remove(key);
                assert!(!schema.is_valid(&without), "{key} is needed");
            }
        }
        assert!(!schema.is_valid(&with(smallest("a"), json!({"color": "red"}))));
    }

    async fn moving_items_is_tried_first_and_leaves_what_does_not_fit(engine: Engine) {
        let (_server, ann) = world(engine, refund(json!({}))).await;
        let fits = post(&ann, json!({"type": "refund", "fields": {"order": "A1", "amount": 10, "customer": "Eve"}})).await;
        let lacks = post_refund(&ann, "A2", 20).await;
        let over = post(&ann, json!({"type": "refund", "fields": {"order": "A3", "amount": 30, "customer": "Bob"}})).await;
        assert_eq!(approve(&ann, &over).await.status, 200);
        let mut fields = refund(json!({}))["fields"].clone();
        fields["required"] = json!(["order", "amount", "customer"]);
        let newer = refund(json!({"title": "{{ customer }} wants {{ amount }}", "fields": fields}));
        assert_eq!(put_type(&ann, "refund", "*", newer).await.body["version"], 2);

        let (before, before_log) = (shown(&ann, &fits).await, log(&ann, &fits).await);
        let tried = move_items(&ann, json!({"dry_run": true})).await;
        assert_eq!(tried.status, 200, "{}", tried.text);
        for (field, value) in [("version", json!(2)), ("dry_run", json!(true)), ("moved_count", json!(1)), ("left_count", json!(1))] {
            assert_eq!(tried.body[field], value, "{field}");
        }
        let left = &tried.body["left"][0];
        assert_eq!((&left["id"], &left["title"], &left["version"]), (&lacks["id"], &lacks["title"], &json!(1)));
        assert_eq!(left["errors"][0]["pointer"], "/fields/customer", "{left}");
        assert_eq!((shown(&ann, &fits).await, log(&ann, &fits).await), (before.clone(), before_log), "nothing has changed");

        let moved = move_items(&ann, json!({})).await;
        assert_eq!((&moved.body["dry_run"], &moved.body["moved_count"], &moved.body["left"]), (&json!(false), &json!(1), &tried.body["left"]));
        let after = shown(&ann, &fits).await;
        assert_eq!((&after["type"]["version"], &after["title"]), (&json!(2), &json!("Eve wants 10")));
        assert!(after["version"].as_u64() > before["version"].as_u64(), "whoever decides on what they saw is told");
        let log = log(&ann, &fits).await;
        assert_eq!(actions(&log), ["created", "type_changed"]);
        assert_eq!((&log[1]["prev_state"], &log[1]["state"]), (&json!("open"), &json!("open")));
        assert_eq!(shown(&ann, &lacks).await["type"]["version"], 1);
        assert_eq!(shown(&ann, &over).await["type"]["version"], 1, "what is over stays what it was");
        let again = move_items(&ann, json!({})).await;
        assert_eq!((&again.body["moved_count"], &again.body["left_count"]), (&json!(0), &json!(1)));
    }

    async fn items_in_a_state_that_is_no_more_are_moved_to_what_it_becomes(engine: Engine) {
        let (_server, ann) = world(engine, refund(json!({"initial": "new", "states": {"new": {}, "checking": {}}}))).await;
        let (item, other) = (post_refund(&ann, "A1", 10).await, post_refund(&ann, "A2", 20).await);
        assert_eq!(act(&ann, &item, "move", json!({"state": "checking"})).await.status, 200);
        assert_eq!(put_type(&ann, "refund", "*", refund(json!({"initial": "new", "states": {"new": {}, "waiting": {}}}))).await.status, 200);
        assert_eq!(shown(&ann, &item).await["state"], "checking", "until it is moved it keeps its version's states");
        let unmapped = move_items(&ann, json!({"dry_run": true})).await;
        assert_eq!((&unmapped.body["moved_count"], &unmapped.body["left"][0]["id"]), (&json!(1), &item["id"]), "{}", unmapped.text);
        let nowhere = move_items(&ann, json!({"states": {"checking": "nowhere"}})).await;
        assert_eq!(refusal(&nowhere), (422, "invalid", vec!["/states/checking"]));
        let moved = move_items(&ann, json!({"states": {"checking": "waiting"}})).await;
        assert_eq!((&moved.body["moved_count"], &moved.body["left_count"]), (&json!(2), &json!(0)), "{}", moved.text);
        assert_eq!((&shown(&ann, &item).await["state"], &shown(&ann, &other).await["state"]), (&json!("waiting"), &json!("new")));
        let log = log(&ann, &item).await;
        assert_eq!(actions(&log), ["created", "moved", "type_changed"]);
        assert_eq!((&log[2]["prev_state"], &log[2]["state"]), (&json!("checking"), &json!("waiting")));
    }
}
