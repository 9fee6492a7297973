"""The cases of Eclipse paho's interoperability suite that mean something to a device, walked with paho's own client.

docs/reference/mqtt.md lists every case of the suite and what becomes of it here. A case that holds prints its name.
"""

import os
import json
import queue
import socket
import subprocess
import sys

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

PORT, DEVICE, PASSWORD, VERSION = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
V5 = VERSION == "5"
CMD, EVT = f"taskey/v1/dev/{DEVICE}/cmd", f"taskey/v1/dev/{DEVICE}/evt"
PATIENCE = 30
REFUSED = 135 if V5 else 128


def equal(seen, expected):
    assert seen == expected, f"{seen!r} instead of {expected!r}"


def properties(kind, **values):
    made = Properties(kind)
    for name, value in values.items():
        setattr(made, name, value)
    return made


class Client(mqtt.Client):
    """Paho reads the reason of a DISCONNECT only where properties follow it, and there are none."""

    reason = None

    def _handle_disconnect(self):
        self.reason = self._in_packet["packet"][0]
        return super()._handle_disconnect()


class Device:
    """A client of the device, and all that it is told."""

    def __init__(self, client_id=DEVICE, protocol=mqtt.MQTTv5 if V5 else mqtt.MQTTv311, clean=True):
        options = {} if V5 else {"clean_session": clean}
        self.client = Client(
            mqtt.CallbackAPIVersion.VERSION2, client_id=client_id, protocol=protocol, reconnect_on_failure=False, **options
        )
        self.client.username_pw_set(DEVICE, PASSWORD)
        self.told, self.orders, self.clean = queue.Queue(), [], clean
        self.client.on_connect = lambda c, d, flags, reason, props: self.told.put(("connected", reason.value, flags, props))
        self.client.on_disconnect = lambda c, d, flags, reason, props: self.told.put(("disconnected", self.client.reason))
        self.client.on_subscribe = lambda c, d, mid, reasons, props: self.told.put(("subscribed", [r.value for r in reasons]))
        self.client.on_unsubscribe = lambda c, d, mid, reasons, props: self.told.put(("unsubscribed", [r.value for r in reasons]))
        self.client.on_publish = lambda c, d, mid, reason, props: self.told.put(("published", reason.value))
        self.client.on_message = self.take

    def take(self, client, data, message):
        equal((message.topic, message.qos, message.retain), (CMD, 0, False))
        said = json.loads(message.payload)
        if said["type"] == "audit_head":
            return  # Comes after a sync, and is no order.
        self.orders.append(said)
        self.told.put(("order", self.orders[-1].get("execution")))

    def next(self, kind):
        while True:
            told = self.told.get(timeout=PATIENCE)
            if told[0] == kind:
                return told[1:] if len(told) > 2 else told[1]

    def connect(self, keepalive=30, **values):
        options = {"clean_start": self.clean, "properties": properties(PacketTypes.CONNECT, **values)} if V5 else {}
        self.client.connect("127.0.0.1", PORT, keepalive=keepalive, **options)
        self.client.loop_start()
        self.answer, self.flags, self.offered = self.next("connected")
        return self

    def subscribe(self, *topics, **values):
        subscription = properties(PacketTypes.SUBSCRIBE, **values) if V5 else None
        entries = [(topic, SubscribeOptions(qos=2) if V5 else 2) for topic in topics]
        self.client.subscribe(entries, properties=subscription)
        return self.next("subscribed")

    def unsubscribe(self, *topics):
        self.client.unsubscribe(list(topics))
        return self.next("unsubscribed")

    def publish(self, topic=EVT, payload="{}", qos=1, **values):
        """Published; with QoS 1 the answer says so, and everything that was on its way before has come."""
        self.client.publish(topic, payload, qos=qos, properties=properties(PacketTypes.PUBLISH, **values) if V5 else None)
        return self.next("published")

    def sync(self):
        """Says that it holds nothing, as a device does that has just come: it gets what was sent while it did not listen."""
        said = {"type": "sync", "agent_version": "paho", "protocol": 1, "boot_id": "b", "facts": {}, "policy": {}, "held": []}
        equal(self.publish(payload=json.dumps(said)), 0)

    def leave(self):
        self.client.disconnect()
        self.next("disconnected")
        self.client.loop_stop()

    def offer(self, name):
        return getattr(self.offered, name, None)


def trigger():
    """Starts a run on the device; the id of its execution."""
    started = subprocess.run(json.loads(os.environ["TRIGGER"]), stdout=subprocess.PIPE, check=True)
    return json.loads(started.stdout)["executions"][0]["id"]


def packet(first, *parts):
    body, digits = b"".join(parts), b""
    length = len(body)
    while True:
        length, digit = divmod(length, 128)
        digits += bytes([digit | (0x80 if length else 0)])
        if not length:
            return bytes([first]) + digits + body


