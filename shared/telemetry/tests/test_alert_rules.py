"""The alert rules name only metrics and labels that the code has, and each leads to a chapter that exists."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY

import shared.identity.metrics
import shared.messaging.metrics
import shared.privacy.retention
import shared.store.checkpointing
import shared.store.flood
import shared.telemetry.metrics  # noqa: F401 - each registers what it has

ROOT = Path(__file__).parents[3]
PROMETHEUS = ROOT / "deploy" / "prometheus"
RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((PROMETHEUS / "alerts.yml").read_text())["groups"]
    for rule in group["rules"]
]
NAMES = [rule["alert"] for rule in RULES]
OF_PROMETHEUS = {"up", "process_start_time_seconds"}
"""Prometheus itself and its client library have these."""
OF_SCRAPING = {"job", "instance", "service"}
WORDS = {
    *("by", "for", "unless", "and", "or", "on"),
    *("sum", "max", "min", "increase", "rate", "changes", "time"),
}
DURATION = re.compile(r"\d+[smhd]")


def known() -> dict[str, set[str]]:
    """The labels of each metric, by the name under which it is scraped."""
    found: dict[str, set[str]] = {}
    for collector, names in REGISTRY._collector_to_names.items():
        for name in names:
            found[name] = set(getattr(collector, "_labelnames", ()))
    return found


@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_a_rule_has_the_shape_that_prometheus_wants(rule: dict[str, Any]) -> None:
    assert rule.keys() <= {"alert", "expr", "for", "labels", "annotations"}
    assert re.fullmatch(r"Ponte[A-Za-z]+", rule["alert"])
    assert "for" not in rule or DURATION.fullmatch(rule["for"])
    assert rule["labels"].keys() == {"severity"}
    assert rule["labels"]["severity"] in {"info", "warning", "critical"}
    assert rule["annotations"].keys() == {"summary", "runbook"}
    expression = rule["expr"]
    for opened, closed in ("()", "[]", "{}"):
        assert expression.count(opened) == expression.count(closed)
    assert re.search(r"(==|>|<) [0-9.]+$", expression), "a threshold stands at the end"


@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_every_metric_and_label_of_a_rule_exists(rule: dict[str, Any]) -> None:
    metrics = known()
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]|\bby \([^)]*\)", " ", rule["expr"])
    named = set(re.findall(r"[a-z_]{2,}", bare)) - WORDS
    assert named, "no metric"
    assert named - OF_PROMETHEUS <= metrics.keys()
    labels = set().union(*(metrics.get(name, set()) for name in named)) | OF_SCRAPING
    used = set(re.findall(r"[{,]\s*(\w+)\s*[=!]", rule["expr"]))
    for group in re.findall(r"\bby \(([^)]*)\)", rule["expr"]):
        used |= {name.strip() for name in group.split(",")}
    used |= set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]))
    assert used <= labels


@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_a_rule_leads_to_a_chapter_that_exists(rule: dict[str, Any]) -> None:
    file, _, anchor = rule["annotations"]["runbook"].partition("#")
    headings = re.findall(r"^#+ (.+)$", (ROOT / file).read_text(), re.MULTILINE)
    anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert anchor in anchors


def test_prometheus_loads_the_rules() -> None:
    assert yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())["rule_files"] == ["alerts.yml"]
    assert len(set(NAMES)) == len(NAMES)


def test_what_must_not_go_unnoticed_has_a_rule() -> None:
    told = " ".join(rule["expr"] for rule in RULES)
    for metric in (
        "ponte_outbox_documents",
        "ponte_outbox_oldest_seconds",
        "ponte_reader_lag_events",
        "ponte_reader_held_total",
        "ponte_dead_letters_open",
        "ponte_reader_gaps",
        "ponte_heads_alerts_total",
        "ponte_reader_replaced_total",
        "ponte_producer_replaced_total",
        "ponte_audit_checkpoint_age_seconds",
        "ponte_audit_suppressed_total",
    ):
        assert metric in told
