"""`--mqtt`: each change as the retained state of a topic, with a last will that says when nobody tells of changes."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import uuid4

from cnnkit.errors import UsageError
from cnnkit.live.actions.delivery import NotNowError, Parcel
from cnnkit.system import TypedAddress, log, require, tls_context, usable_address

_PORTS = {"mqtt": 1883, "mqtts": 8883}
_KEEP_ALIVE_S = 30
_LONGEST_WAIT_S = 30  # between two tries to connect
_LOOK_S = 0.05
_GOODBYE_S = 1.0


def topic_of(address: TypedAddress) -> str:
    """Returns the topic that an address names.

    Raises:
        UsageError: It names none, or is no address of a broker.
    """
    try:
        parts = urlsplit(usable_address(address.reveal()))
    except ValueError as error:
        raise UsageError(f"--mqtt {address} is no address: {error}") from None
    topic = unquote(parts.path).strip("/")
    if parts.scheme not in _PORTS:
        raise UsageError(f"--mqtt {address}: expected an address such as mqtts://host/topic")
    if not topic or set(topic) & set("#+\0") or topic.startswith("$"):
        raise UsageError(
            f"--mqtt {address} names no topic: expected one such as mqtts://host/home/door, without # and +"
        )
    return topic


class Broker:
    """A connection that comes back by itself, and says then again what it said last.

    Args:
        address: mqtt or mqtts; a user and password in it are sent.
        announced: Topic -> what is retained there, besides; said at each connection.
        insecure: Take any certificate.

    Raises:
        MissingExtraError: paho-mqtt is not installed.
    """

    def __init__(self, address: TypedAddress, announced: Mapping[str, str], *, insecure: bool) -> None:
        require("cnnkit webcam --mqtt", "mqtt", "paho")
        from paho.mqtt.client import Client
        from paho.mqtt.enums import CallbackAPIVersion

        parts = urlsplit(usable_address(address.reveal()))
        self._name, self._topic, self._announced = str(address), topic_of(address), announced
        self._connected, self._ending, self._closing = threading.Event(), threading.Event(), threading.Event()
        self._connections = 0
        self._said_away = False  # that the broker is not there, until it is back
        self._last: dict[str, dict[str, Any]] = {}  # by topic
        self._context: ssl.SSLContext | None = None
        self._client = client = Client(CallbackAPIVersion.VERSION2, f"cnnkit-{uuid4().hex[:12]}")
        if parts.username is not None:
            client.username_pw_set(unquote(parts.username), unquote(parts.password or ""))
        if parts.scheme == "mqtts":
            self._context = tls_context(insecure=insecure)
            client.tls_set_context(self._context)
        elif parts.password:
            log.warning("%s: the password travels unencrypted: take mqtts where the broker has it", self._name)
        client.will_set(availability_of(self._topic), "offline", qos=1, retain=True)
        client.reconnect_delay_set(1, _LONGEST_WAIT_S)
        client.on_connect, client.on_disconnect, client.on_connect_fail = self._begin, self._end, self._fail
        client.connect_async(parts.hostname or "", parts.port or _PORTS[parts.scheme], _KEEP_ALIVE_S)
        client.loop_start()

    def deliver(self, parcel: Parcel) -> None:
        """Publishes a change, and waits until the broker has taken it, however often it goes away meanwhile.

        Raises:
            NotNowError: The broker is not there.
        """
        while not self._connected.wait(_LOOK_S):
            if self._closing.is_set() or (self._ending.is_set() and self._said_away):
                raise NotNowError("the broker is not there", may_have_arrived=False)
        connections = self._connections
        fields = parcel.fields()
        topic = topic_for(self._topic, fields.get("camera"))
        sent = self._client.publish(topic, json.dumps(fields, allow_nan=False), qos=1, retain=True)
        try:
            while not sent.is_published():
                if self._ending.is_set() and not self._connected.is_set():
                    raise NotNowError("the broker did not confirm it", may_have_arrived=True)
                time.sleep(_LOOK_S)
        except (RuntimeError, ValueError):  # it was refused by the client: the connection broke in this moment
            raise NotNowError("the broker is not there", may_have_arrived=True) from None
        self._last[topic] = fields
        parcel.repeated |= self._connections != connections  # the client sends it once more by itself

    def hurry(self) -> None:
        """Has nothing wait for a broker that is not there, since the process ends."""
        self._ending.set()

    def close(self) -> None:
        """Says goodbye."""
        self._closing.set()
        if self._connected.is_set():
            goodbye = self._client.publish(availability_of(self._topic), "offline", qos=1, retain=True)
            end_s = time.monotonic() + _GOODBYE_S
            while not goodbye.rc and not goodbye.is_published() and time.monotonic() < end_s:
                time.sleep(_LOOK_S)
        self._client.disconnect()
        self._client.loop_stop()

    def _begin(self, client: Any, _: Any, __: Any, reason: Any, ___: Any) -> None:
        if reason.is_failure:
            self._said_away = True
            log.error("%s: the broker refuses the connection (%s)", self._name, str(reason).lower())
            return
        for topic, text in {availability_of(self._topic): "online", **self._announced}.items():
            client.publish(topic, text, qos=1, retain=True)
        for topic, fields in list(self._last.items()):  # a broker that keeps nothing has forgotten it
            client.publish(topic, json.dumps({**fields, "repeated": True}), qos=1, retain=True)
        if self._said_away:
            log.info("%s is back", self._name)
        self._said_away = False
        self._connections += 1
        self._connected.set()

    def _end(self, *_: Any) -> None:
        was_there = self._connected.is_set()
        self._connected.clear()
        if was_there and not self._closing.is_set():
            self._say_away("has gone: changes wait until it is back")

    def _fail(self, *_: Any) -> None:
        reason = "" if self._context is None else _distrusted(self._client.host, self._client.port, self._context)
        if reason or not self._said_away:
            self._say_away(f"cannot be reached{reason}: changes wait until it can")

    def _say_away(self, how: str) -> None:
        self._said_away = True
        log.warning("%s %s", self._name, how)


def topic_for(topic: str, camera: int | None) -> str:
    """Returns the topic of one of several cameras; of a single one it is the one named."""
    return topic if camera is None else f"{topic}/{camera}"


def availability_of(topic: str) -> str:
    """Returns the topic that says "online" or "offline"."""
    return f"{topic}/availability"


def _distrusted(host: str, port: int, context: ssl.SSLContext) -> str:
    """Returns what is wrong with a server's certificate, which the client does not tell; empty for nothing."""
    try:
        with socket.create_connection((host, port), _GOODBYE_S) as plain:
            context.wrap_socket(plain, server_hostname=host).close()
    except ssl.SSLCertVerificationError as error:
        return (
            f", its certificate is not trusted ({error.verify_message.rstrip('.')}; --insecure takes it all the same)"
        )
    except OSError:
        return ""
    return ""
