//! Foreign MQTT clients with a device's credential: Mosquitto's for 3.1.1 and 5, paho over a WebSocket.

use std::path::PathBuf;
use std::process::{Command, Output};

use taskey_testkit::Engine;
use taskey_testkit::process::{Installation, Running, binary, run, succeeded};

use crate::{id, installation};

struct World {
    installation: Installation,
    device: String,
    other: String,
    password: String,
}

/// A server with two devices; nobody is connected.
async fn world() -> World {
    let installation = installation(Engine::Sqlite).await.unwrap();
    let ids = ["web-1", "web-2"].map(|name| {
        installation.enroll(name).unwrap();
        id(&installation.json(&["devices", "show", name]).unwrap()).unwrap()
    });
    let [device, other] = ids;
    let mut world = World { installation, device, other, password: String::new() };
    world.password = world.credential();
    world
}

impl World {
    fn credential(&self) -> String {
        let file = self.installation.path("credential");
        let mut command = Command::new(binary("taskeyd"));
        command.arg("credential").arg("--state").arg(self.installation.path("web-1")).arg("--out").arg(&file);
        succeeded(run(&mut command, "").unwrap()).unwrap();
        let text = std::fs::read_to_string(file).unwrap();
        let (user, password) = text.trim_end().split_once('\n').unwrap();
        assert_eq!(user, self.device);
        password.to_owned()
    }

    fn client(&self, program: &str, version: &str) -> Command {
        let mut command = Command::new(program);
        command.args(["-h", "127.0.0.1", "-p", &self.installation.mqtt_port.to_string(), "-V", version]);
        command.args(["-i", &self.device, "-u", &self.device, "-P", &self.password]);
        command
    }

    fn publish(&self, version: &str, arguments: &[&str]) -> Output {
        let mut command = self.client("mosquitto_pub", version);
        command.args(arguments).args(["-m", "{}"]);
        run(&mut command, "").expect("sudo apt-get install mosquitto-clients")
    }

    fn topic(&self, device: &str, last: &str) -> String {
        format!("taskey/v1/dev/{device}/{last}")
    }

    fn trespasses(&self) -> usize {
        let script = "import sqlite3, sys\n\
            print(sqlite3.connect(sys.argv[1]).execute(\"SELECT count(*) FROM audit WHERE action = 'device.trespassed'\").fetchone()[0])";
        let mut python = Command::new("python3");
        python.args(["-c", script]).arg(self.installation.path("data/taskey.db"));
        succeeded(run(&mut python, "").unwrap()).unwrap().trim().parse().unwrap()
    }

    /// Triggers a command on web-1 that nobody carries out; the execution's id.
    fn trigger(&self) -> String {
        let spec = serde_json::json!({"name": "hello", "actions": [{"type": "COMMAND", "command": "true"}]});
        std::fs::write(self.installation.path("hello.json"), spec.to_string()).unwrap();
        let file = self.installation.path("hello.json").display().to_string();
        succeeded(self.installation.taskey(&["tasks", "apply", "-f", &file]).unwrap()).unwrap();
        let run = self.installation.json(&["run", "hello", "--device", "web-1"]).unwrap();
        run["executions"][0]["id"].as_str().unwrap().to_owned()
    }
}

const VERSIONS: [&str; 2] = ["mqttv311", "mqttv5"];

#[tokio::test]
async fn mosquittos_client_gets_the_orders_of_its_own_topic() {
    let world = world().await;
    for version in VERSIONS {
        let mut subscriber = world.client("mosquitto_sub", version);
        subscriber.args(["-t", &world.topic(&world.device, "cmd"), "-q", "1"]);
        let subscriber =
            Running::start(&mut subscriber, &world.installation.path("sub.log")).expect("sudo apt-get install mosquitto-clients");
        world.installation.wait_for_presence("web-1", "online").unwrap();
        let execution = world.trigger();
        // Orders of the turn before come first: nobody has acknowledged them.
        let order = loop {
            let order: serde_json::Value = serde_json::from_str(&subscriber.line().unwrap()).unwrap();
            assert_eq!(order["type"], "execute", "{version}");
            if order["execution"] == execution.as_str() {
                break order;
            }
        };
        assert_eq!(order["device"], world.device.as_str());
        subscriber.stop().unwrap();
    }
}

