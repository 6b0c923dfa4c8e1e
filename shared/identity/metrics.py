"""What signing in counts. No label is a person's, a program's or a provider's word."""

from prometheus_client import Counter

SIGN_INS = Counter(
    "ponte_sign_ins_total", "Sign-ins by how they ended: ok, or why they were refused", ["outcome"]
)
RENEWALS = Counter(
    "ponte_session_renewals_total",
    "Sessions asked about at the provider: ok, ended, unavailable",
    ["outcome"],
)
LOGOUTS = Counter(
    "ponte_back_channel_logouts_total",
    "Logout tokens of the provider: ok, or why they were refused",
    ["outcome"],
)
PASSED_OVER = Counter(
    "ponte_identity_roles_passed_over_total",
    "Words of a token or a session that name no role of Ponte's",
    ["where"],
)