def text(words):
    return len(words).to_bytes(2, "big") + words.encode()


def connect_packet(name="MQTT", keepalive=30):
    head = text(name) + bytes([5 if V5 else 4, 0xC2]) + keepalive.to_bytes(2, "big") + (b"\0" if V5 else b"")
    return packet(0x10, head, text(DEVICE), text(DEVICE), text(PASSWORD))


def answers(*packets):
    """Everything that comes until the server closes."""
    answer = b""
    with socket.create_connection(("127.0.0.1", PORT), timeout=PATIENCE) as line:
        line.sendall(b"".join(packets))
        try:
            while piece := line.recv(4096):
                answer += piece
        except ConnectionResetError:
            pass
    return answer


def says_goodbye(answer, reason):
    """Whether the answer ends with a DISCONNECT of that reason."""
    return answer.endswith((bytes([0xE0, 1, reason]), bytes([0xE0, 2, reason, 0])))


def basic():
    Device().connect().leave()
    device = Device().connect()
    equal((device.answer, device.flags.session_present), (0, False))
    equal(device.subscribe(CMD), [0])
    equal(device.publish(qos=0), 0)
    equal(device.publish(qos=1), 0)
    device.leave()
    twice = answers(connect_packet(), connect_packet())
    assert twice[0] == 0x20 and twice[3] == 0, "the first CONNECT is answered"
    equal(says_goodbye(twice, 0x82), V5)
    assert not answers(connect_packet(name="hj")).startswith(b"\x20\x02\x00\x00"), "that is no MQTT"


def will_message():
    device = Device()
    device.client.will_set(EVT, "client not disconnected", qos=1)
    equal(device.connect().answer, 0)
    equal(device.publish(), 0)
    device.client.socket().shutdown(socket.SHUT_RDWR)
    device.next("disconnected")
    if V5:
        for qos, retain, code in [(1, True, 154), (2, False, 155)]:
            device = Device()
            device.client.will_set(EVT, "gone", qos=qos, retain=retain)
            equal(device.connect().answer, code)


def zero_length_clientid():
    for clean in [True, False]:
        if V5:
            equal(Device(client_id="", clean=clean).connect().answer, 133)
        else:
            # Paho's client of 3.1.1 tries again under a name of its own.
            nameless = packet(0x10, text("MQTT"), bytes([4, 2 * clean, 0, 30]), text(""))
            equal(answers(nameless), b"\x20\x02\x00\x02")


def offline_message_queueing():
    execution = trigger()
    device = Device().connect()
    equal(device.subscribe(CMD), [0])
    device.sync()
    while device.next("order") != execution:
        pass
    device.leave()


def overlapping_subscriptions():
    device = Device().connect()
    equal(device.subscribe(CMD, CMD), [0, 0])
    equal(device.subscribe(CMD), [0])
    execution = trigger()
    while device.next("order") != execution:
        pass
    equal(device.publish(), 0)
    equal([order.get("execution") for order in device.orders].count(execution), 1)
    device.leave()


def keepalive():
    # After one and a half of a second, and no earlier than a second.
    answer = answers(connect_packet(keepalive=1))
    assert answer[0] == 0x20 and answer[3] == 0
    equal(says_goodbye(answer, 0x8D), V5)
    pings = answers(connect_packet(keepalive=1), packet(0xC0), packet(0xC0))
    equal(pings.count(b"\xd0\x00"), 2)


def take_over():
    older = Device().connect()
    newer = Device().connect()
    told = older.next("disconnected")
    if V5:
        equal(told, 142)
    equal(newer.publish(), 0)
    newer.leave()


def subscribe_failure():
    for topic in ["test/nosubscribe", "#", CMD.replace(DEVICE, "+"), EVT]:
        device = Device().connect()
        equal(device.subscribe(topic), [REFUSED])
        device.next("disconnected")
    device = Device().connect()
    equal(device.subscribe(CMD, "test/nosubscribe"), [0, REFUSED])
    device.next("disconnected")


def dollar_topics():
    device = Device().connect()
    equal(device.subscribe("$SYS/#"), [REFUSED])
    device.next("disconnected")
    device = Device().connect()
    device.client.publish("$" + EVT, "{}", qos=1)
    if V5:
        equal(device.next("published"), REFUSED)
    device.next("disconnected")


def unsubscribe():
    device = Device().connect()
    equal(device.subscribe(CMD), [0])
    equal(device.unsubscribe(CMD), [0] if V5 else [])
    if V5:
        equal(device.unsubscribe(CMD, "nothing"), [17, 17])
    device.orders.clear()
    execution = trigger()
    equal(device.publish(), 0)
    equal([order for order in device.orders if order.get("execution") == execution], [])
    equal(device.subscribe(CMD), [0])
    device.sync()
    while device.next("order") != execution:
        pass
    device.leave()


