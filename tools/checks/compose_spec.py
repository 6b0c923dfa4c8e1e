"""compose.yaml is a valid file of the Compose specification, holds no secret, and knows every service."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = ROOT / "compose.yaml"
SECRET = re.compile(r"(PASSWORD|SECRET|TOKEN|_KEY)$")


def schema_problems() -> list[str]:
    """Return what the specification's own JSON schema finds; the package check-jsonschema carries it."""
    command = [
        str(Path(sys.executable).parent / "check-jsonschema"),
        "--builtin-schema",
        "vendor.compose-spec",
    ]
    done = subprocess.run([*command, str(COMPOSE)], capture_output=True, text=True, check=False)
    return [] if done.returncode == 0 else [done.stdout.strip() + done.stderr.strip()]


def own_problems(compose: dict[str, Any]) -> list[str]:
    """Return what the schema cannot know: secrets in clear, services and files that differ from the clone."""
    found = []
    for name, service in compose["services"].items():
        for variable, value in (service.get("environment") or {}).items():
            if SECRET.search(variable) and not str(value).startswith("${"):
                found.append(f"{name}: {variable} stands in the file; take it from .env or a secret")
        own = service["image"].startswith("ponte:")  # its health check is in the image
        if "healthcheck" not in service and not own and name != "mongo-init":
            found.append(f"{name} has no health check")
    units = {path.parent.name for path in (ROOT / "services").glob("*/__main__.py")}
    found += [
        f"there is no service {name} in compose.yaml" for name in sorted(units - compose["services"].keys())
    ]
    found += [
        f"{entry['file']} does not exist"
        for entry in compose.get("configs", {}).values()
        if not (ROOT / entry["file"]).is_file()
    ]
    scraped = (ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text()
    found += [f"Prometheus does not scrape {name}" for name in sorted(units) if f"- {name}:" not in scraped]
    return found


def main() -> int:
    """Print each finding and return 1 if there is any."""
    problems = schema_problems() or own_problems(yaml.safe_load(COMPOSE.read_text()))
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
