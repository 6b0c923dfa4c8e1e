"""Agreements by country: every date with its source, every status with who said it and when."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from services.dashboard.domain.terms import disagree, term_end, term_is_over
from services.dashboard.views.frame import Frame, anchor
from shared.contracts.agreements import Agreement, AgreementKind, AgreementStatus, StatusClaim
from shared.contracts.base import SourcedDate, SourceKind

_TONES = {
    AgreementStatus.DRAFTED: "",
    AgreementStatus.SIGNING_SCHEDULED: "blue",
    AgreementStatus.SIGNED: "ok",
    AgreementStatus.IN_FORCE: "ok",
    AgreementStatus.SUSPENDED: "warn",
    AgreementStatus.ENDED: "",
}


@dataclass(frozen=True, slots=True)
class DateLine:
    """One source's date."""

    date: str
    source: str
    secondary: bool


@dataclass(frozen=True, slots=True)
class AgreementRow:
    """One agreement as the table shows it."""

    subject: str
    anchor: str
    name: str
    kind: str
    kind_notes: list[str]
    dates: list[DateLine]
    disagree: bool
    extra: list[str]
    status: str
    tone: str
    confirmed: bool
    as_of: str
    source: str
    secondary: bool
    same_source: bool
    others: list[str]
    note: str
    sample: bool


@dataclass(frozen=True, slots=True)
class CountryGroup:
    """The agreements with counterparts in one country."""

    code: str
    name: str
    rows: list[AgreementRow]


@dataclass(frozen=True, slots=True)
class AgreementsPanel:
    """The table and the sentence above it."""

    groups: list[CountryGroup]
    count: int
    summary: list[str]
    sample: bool


def agreements_panel(picture_agreements: tuple[Agreement, ...], frame: Frame) -> AgreementsPanel:
    """Every agreement, by country name, twinnings before the others within a country."""
    groups: dict[str, list[Agreement]] = {}
    for agreement in picture_agreements:
        place = agreement.counterpart.place
        groups.setdefault(place.country if place else "", []).append(agreement)
    order = {kind: place for place, kind in enumerate(AgreementKind)}
    built = [
        CountryGroup(
            code=code,
            name=frame.f.country(code) if code else frame.t("agreements.no-country"),
            rows=[
                _row(agreement, frame)
                for agreement in sorted(
                    found, key=lambda a: (order[a.kind], counterpart(a, frame).casefold(), a.agreement_id)
                )
            ],
        )
        for code, found in groups.items()
    ]
    built.sort(key=lambda group: (not group.code, group.name.casefold()))
    return AgreementsPanel(
        groups=built,
        count=len(picture_agreements),
        summary=_summary(picture_agreements, frame),
        sample=any(agreement.sample for agreement in picture_agreements),
    )


def counterpart(agreement: Agreement, frame: Frame) -> str:
    """The other party's name in the page's language."""
    return frame.pick(agreement.counterpart.name, agreement.counterpart.name_it)


def status_text(agreement: Agreement, frame: Frame) -> tuple[str, str]:
    """The status in words and the class that repeats it in colour."""
    if term_is_over(agreement, frame.clock.today):
        return frame.t("agreements.term-over"), "warn"
    status = agreement.status.status
    # What nobody has confirmed is not coloured as if it were certain.
    tone = _TONES[status] if agreement.status.confirmed or _TONES[status] != "ok" else ""
    return frame.t(f"agreement-status.{status}"), tone


def _row(agreement: Agreement, frame: Frame) -> AgreementRow:
    f, t = frame.f, frame.t
    status, tone = status_text(agreement, frame)
    return AgreementRow(
        subject=agreement.agreement_id,
        anchor=anchor(agreement.agreement_id),
        name=counterpart(agreement, frame),
        kind=t(f"agreement-kind.{agreement.kind}"),
        kind_notes=[
            t("agreements.kind-claim", said=claim.said, source=claim.source.title)
            for claim in agreement.kind_claims
        ],
        dates=[_date(dated, frame) for dated in agreement.signed],
        disagree=disagree(agreement.signed),
        extra=_extra(agreement, frame),
        status=status,
        tone=tone,
        confirmed=agreement.status.confirmed,
        as_of=f.partial_short(agreement.status.as_of),
        source=agreement.status.source.title,
        secondary=agreement.status.source.kind is SourceKind.SECONDARY,
        same_source=[dated.source.title for dated in agreement.signed] == [agreement.status.source.title],
        others=[_other(claim, frame) for claim in agreement.other_statuses],
        note=agreement.note or "",
        sample=agreement.sample,
    )


def _date(dated: SourcedDate, frame: Frame) -> DateLine:
    return DateLine(
        date=frame.f.partial(dated.date),
        source=dated.source.title,
        secondary=dated.source.kind is SourceKind.SECONDARY,
    )


def _extra(agreement: Agreement, frame: Frame) -> list[str]:
    """What else is dated: approval, renewals, term, the signing to come."""
    f, t = frame.f, frame.t
    lines: list[str] = []
    if agreement.approved:
        lines.append(
            t("agreements.approved", dates=f.listing([f.partial(d.date) for d in agreement.approved]))
        )
    if agreement.renewed:
        lines.append(t("agreements.renewed", dates=f.listing([f.partial(d.date) for d in agreement.renewed])))
    end = term_end(agreement)
    if agreement.term_months and end:
        lines.append(t("agreements.term", months=_months(agreement.term_months, frame)))
    if agreement.signing and agreement.status.status is AgreementStatus.SIGNING_SCHEDULED:
        day = f.day_short(frame.clock.day(agreement.signing.on))
        where = agreement.signing.place
        lines.append(
            t("agreements.signing-at", day=day, place=frame.place(where))
            if where
            else t("agreements.signing", day=day)
        )
    return lines


def _months(months: int, frame: Frame) -> str:
    if months % 12 == 0:
        return frame.t("years", n=months // 12)
    return frame.t("months", n=months)


def _other(claim: StatusClaim, frame: Frame) -> str:
    return frame.t(
        "agreements.other-status",
        status=frame.t(f"agreement-status.{claim.status}"),
        source=claim.source.title,
        as_of=frame.f.partial_short(claim.as_of),
    )


def _summary(agreements: tuple[Agreement, ...], frame: Frame) -> list[str]:
    """``15 gemellaggi: 14 né sospesi né cessati, 1 sospeso``, then the other kinds."""
    t, lines = frame.t, []
    for kind in AgreementKind:
        found = [agreement for agreement in agreements if agreement.kind is kind]
        if not found:
            continue
        parts: Counter[str] = Counter()
        for agreement in found:
            status = agreement.status.status
            if term_is_over(agreement, frame.clock.today):
                parts["term-over"] += 1
            elif status in (AgreementStatus.SUSPENDED, AgreementStatus.ENDED):
                parts[status] += 1
            else:
                parts["standing"] += 1
        told = ", ".join(
            t(f"agreements.count.{name}", n=parts[name])
            for name in ("standing", "suspended", "ended", "term-over")
            if parts[name]
        )
        lines.append(f"{t(f'agreements.kinds.{kind}', n=len(found))}: {told}")
    return lines