def retained_message():
    device = Device().connect()
    if V5:
        equal(device.offer("RetainAvailable"), 0)
    # A client that sends one all the same: paho's, of 5, does not.
    retained = packet(0x33, text(EVT), b"\0\7", b"\0" if V5 else b"", b"{}")
    answer = answers(connect_packet(), retained)
    assert b"\x40\x02\0\7" not in answer, "it is not acknowledged"
    equal(says_goodbye(answer, 0x9A), V5)


def unacceptable_version():
    equal(Device(protocol=mqtt.MQTTv31).connect().answer, 132)


def session_expiry():
    device = Device(clean=False).connect(SessionExpiryInterval=99999)
    equal((device.answer, device.flags.session_present, device.offer("SessionExpiryInterval")), (0, False, 0))
    equal(device.subscribe(CMD), [0])
    device.leave()
    device = Device(clean=False).connect(SessionExpiryInterval=99999)
    equal(device.flags.session_present, False)
    device.leave()


def user_properties_and_payload_format():
    device = Device().connect()
    equal(device.publish(UserProperty=("a", "2"), PayloadFormatIndicator=1, ContentType="My name", MessageExpiryInterval=1), 0)
    equal(device.publish(ResponseTopic="a", CorrelationData=b"334"), 0)
    device.leave()


def subscribe_options():
    device = Device().connect()
    for option in [{"noLocal": True}, {"retainAsPublished": True}, {"retainHandling": 2}]:
        device.client.subscribe(CMD, options=SubscribeOptions(qos=1, **option))
        equal(device.next("subscribed"), [0])
    device.leave()


def subscribe_identifiers():
    device = Device().connect()
    equal(device.offer("SubscriptionIdentifierAvailable"), 0)
    device.client.subscribe(CMD, options=SubscribeOptions(qos=1), properties=properties(PacketTypes.SUBSCRIBE, SubscriptionIdentifier=9))
    equal(device.next("disconnected"), 161)


def topic_alias():
    device = Device().connect(TopicAliasMaximum=9)
    equal(device.offer("TopicAliasMaximum"), None)
    equal(device.subscribe(CMD), [0])
    execution = trigger()
    # The name of the topic is checked with each message.
    while device.next("order") != execution:
        pass
    device.client.publish(EVT, "{}", qos=1, properties=properties(PacketTypes.PUBLISH, TopicAlias=1))
    equal(device.next("disconnected"), 148)


def maximum_packet_size():
    device = Device().connect()
    limit = device.offer("MaximumPacketSize")
    device.client.publish(EVT, "." * limit, qos=1)
    equal(device.next("disconnected"), 149)
    device = Device().connect(MaximumPacketSize=64)
    equal(device.subscribe(CMD), [0])
    execution = trigger()
    equal(device.publish(), 0)
    equal([order for order in device.orders if order.get("execution") == execution], [])
    device.leave()


def server_keep_alive():
    device = Device().connect(keepalive=0)
    equal(device.offer("ServerKeepAlive"), 30)
    device.leave()
    device = Device().connect(keepalive=120)
    equal(device.offer("ServerKeepAlive"), None)
    device.leave()


def flow_control():
    device = Device().connect(ReceiveMaximum=1)
    equal((device.offer("ReceiveMaximum"), device.offer("MaximumQoS")), (32, 1))
    for _ in range(100):
        device.client.publish(EVT, "{}", qos=1)
    for _ in range(100):
        equal(device.next("published"), 0)
    device.leave()


def shared_subscriptions():
    device = Device().connect()
    equal((device.offer("SharedSubscriptionAvailable"), device.offer("WildcardSubscriptionAvailable")), (0, 0))
    equal(device.subscribe("$share/sharename/" + CMD), [135])
    device.next("disconnected")


def authentication():
    # A method that the client brings: it must not be let in as if it had brought none.
    device = Device()
    equal(device.connect(AuthenticationMethod="SCRAM-SHA-1").answer, 140)


BOTH = [
    basic, retained_message, offline_message_queueing, will_message, overlapping_subscriptions, keepalive, zero_length_clientid,
    subscribe_failure, dollar_topics, unsubscribe, take_over,
]
ONLY_3 = [unacceptable_version]
ONLY_5 = [
    session_expiry, user_properties_and_payload_format, subscribe_options, subscribe_identifiers, topic_alias, maximum_packet_size,
    server_keep_alive, flow_control, shared_subscriptions, authentication,
]

for case in BOTH + (ONLY_5 if V5 else ONLY_3):
    print("begins", case.__name__, file=sys.stderr, flush=True)
    case()
    print(case.__name__, flush=True)
