"""`--mqtt-discovery`: what Home Assistant is told so that it shows a label, its probability and the signal by itself.

Source: https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from typing import Any

from cnnkit.live.actions.broker import availability_of, topic_for

_PREFIX = "homeassistant"
_NO_LABEL = "none"


def discoveries(topic: str, sources: Sequence[str]) -> dict[str, str]:
    """Returns topic -> what is retained there, of all cameras; of several each has a topic below the one named."""
    if len(sources) == 1:
        return discovery(topic, sources[0], topic)
    pages = (discovery(topic_for(topic, number), source, topic) for number, source in enumerate(sources, 1))
    return {name: text for page in pages for name, text in page.items()}


def discovery(topic: str, source: str, main: str) -> dict[str, str]:
    """Returns topic -> what is retained there.

    Args:
        topic: Where the state is.
        source: What the source is called.
        main: The topic by which it is known whether anybody tells of changes.
    """
    name = re.sub("[^a-zA-Z0-9_-]+", "_", topic)
    identity = f"cnnkit_{name}_{hashlib.sha256(topic.encode()).hexdigest()[:8]}"
    entities: dict[str, dict[str, Any]] = {
        "sensor/label": {
            "name": "Label",
            "icon": "mdi:tag",
            "value_template": f"{{{{ value_json.label or '{_NO_LABEL}' }}}}",
            "json_attributes_topic": topic,
        },
        "sensor/confidence": {
            "name": "Confidence",
            "icon": "mdi:percent",
            "unit_of_measurement": "%",
            "value_template": "{{ ((value_json.confidence or 0) * 100) | round(1) }}",
        },
        "binary_sensor/signal": {
            "name": "Signal",
            "device_class": "problem",
            "entity_category": "diagnostic",
            "value_template": "{{ 'ON' if value_json.error else 'OFF' }}",
        },
    }
    return {
        f"{_PREFIX}/{kind}/{identity}/{key}/config": json.dumps(
            {
                **fields,
                "unique_id": f"{identity}_{key}",
                "state_topic": topic,
                "availability_topic": availability_of(main),
                "device": {"identifiers": [identity], "name": f"cnnkit {source}", "manufacturer": "cnnkit"},
            }
        )
        for (kind, key), fields in ((each.split("/"), fields) for each, fields in entities.items())
    }