#[tokio::test]
async fn mosquittos_client_is_refused_what_is_not_its_own() {
    let world = world().await;
    let mut expected = 0;
    for version in VERSIONS {
        for topic in [world.topic(&world.other, "cmd"), "#".to_owned(), "taskey/v1/dev/+/cmd".to_owned()] {
            let mut subscriber = world.client("mosquitto_sub", version);
            // -W ends a client that is let in after all; -E one whose subscription was answered.
            subscriber.args(["-t", &topic, "-d", "-W", "20"]);
            let output = run(&mut subscriber, "").unwrap();
            let told = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            let code = if version == "mqttv5" { "135" } else { "128" };
            assert!(told.contains(&format!("Subscribed (mid: 1): {code}")) || told.contains("denied"), "{version} {topic}: {told}");
            expected += 1;
            assert_eq!(world.trespasses(), expected, "{version} {topic}");
        }
        for topic in [world.topic(&world.device, "cmd"), world.topic(&world.other, "cmd"), world.topic(&world.other, "evt")] {
            let output = world.publish(version, &["-t", &topic, "-q", "1"]);
            let told = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(!output.status.success() || told.contains("ot authorized"), "{version} {topic}: {told}");
            expected += 1;
            assert_eq!(world.trespasses(), expected, "{version} {topic}");
        }
        for arguments in [["-q", "2"], ["-r", "-d"]] {
            let topic = world.topic(&world.device, "evt");
            world.publish(version, &[&["-t", &topic][..], &arguments[..]].concat());
            expected += usize::from(version == "mqttv311" || arguments[0] == "-q");
            // On 5 the client itself knows that neither is to be had, and does not send it.
            assert!(world.trespasses() <= expected, "{version} {arguments:?}");
            expected = world.trespasses();
        }
    }
}

#[tokio::test]
async fn mosquittos_client_is_let_in_only_as_the_device_itself() {
    let world = world().await;
    for version in VERSIONS {
        for (id, user, password) in [
            (world.device.as_str(), world.device.as_str(), "wrong"),
            (&world.other, &world.device, &world.password),
            (&world.other, &world.other, &world.password),
            ("ann", "ann", "correct horse battery"),
        ] {
            let mut client = Command::new("mosquitto_pub");
            client.args(["-h", "127.0.0.1", "-p", &world.installation.mqtt_port.to_string(), "-V", version, "-i", id]);
            client.args(["-u", user, "-P", password, "-t", "x", "-m", "{}"]);
            let output = run(&mut client, "").unwrap();
            assert!(!output.status.success(), "{version} {id} {user}");
        }
    }
    let topic = world.topic(&world.device, "evt");
    assert!(world.publish("mqttv5", &["-t", &topic, "-q", "1"]).status.success(), "its own topic is open, whatever it says there");
}

#[tokio::test]
async fn a_removed_device_is_cut_and_cannot_come_back() {
    let world = world().await;
    let mut subscriber = world.client("mosquitto_sub", "mqttv5");
    subscriber.args(["-t", &world.topic(&world.device, "cmd"), "-d", "-q", "1"]);
    let subscriber = Running::start(&mut subscriber, &world.installation.path("sub.log")).unwrap();
    world.installation.wait_for_presence("web-1", "online").unwrap();
    succeeded(world.installation.taskey(&["devices", "rm", "web-1", "--yes"]).unwrap()).unwrap();
    // It tells of its disconnection, tries again by itself, and is refused.
    while !subscriber.line().unwrap().contains("DISCONNECT") {}
    drop(subscriber);
    let topic = world.topic(&world.device, "evt");
    assert!(!world.publish("mqttv5", &["-t", &topic, "-q", "1"]).status.success());
    assert!(!world.publish("mqttv311", &["-t", &topic, "-q", "1"]).status.success());
}

