"""The settings that every service has in common, from the environment (prefix ``PONTE_``)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StringConstraints, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from shared.identity.role_map import CLAIMS, RoleMap, read_claims, read_mapping
from shared.identity.roles import Role
from shared.messaging.brokers import KafkaSettings
from shared.store.checkpointing import Auditing
from shared.store.checkpoints import Signer

Required = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


class ServiceSettings(KafkaSettings, BaseSettings):
    """A service's own class adds its fields and gives ``http_port`` its default."""

    model_config = SettingsConfigDict(env_prefix="PONTE_", env_ignore_empty=True, extra="ignore", frozen=True)

    mongodb_uri: Required
    mongodb_driver: Literal["motor", "pymongo"] = "motor"

    database_prefix: str = Field(default="ponte_", pattern=r"^[a-z0-9_-]{0,30}$")
    topic_prefix: str = Field(
        default="",
        pattern=r"^[a-z0-9._-]{0,30}$",
        description="Stands before the names of all topics, so that several installations share a broker",
    )

    oidc_issuer: Required
    oidc_audience: Required = "ponte"
    oidc_jwks: Required = Field(description="File path or http(s) address of the issuer's JWKS")

    oidc_role_claims: Annotated[list[str], NoDecode, BeforeValidator(read_claims)] = Field(
        default=list(CLAIMS), description="Claims that name groups and roles, as JSON; a path has dots"
    )
    oidc_roles: Annotated[dict[str, list[Role]], NoDecode, BeforeValidator(read_mapping)] = Field(
        default={}, description="The provider's words and the roles they give, as JSON; none: equal names"
    )

    city: Required = "Milano"
    http_host: Required = "127.0.0.1"
    http_port: int = Field(ge=1, le=65535)
    public_url: str = Field(
        default="https://localhost", pattern=r"^https://\S+$", description="Where callers reach the service"
    )
    contact_name: Required = "Area Relazioni Internazionali"
    contact_url: str = Field(default="https://www.comune.milano.it", pattern=r"^https?://\S+$")
    contact_email: str | None = Field(default=None, pattern=r"^[^@\s]+@[^@\s]+$")

    terms_url: str | None = Field(default=None, pattern=r"^https?://\S+$", description="Terms of service")

    metrics_token_file: Path | None = Field(default=None, description="Without it nobody reads /metrics")
    audit_key_file: Path | None = Field(
        default=None, description="The Ed25519 key that signs checkpoints, PEM; without it none is signed"
    )
    audit_minutes: float = Field(default=60.0, ge=0.01, le=1440, description="Between two checkpoints")
    retention_months_audit: int = Field(
        default=24, ge=0, le=1200, description="Addresses and ids of the audit trail; 0 keeps for ever"
    )
    retention_months_messages: int = Field(
        default=6, ge=0, le=1200, description="Messages set aside, once they are settled; 0 keeps for ever"
    )
    rate_limit: int = Field(default=6000, ge=1, description="Requests a minute of each person")
    max_body_bytes: int = Field(default=1_048_576, ge=1024)
    trusted_proxies: str = Field(default="127.0.0.1", description="Whose X-Forwarded-* headers are believed")
    log_format: Literal["json", "text"] = "json"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    shutdown_seconds: float = Field(default=10.0, gt=0, le=300, description="Limit of each stage of stopping")

    @field_validator("audit_key_file")
    @classmethod
    def _a_key_is_in_it(cls, path: Path | None) -> Path | None:
        if path is not None:
            Signer.read(path)
        return path

    def auditing(self) -> Auditing:
        """How the journal is secured. Raises ``KeyFault`` where the key's file cannot be used."""
        signer = Signer.read(self.audit_key_file) if self.audit_key_file is not None else None
        return Auditing(timedelta(minutes=self.audit_minutes), signer)

    def role_map(self) -> RoleMap:
        """How roles are read from tokens."""
        return RoleMap.of(self.oidc_roles, self.oidc_role_claims)