/// A Python that has paho.
fn python_with_paho() -> anyhow::Result<PathBuf> {
    Ok(taskey_testkit::python::environment("paho-mqtt==2.1.0")?.join("bin/python"))
}

const PAHO: &str = r#"
import sys
import paho.mqtt.client as mqtt
port, device, password, version, act, topic, *origin = sys.argv[1:]
v5 = version == "5"
client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=device, transport="websockets",
    protocol=mqtt.MQTTv5 if v5 else mqtt.MQTTv311)
client.ws_set_options(path="/mqtt", headers={"Origin": origin[0]} if origin else None)
client.username_pw_set(device, password)
def say(*words): print(*words, flush=True)
def on_connect(client, data, flags, reason, properties):
    say("connected", reason.value)
    if reason.value != 0:
        client.disconnect()
    elif act == "subscribe":
        client.subscribe(topic, qos=1)
    else:
        client.publish(topic, "{}", qos=1)
def on_disconnect(client, data, flags, reason, properties):
    say("disconnected")
    client.disconnect()
client.on_connect = on_connect
client.on_subscribe = lambda client, data, mid, reasons, properties: say("subscribed", *(reason.value for reason in reasons))
client.on_publish = lambda client, data, mid, reason, properties: say("published", reason.value)
client.on_message = lambda client, data, message: say("message", message.payload.decode())
client.on_disconnect = on_disconnect
client.connect("127.0.0.1", int(port), keepalive=30)
client.loop_forever(retry_first_connection=False)
"#;

fn paho(world: &World, arguments: &[&str]) -> Running {
    let python = python_with_paho().unwrap();
    let port = world.installation.url.rsplit_once(':').unwrap().1;
    let mut command = Command::new(python);
    command.args(["-c", PAHO, port, &world.device, &world.password]).args(arguments);
    Running::start(&mut command, &world.installation.path("paho.log")).unwrap()
}

#[tokio::test]
async fn paho_over_a_websocket_gets_its_orders_and_is_refused_the_rest() {
    let world = world().await;
    for (version, refused) in [("3", "128"), ("5", "135")] {
        let own = paho(&world, &[version, "subscribe", &world.topic(&world.device, "cmd")]);
        assert_eq!(own.line().unwrap(), "connected 0");
        assert_eq!(own.line().unwrap(), "subscribed 0");
        let execution = world.trigger();
        while !own.line().unwrap().contains(&execution) {}
        drop(own);
        for topic in ["#".to_owned(), world.topic(&world.other, "cmd")] {
            let foreign = paho(&world, &[version, "subscribe", &topic]);
            assert_eq!(foreign.line().unwrap(), "connected 0");
            assert_eq!(foreign.line().unwrap(), format!("subscribed {refused}"), "{version} {topic}");
            assert_eq!(foreign.line().unwrap(), "disconnected");
        }
        let foreign = paho(&world, &[version, "publish", &world.topic(&world.other, "evt")]);
        assert_eq!(foreign.line().unwrap(), "connected 0");
        if version == "5" {
            assert_eq!(foreign.line().unwrap(), "published 135");
        }
        assert_eq!(foreign.line().unwrap(), "disconnected");
    }
    let trespasses = world.trespasses();
    assert_eq!(trespasses, 6);
}

#[tokio::test]
async fn a_page_of_another_site_does_not_reach_the_line() {
    let world = world().await;
    let topic = world.topic(&world.device, "cmd");
    let page = paho(&world, &["5", "subscribe", &topic, "https://evil.example"]);
    assert!(format!("{:#}", page.line().unwrap_err()).contains("WebSocket handshake error"));
}
